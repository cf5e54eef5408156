"""In which shape an answer goes out: bare, or under the names of its call and its items (aliexpress.md §1.5)."""

from __future__ import annotations

Payload = dict[str, object]

_ITEM_NAMES = {
    "target_list": "aeop_order_item_dto",
    "product_list": "aeop_order_product_dto",
    "child_order_list": "aeop_tp_child_order_dto",
    "logistic_info_list": "aeop_tp_logistic_info_dto",
    "result_list": "aeop_logistics_service_result",
    "aeop_ae_product_s_k_us": "aeop_ae_product_sku",
    "aeop_s_k_u_property_list": "aeop_sku_property",
    "aeop_a_e_product_display_d_t_o_list": "aeop_a_e_product_display_sample_dto",
    "subject_list": "subject",
    "detail_source_list": "detail_source",
    "error_details": "error_detail",
    "product_ids": "number",
    "sub_trade_order_list": "aeop_seller_shipment_sub_trade_order_dto",
    "shipment_list": "aeop_shipment_dto",
    "details": "detail",
    "sender_seller_address_list": "sender_seller_address",
    "pickup_seller_address_list": "pickup_seller_address",
    "refund_seller_address_list": "refund_seller_address",
}
"""What the items of a list are called where simplify is off (aliexpress.md §1.6)."""


def enveloped(api: str, payload: Payload, request_id: str, *, simplify: bool) -> Payload:
    """The answer of a business call."""
    if simplify:
        return {**payload, "request_id": request_id}
    wrapped = _wrapped(payload)
    assert isinstance(wrapped, dict)  # noqa: S101  what goes in as an object comes out as one
    return {f"{api.replace('.', '_')}_response": {**wrapped, "request_id": request_id}}


def _wrapped(value: object) -> object:
    """Lists under the name of their items, empty ones left out (aliexpress.md §1.6)."""
    if isinstance(value, list):
        return [_wrapped(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {_item_name(name): _wrapped(item)} if isinstance(item, list) else _wrapped(item)
        for name, item in value.items()
        if item != []
    }


def _item_name(name: str) -> str:
    """The name seen in samples, else the one the vendor's own kit falls back to: the list's without its last letter."""
    return _ITEM_NAMES.get(name, name[:-1])
