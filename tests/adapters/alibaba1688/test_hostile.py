"""Each documented sample, and the same with numbers as text, nulls, unknown words and members, and bare lists."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncbridge.adapters import alibaba1688
from syncbridge.adapters.alibaba1688 import answers, client, reading, refunds, wire
from syncbridge.adapters.http import Answer
from syncbridge.errors import OutcomeUnknown, VendorError
from syncbridge.model.purchasing import RefundState, VendorOrderState
from syncbridge.testing.builders import cny, make_draft

SAMPLES = Path(alibaba1688.__file__).with_name("samples")


def _result(api: answers.Api, answer: Answer, shape: Any) -> Any:
    return answers.decoded(api, answer, answers.opened(api, answer), shape)


def _refunds(answer: Answer) -> object:
    return refunds.refunds(client.asked_back(answer))


def _refund(answer: Answer) -> object:
    detail = _result(client.REFUND, answer, refunds.RefundDetail)
    return refunds.refunds([detail.op_order_refund_model_detail])


def _orders(answer: Answer) -> object:
    raws = _result(client.ORDER_LIST, answer, list[msgspec.Raw])
    return [reading.order(msgspec.json.decode(raw, type=wire.TradeInfo, strict=False)) for raw in raws]


def _found(api: answers.Api) -> Callable[[Answer], object]:
    def ids(answer: Answer) -> object:
        page = client.found(api, answer)
        found = [msgspec.json.decode(raw, type=wire.FoundOffer, strict=False) for raw in page.data or ()]
        return [str(each.offer_id) for each in found], page.total_page

    return ids


def _made(answer: Answer) -> object:
    return reading.placement(client.created(answer), make_draft())


READERS: dict[str, Callable[[Answer], object]] = {
    "product_detail": lambda answer: reading.offer(_result(client.DETAIL, answer, wire.ProductDetail)),
    "product_detail_real": lambda answer: reading.offer(_result(client.DETAIL, answer, wire.ProductDetail)),
    "keyword_query": _found(client.KEYWORD),
    "seller_offers": _found(client.SHOP),
    "preview": lambda answer: reading.quote(client.previewed(answer)),
    "create_nested": _made,
    "create_flat": _made,
    "create_several": _made,
    "order_view": lambda answer: reading.order(_result(client.ORDER_VIEW, answer, wire.TradeInfo)),
    "order_list": _orders,
    "logistics": lambda answer: reading.shipments(client.parcels(answer)),
    "refund": _refund,
    "refund_list": _refunds,
    "refund_created": lambda answer: _result(client.CREATE_REFUND, answer, refunds.CreatedRefund).refund_id,
    "cancel": lambda answer: _result(client.CANCEL, answer, bool),
}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def read(name: str, value: object) -> object:
    return READERS[name](Answer(200, json.dumps(value).encode()))


def with_numbers_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_numbers_as_text(member) for key, member in value.items()}
    if isinstance(value, list):
        return [with_numbers_as_text(member) for member in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def with_unknown_members(value: Any) -> Any:
    if isinstance(value, dict):
        known = {key: with_unknown_members(member) for key, member in value.items()}
        return {"zzz": {"new": [1]}, **known, "newSince2027": None}
    return [with_unknown_members(member) for member in value] if isinstance(value, list) else value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


def put(value: Any, path: tuple[Any, ...], new: object) -> Any:
    changed = copy.deepcopy(value)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return changed


def test_every_sample_of_an_answer_has_a_reader() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} - {"push_order", "push_inventory"} == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_numbers_as_text_read_the_same(name: str) -> None:
    assert read(name, with_numbers_as_text(sample(name))) == read(name, sample(name))


@pytest.mark.parametrize("name", READERS)
def test_members_nobody_knows_change_nothing(name: str) -> None:
    assert read(name, with_unknown_members(sample(name))) == read(name, sample(name))


@pytest.mark.parametrize("spoilt", [None, "", "面议", [], {}, -1, 10**30, True])
@pytest.mark.parametrize("name", READERS)
def test_row_11_a_member_that_is_null_or_of_another_kind_is_read_or_refused_and_breaks_nothing(
    name: str, spoilt: object
) -> None:
    whole = sample(name)
    for path in places(whole):
        try:
            read(name, put(whole, path, spoilt))
        except (VendorError, msgspec.DecodeError):
            continue


@pytest.mark.parametrize("name", ["preview", "logistics"])
def test_one_where_several_are_meant_may_come_bare(name: str) -> None:
    whole = sample(name)
    (key,) = [key for key, member in whole.items() if isinstance(member, list)]
    one = {**whole, key: whole[key][:1]}
    bare = {**whole, key: whole[key][0]}

    assert read(name, bare) == read(name, one)


def test_names_the_vendor_misspells_read_in_either_spelling() -> None:
    preview, several = sample("preview"), sample("create_several")
    preview["orderPreviewResult"] = preview.pop("orderPreviewResuslt")
    for order in several["result"]["orderList"]:
        order["orderAmount"] = order.pop("orderAmmount")

    assert read("preview", preview) == read("preview", sample("preview"))
    assert read("create_several", several) == read("create_several", sample("create_several"))


@pytest.mark.parametrize("status", ["", "未枚举:其他状态", "waitbuyerpay_v2", "SUCCESS"])
def test_a_state_nobody_knows_is_another_one(status: str) -> None:
    order: Any = read("order_view", put(sample("order_view"), ("result", "baseInfo", "status"), status))

    assert order.state is VendorOrderState.OTHER


def test_a_refund_in_a_state_nobody_knows_is_under_way() -> None:
    path = ("result", "opOrderRefundModelDetail", "status")
    refunded: Any = read("refund", put(sample("refund"), path, "waitplatform"))
    (refund,) = refunded

    assert refund.state is RefundState.ASKED


def test_an_offer_in_a_state_nobody_knows_is_not_bought() -> None:
    offer: Any = read("product_detail", put(sample("product_detail"), ("result", "result", "status"), "paused"))

    assert not offer.buyable


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"result":' * 100_000, b'{"result":' + b"[" * 5_000 + b"]" * 5_000])
def test_row_15_nesting_without_end_is_no_answer(deep: bytes) -> None:
    for name, reader in READERS.items():
        with pytest.raises(VendorError):
            reader(Answer(200, deep))
        assert name


def test_an_order_id_beyond_a_double_stays_exact() -> None:
    whole = put(sample("create_nested"), ("result", "orderId"), 874012345678901235)
    made: Any = read("create_nested", {**whole, "result": {**whole["result"], "orderList": None}})

    assert [order.vendor_order_id for order in made.orders] == ["874012345678901235"]


def test_a_purchase_whose_answer_is_torn_is_unclear() -> None:
    whole = (SAMPLES / "create_nested.json").read_bytes()
    for end in range(0, len(whole) - 1, 7):
        with pytest.raises(OutcomeUnknown):
            READERS["create_nested"](Answer(200, whole[:end]))


def test_fen_is_not_yuan() -> None:
    quote: Any = read("preview", sample("preview"))

    assert (quote.total, quote.freight) == (cny("44"), cny("8"))
