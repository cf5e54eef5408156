"""Every kind of job and the function that does it; a kind is ``file.function``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from syncbridge.flows import (
    adopt,
    alarms,
    audit,
    decisions,
    dispatch,
    follow,
    fulfil,
    import_,
    monitor,
    offers,
    orders,
    plan,
    prices,
    publish,
    purchase,
    quiet,
    rates,
    reconcile,
    stock,
    tokens,
    withdraw,
)
from syncbridge.flows.bridge import Bridge
from syncbridge.queue.execute import Outcome
from syncbridge.queue.job import Claim

Flow = Callable[[Bridge, Claim], Awaitable[Outcome]]

JOBS: Mapping[str, Flow] = {
    "import_.page": import_.page,
    "import_.search": import_.search,
    "import_.batch": import_.batch,
    "offers.read": offers.read,
    "import_.follow": import_.follow,
    "monitor.due": monitor.due,
    "monitor.replan": monitor.replan,
    "monitor.forget": monitor.forget,
    "plan.reprice": plan.reprice,
    "publish.post": publish.post,
    "publish.confirm": publish.confirm,
    "publish.edit": publish.edit,
    "prices.push": prices.push,
    "stock.push": stock.push,
    "stock.online": stock.online,
    "rates.refresh": rates.refresh,
    "reconcile.recent": reconcile.recent,
    "reconcile.store": reconcile.store,
    "reconcile.listing": reconcile.listing,
    "reconcile.stock": reconcile.stock,
    "orders.poll": orders.poll,
    "orders.take": orders.take,
    "purchase.place": purchase.place,
    "purchase.pay": purchase.pay,
    "purchase.poll": purchase.poll,
    "purchase.follow": purchase.follow,
    "purchase.waybill": purchase.waybill,
    "withdraw.order": withdraw.order,
    "decisions.adopt": decisions.adopt,
    "fulfil.collect": fulfil.collect,
    "fulfil.declare": fulfil.declare,
    "dispatch.check": dispatch.check,
    "dispatch.urge": dispatch.urge,
    "follow.poll": follow.poll,
    "follow.parcel": follow.parcel,
    "follow.watch": follow.watch,
    "audit.nightly": audit.nightly,
    "quiet.check": quiet.check,
    "tokens.renew": tokens.renew,
    "tokens.calendar": tokens.calendar,
    "alarms.tell": alarms.tell,
    "adopt.page": adopt.page,
    "adopt.listing": adopt.listing,
}
