"""Prices go to the channel: one call for each listing, with all its changed SKUs; the newest value wins."""

from __future__ import annotations

from syncbridge.errors import OutcomeUnknown
from syncbridge.flows.bridge import Bridge
from syncbridge.flows.stock import refused
from syncbridge.model.catalog import PriceUpdate
from syncbridge.queue.execute import Done, Outcome, Retry
from syncbridge.queue.job import Claim
from syncbridge.store import catalogue, plans


async def push(bridge: Bridge, job: Claim) -> Outcome:
    """Set the prices that are not what they should be; sending the same ones again would change nothing."""
    listing = await bridge.db.read(catalogue.listing, int(job.args["listing"]))
    bindings = await bridge.db.read(catalogue.bindings, listing.id)
    changed = [(b.sku_code, b.sku_key, b.price_wanted) for b in bindings if b.price_wanted != b.price]
    discounts = {b.sku_key: b.discount for b in bindings if b.sku_key is not None and b.discount is not None}
    wanted = {code: price for code, key, price in changed if key is not None and price is not None}
    prices = {key: price for _, key, price in changed if key is not None and price is not None}
    if listing.listing_id is None or not listing.state.is_sellable:
        return Done()
    if not prices:
        return Done(lambda session: plans.settle(session, listing, "price"))
    await bridge.db.run(catalogue.sending, listing, "price", wanted)
    try:
        refusals = await bridge.channels[listing.store].set_prices([PriceUpdate(listing.listing_id, prices, discounts)])
    except OutcomeUnknown as error:
        return Retry("unknown", str(error))
    if refusals:
        return refused(bridge, listing, "price", refusals[0])
    return Done(lambda session: catalogue.pushed(session, listing, "price", wanted, now=bridge.clock.now()))
