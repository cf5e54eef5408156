"""The vendor's ledger, as it is shown to who checks it."""

from __future__ import annotations

from datetime import datetime

from syncbridge.adapters.aliexpress.mock.world import World

Payload = dict[str, object]


def books(world: World) -> Payload:
    """What the vendor's ledger says."""
    now = world.now()
    return {
        "products": [
            {
                "product_id": str(product.product_id),
                "status": product.status(now),
                "title": product.title,
                "skus": [
                    {
                        "id": sku.id,
                        "sku_code": sku.sku_code,
                        "price": sku.price,
                        "discount": sku.discount,
                        "stock": sku.stock,
                        "former_prices": sku.former_prices,
                    }
                    for sku in product.skus
                ],
                "quotes": product.quotes,
                "price_calls": product.price_calls,
                "stock_calls": product.stock_calls,
            }
            for product in world.products.values()
        ],
        "orders": [
            {
                "order_id": str(order.order_id),
                "status": order.status,
                "end_reason": order.end_reason,
                "cancel_asked_at": _time(order.cancel_asked_at),
                "cancelled_at": _time(order.cancelled_at),
                "address_changed_at": [_time(at) for at in order.address_changed_at],
                "lines": [{"sku_code": line.sku_code, "quantity": line.quantity} for line in order.lines],
                "declarations": [
                    {
                        "service_name": parcel.service_name,
                        "logistics_no": parcel.logistics_no,
                        "send_type": parcel.send_type,
                        "former": list(parcel.former),
                    }
                    for parcel in order.declarations
                ],
            }
            for order in world.orders.values()
        ],
        "warehouse_orders": [
            {
                "warehouse_order_id": str(one.warehouse_order_id),
                "order_id": str(one.order_id),
                "service": one.service,
                "domestic_no": one.domestic_no,
                "number": one.number,
                "status": one.status,
                "labels_asked": one.labels_asked,
            }
            for one in world.warehouse_orders
        ],
        "calls": dict(world.calls),
        "refused": dict(world.refused),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
