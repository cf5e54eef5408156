"""One method for each of AliExpress's APIs we use: parameters in, the answer's struct out, refusals raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from syncbridge.adapters.aliexpress import wire, wire_access, wire_logistics
from syncbridge.adapters.aliexpress.refusals import VENDOR, fault_in, refusal, unreadable
from syncbridge.adapters.aliexpress.settings import AliExpressSettings
from syncbridge.adapters.aliexpress.shop_type import SHOP_TYPE, ShopType
from syncbridge.adapters.aliexpress.signing import AliExpressSigner
from syncbridge.adapters.http import Answer, Call, VendorHttp, redact
from syncbridge.errors import NotFound, OutcomeUnknown, Rejected, VendorDown
from syncbridge.ports import Tokens, Wiring

T = TypeVar("T")
PAGE = 50
"""The largest page of orders the vendor allows (aliexpress.md §3); used for products too."""
_POST = "aliexpress.offer.product.post"
_EDIT = "aliexpress.offer.product.edit"
_QUERY = "aliexpress.offer.product.query"
_POSTPRODUCT = "aliexpress.postproduct.redefining."
_LOGISTICS = "aliexpress.logistics.redefining."
REFUSED = "refused"
"""The code of what an API refused without one."""
Parcel = tuple[str, str]
"""A carrier's key and a number."""


class AliExpressClient:
    """One store's calls. All raise `syncbridge.errors`; ids are digits as text."""

    def __init__(self, settings: AliExpressSettings, wiring: Wiring) -> None:
        self._url = f"{settings.base_url.rstrip('/')}/sync"
        self._clock = wiring.clock
        self._http = VendorHttp(VENDOR, wiring, AliExpressSigner(settings, wiring))
        self._shop = ShopType(self.relations, pop_choice=settings.pop_choice)

    async def renew(self) -> Tokens:
        """Both tokens new before the access token ends (aliexpress.md §2)."""
        return await self._http.renew()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def relations(self) -> wire_access.Relations:
        """Which channels the seller sells on, by which kinds of business (aliexpress.md §0)."""
        return await self._answered(self._call(SHOP_TYPE, {}, group="orders"), wire_access.Relations)

    async def orders(self, query: Mapping[str, str | int]) -> wire.OrderList:
        """A page of orders; without a status the unfinished ones only (aliexpress.md §5.1)."""
        params = {"param_aeop_order_query": _json({**query, "page_size": PAGE})}
        call = self._call("aliexpress.trade.seller.orderlist.get", params, group="orders")
        page = await self._send(call, wire.OrderList, "result")
        _check(call, page.success, page.error_code, page.error_message)
        return page

    async def order(self, order_id: str) -> wire.OrderDetail:
        """An order with issue, loan, logistics, buyer and refund (§5.2); raises NotFound."""
        params = {"param1": _json({"order_id": _number(order_id), "ext_info_bit_flag": 31})}
        call = self._call("aliexpress.trade.new.redefining.findorderbyid", params, group="orders")
        return await self._send(call, wire.OrderDetail, "target", missing=f"there is no order {order_id}")

    async def deciphered(self, order_id: str, oaid: str) -> wire.Deciphered:
        """The buyer of an order whose detail shows stars (§5.2)."""
        params = {"orderId": order_id, "oaid": oaid}
        return await self._send(
            self._call("aliexpress.trade.seller.order.decrypt", params, group="orders"), wire.Deciphered
        )

    async def product(self, product_id: str) -> wire.Product:
        """A product with its SKUs (§4.2); raises NotFound."""
        call = self._call(_QUERY, {"product_id": product_id})
        return await self._send(call, wire.Product, "result", missing=f"there is no listing {product_id}")

    async def whole_product(self, product_id: str) -> dict[str, object]:
        """The same with every field the vendor tells of, in its own shapes; raises NotFound."""
        call = self._call(_QUERY, {"product_id": product_id})
        return await self._send(call, dict[str, object], "result", missing=f"there is no listing {product_id}")

    async def products(self, query: Mapping[str, str | int]) -> wire.ProductList:
        """A page of products of one status (§4.2)."""
        params = {"aeop_a_e_product_list_query": _json({**query, "page_size": PAGE})}
        call = self._call(_POSTPRODUCT + "findproductinfolistquery", params)
        page = await self._send(call, wire.ProductList, "result")
        _check(call, page.success, page.error_code, page.error_message or page.error_msg)
        return page

    async def post(self, product: Mapping[str, object]) -> str:
        """Make a product and answer its id (§4.2)."""
        return await self._written(self._call(_POST, {"aeop_a_e_product": _json(product)}, write=True))

    async def edit(self, product_id: str, product: Mapping[str, object]) -> None:
        """Replace a product; what is left out is lost (§4.2)."""
        whole = _json({**product, "product_id": _number(product_id)})
        await self._written(self._call(_EDIT, {"aeop_a_e_product": whole}, write=True))

    async def set_prices(self, product_id: str, prices: Mapping[str, str]) -> None:
        """Replace prices by SKU id, as decimal text in the store's currency (§4.2)."""
        params = {"product_id": product_id, "sku_id_price_map": _json(prices)}
        await self._modify(self._call("aliexpress.offer.product.skuprices.edit", params, write=True))

    async def set_price(self, product_id: str, sku_id: str, price: str, discount: str) -> None:
        """Replace the price and the discount of one SKU (§4.2)."""
        params = {"product_id": product_id, "sku_id": sku_id, "sku_price": price, "sale_price": discount}
        await self._modify(self._call(_POSTPRODUCT + "editsingleskuprice", params, write=True))

    async def set_stock(self, product_id: str, stock: Mapping[str, int]) -> None:
        """Replace stock by SKU id (§4.2)."""
        params = {"product_id": product_id, "sku_stocks": _json(stock)}
        await self._modify(self._call(_POSTPRODUCT + "editmutilpleskustocks", params, write=True))

    async def put_on_sale(self, product_ids: Sequence[str]) -> wire.Modified:
        """Put products on sale; the answer names those refused (§4.2)."""
        return await self._switch("onlineaeproduct", product_ids)

    async def take_off_sale(self, product_ids: Sequence[str]) -> wire.Modified:
        """Take products off sale; the answer names those refused (§4.2)."""
        return await self._switch("offlineaeproduct", product_ids)

    async def services(self) -> Sequence[wire_logistics.Service]:
        """Carriers with the patterns of their numbers (§6.1)."""
        call = self._call(_LOGISTICS + "listlogisticsservice", {}, group="orders")
        answer = await self._send(call, wire_logistics.Services)
        _check(call, answer.result_success, None, answer.error_desc)
        return answer.result_list

    async def declare(self, order_id: str, parcel: Parcel, send_type: str, extras: Mapping[str, str]) -> None:
        """Declare a parcel; `send_type` is ``part`` or ``all`` (§6.1)."""
        params = {
            "out_ref": order_id,
            "service_name": parcel[0],
            "logistics_no": parcel[1],
            "send_type": send_type,
            **extras,
        }
        call = self._call("aliexpress.logistics.sellershipmentfortop", params, write=True, group="orders")
        answer = await self._send(call, wire_logistics.Declaration)
        _check(call, answer.result_success, answer.result_error_code, answer.result_error_desc)

    async def declared(self, order_id: str) -> wire_logistics.Declarations:
        """What was declared for an order (§6.1)."""
        params = {"trade_order_id": order_id}
        call = self._call("aliexpress.logistics.querysellershipmentinfo", params, group="orders")
        answer = await self._send(call, wire_logistics.Declarations)
        _check(call, answer.result_success, answer.result_error_code, answer.error_msg)
        return answer

    async def redeclare(
        self, order_id: str, old: Parcel, new: Parcel, send_type: str, extras: Mapping[str, str]
    ) -> None:
        """Replace a declared parcel (§6.1)."""
        params = {
            "out_ref": order_id,
            "old_service_name": old[0],
            "old_logistics_no": old[1],
            "new_service_name": new[0],
            "new_logistics_no": new[1],
            "send_type": send_type,
            **extras,
        }
        call = self._call("aliexpress.logistics.sellermodifiedshipmentfortop", params, write=True, group="orders")
        answer = await self._send(call, wire_logistics.Declaration)
        _check(call, answer.result_success, answer.result_error_code, answer.result_error_desc)

    async def online_services(self, parcel: Mapping[str, str]) -> Sequence[wire_logistics.OnlineService]:
        """Lines of the platform's own shipping that would take a parcel of an order (§6.2)."""
        call = self._call(_LOGISTICS + "getonlinelogisticsservicelistbyorderid", parcel, group="orders")
        return await self._online_services(call, "")

    async def queried_services(self, parcel: Mapping[str, object]) -> Sequence[wire_logistics.OnlineService]:
        """The same by the newer call (§6.2)."""
        params = {"interface_request": _json(parcel)}
        return await self._online_services(
            self._call("aliexpress.logistics.service.query", params, group="orders"), "result_response"
        )

    async def addresses(self) -> wire_logistics.SellerAddresses:
        """The seller's addresses to send from, to be fetched at, and to return to (§6.2)."""
        params = {"seller_address_query": _json(["sender", "pickup", "refund"])}
        call = self._call(_LOGISTICS + "getlogisticsselleraddresses", params, group="orders")
        answer = await self._send(call, wire_logistics.SellerAddresses)
        _check(call, answer.result_success, answer.result_error_code, answer.error_desc)
        return answer

    async def create_warehouse_order(self, parcel: Mapping[str, str]) -> wire_logistics.WarehouseOrder:
        """Book a parcel; the vendor promises no protection against doubles (§6.2)."""
        call = self._call("aliexpress.logistics.createwarehouseorder", parcel, write=True, group="orders")
        made = await self._send(call, wire_logistics.WarehouseOrder, "result")
        refused = made.success is False
        done = bool(made.warehouse_order_id) or None  # without an id nobody knows what became of it
        _check(call, False if refused else done, made.error_code if refused else None, made.error_desc)
        return made

    async def logistics_orders(self, query: Mapping[str, str]) -> wire_logistics.LogisticsOrders:
        """A page of booked parcels (§6.2)."""
        call = self._call(_LOGISTICS + "getonlinelogisticsinfo", {**query, "page_size": str(PAGE)}, group="orders")
        page = await self._send(call, wire_logistics.LogisticsOrders)
        _check(call, page.is_success, None, page.error_desc)
        return page

    async def print_info(self, number: str) -> str:
        """A parcel's label as base64; empty while there is none (§6.2)."""
        call = self._call(_LOGISTICS + "getprintinfo", {"international_logistics_id": number}, group="orders")
        printed = await self._send(call, wire_logistics.Printed)
        try:
            said = msgspec.json.decode(printed.result or "{}", type=wire_logistics.PrintInfo)
        except msgspec.DecodeError as error:
            what = f"AliExpress's label of {number} cannot be read: {error}"
            raise VendorDown(what, vendor=VENDOR, code="unreadable") from error
        return said.body or ""

    async def tracking(self, query: Mapping[str, str]) -> Sequence[wire_logistics.Event]:
        """What a carrier told of a parcel (§6.1)."""
        call = self._call(_LOGISTICS + "querytrackingresult", query, group="orders")
        answer = await self._send(call, wire_logistics.Tracking)
        _check(call, answer.result_success, None, answer.error_desc)
        return answer.details

    async def _online_services(self, call: Call, under: str) -> Sequence[wire_logistics.OnlineService]:
        answer = await self._send(call, wire_logistics.OnlineServices, under)
        _check(call, answer.is_success, None, answer.error_desc)
        return answer.result_list

    def _call(self, api: str, params: Mapping[str, str], *, write: bool = False, group: str = "catalogue") -> Call:
        return Call(api, f"{self._url}?method={api}", params, write, group)

    async def _modify(self, call: Call) -> None:
        answer = await self._send(call, wire.Modified, "result")
        _check(call, answer.success, answer.error_code, answer.error_message)

    async def _switch(self, name: str, product_ids: Sequence[str]) -> wire.Modified:
        call = self._call(_POSTPRODUCT + name, {"product_ids": ";".join(product_ids)}, write=True)
        answer = await self._send(call, wire.Modified, "result")
        if not answer.error_details:
            _check(call, answer.success, answer.error_code, answer.error_message)
        return answer

    async def _written(self, call: Call) -> str:
        answer = await self._send(call, wire.Modified, "result")
        done = bool(answer.product_id) or None  # without an id nobody knows what became of it
        _check(call, False if answer.success is False else done, answer.error_code, answer.error_message)
        return wire.as_text(answer.product_id)

    async def _send(self, call: Call, shape: type[T], under: str = "", *, missing: str = "") -> T:
        """The answer as `shape`, found under a key; raises NotFound with `missing` where that key is empty.

        Raises NotGranted where the shop is of a kind that is not served.
        """
        await self._shop.check()
        return await self._answered(call, shape, under, missing=missing)

    async def _answered(self, call: Call, shape: type[T], under: str = "", *, missing: str = "") -> T:
        def judge(answer: Answer) -> T:
            payload = self._payload(call, answer)
            found = payload.get(under) if under else payload
            if missing and not found:
                raise NotFound(f"{missing} in this store", vendor=VENDOR, code="not_found")
            try:
                return msgspec.convert(found, shape, strict=False)
            except msgspec.ValidationError as error:
                raise unreadable(answer, api=call.api, write=call.write, why=error) from error

        return await self._http.call(call, judge)

    def _payload(self, call: Call, answer: Answer) -> dict[str, object]:
        fault = fault_in(answer)
        if fault is not None:
            raise refusal(fault, api=call.api, write=call.write, now=self._clock.now())
        try:
            root = wire.decoded(answer.body)
        except ValueError as error:
            raise unreadable(answer, api=call.api, write=call.write, why=error) from error
        if isinstance(root, dict):
            root = root.get(call.api.replace(".", "_") + "_response", root)
        payload = wire.bare(root)
        if answer.status != 200 or not isinstance(payload, dict):
            raise unreadable(answer, api=call.api, write=call.write, why=ValueError("not the answer of an API"))
        return payload


def _check(call: Call, done: bool | None, code: wire.Text, reason: wire.Text) -> None:
    """Judge by the API's flag alone: a success may carry an error code too (§3, §5.1)."""
    if done:
        return
    said = redact(wire.as_text(reason)) or "no reason given"
    if done is None and not code:
        raise OutcomeUnknown(f"AliExpress did not say whether it did {call.api}", vendor=VENDOR, code="no_flag")
    told = {"error_code": wire.as_text(code), "error_message": said}
    what = f"AliExpress did not do {call.api}: {said}"
    raise Rejected(what, vendor=VENDOR, code=wire.as_text(code) or REFUSED, body=_json(told))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _number(digits: str) -> int:
    """An id as the number literal the vendor wants inside JSON (aliexpress.md §10, 4)."""
    if not digits.isdecimal():
        raise NotFound(f"{digits!r} is not an id of AliExpress, which has digits only", vendor=VENDOR, code="not_found")
    return int(digits)
