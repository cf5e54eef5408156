"""Where the daemon dies: the points of each day, in the order in which it passes them (`syncbridge.testing.points`).

A day with several points dies several times. Points after which a quarantine must pass are spread over days.
"""

from __future__ import annotations

BEFORE_THE_INTENT = (
    ("events.accept:begun", "orders.take:claimed", "orders.take:closing"),
    ("events.accept:committed", "channel.order:answered"),
)
INTENDED = (
    (
        "orders.take:closed",
        "purchase.place:claimed",
        "supplier.preview:before",
        "supplier.preview:answered",
        "purchases.sent:begun",
    ),
)
SENT_NOT_MADE = (("purchases.sent:committed",), ("supplier.place:before",))
SENT_AND_MADE = (("supplier.place:answered",), ("purchase.place:closing",))
UNTIL_DECLARED = (
    ("purchase.place:closed", "supplier.pay:before", "purchase.waybill:claimed", "fulfil.declare:claimed"),
    ("purchase.pay:claimed", "purchase.waybill:closing", "channel.declare:before"),
    ("supplier.pay:answered", "purchase.waybill:closed", "fulfil.collect:closing", "channel.declare:answered"),
    ("purchase.pay:closing", "fulfil.collect:closed", "fulfil.declare:closing"),
    ("purchase.pay:closed", "channel.declared:answered", "fulfil.declare:closed"),
)
LISTED = (
    ("import_.page:closing", "publish.post:claimed", "publish.confirm:claimed", "prices.push:claimed"),
    ("import_.page:closed", "catalogue.sent:begun", "channel.publish:before", "channel.set_prices:before"),
    ("channel.publish:answered", "publish.confirm:closing", "stock.push:claimed", "channel.set_prices:answered"),
    ("catalogue.sent:committed", "publish.confirm:closed", "channel.set_stock:before", "prices.push:closing"),
    ("publish.post:closing", "channel.set_stock:answered", "stock.push:closing", "prices.push:closed"),
    ("publish.post:closed", "stock.push:closed"),
)
STARTED = (
    (
        "accounts.seed_tokens:committed",
        "job.free_leases:begun",
        "start.begin:begun",
        "start.begin:committed",
        "schedule.tick:begun",
        "schedule.tick:committed",
        "job.claim:begun",
        "purchase.poll:claimed",
        "supplier.orders:answered",
        "purchase.poll:closing",
        "purchase.poll:closed",
    ),
)
TAKEN_BACK_UNPAID = (
    ("purchase.pay:claimed", "withdraw.order:claimed", "supplier.cancel:before", "withdraw.order:closing"),
    ("purchase.pay:claimed", "supplier.cancel:answered", "withdraw.order:closed"),
)
"""The first kill holds the payment up until the buyer has cancelled."""
TAKEN_BACK_PAID = (
    ("purchase.pay:closed", "withdraw.order:claimed", "supplier.refund:before", "withdraw.order:closing"),
    ("purchase.pay:closed", "supplier.refund:answered", "withdraw.order:closed"),
)
"""The first kill holds the goods back until the buyer has cancelled."""
BOOKED = (
    ("book.parcel:claimed", "channel.lines:answered", "bookings.sent:begun"),
    ("bookings.sent:committed",),
    ("channel.book:before",),
    ("channel.book:answered",),
    ("book.parcel:closing", "book.parcel:closed", "channel.label:answered"),
)
"""Under the supplier's waybill, and the same before anything is bought."""
MATRIX = (
    *BOOKED,
    *BEFORE_THE_INTENT,
    *INTENDED,
    *SENT_NOT_MADE,
    *SENT_AND_MADE,
    *UNTIL_DECLARED,
    *LISTED,
    *STARTED,
    *TAKEN_BACK_UNPAID,
    *TAKEN_BACK_PAID,
)
