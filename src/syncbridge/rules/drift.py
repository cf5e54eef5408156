"""Whose change is it, where the channel does not show what we believe: a three-way merge, field by field.

What the rules want, what the channel was last given, and what it shows now decide. What the seller changed is
theirs; in doubt it is, for a lock can be given back and an overwritten edit cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from syncbridge.model.catalog import Binding, Listing, ListingState, ListingStatus, Lock, OwnListing, Seen, Sku
from syncbridge.model.money import Money

T = TypeVar("T", Money, int, str, ListingState)


class Verdict(StrEnum):
    """What a difference comes of."""

    SAME = "same"
    """There is none, or nothing of ours stands against what is shown."""
    DUE = "due"
    """What is wanted was never shown: it is pushed again."""
    OURS = "ours"
    """What we want, or sent without hearing of it, is there."""
    SOLD = "sold"
    """Buyers took it, or gave it back."""
    KEPT = "kept"
    """The seller keeps it, whoever changed it this time."""
    UNSURE = "unsure"
    """Orders that are not read yet may explain it."""
    SELLERS = "sellers"
    """The seller's edit."""
    BOTH = "both"
    """The seller's edit, of what the rules would change as well."""

    @property
    def locks(self) -> bool:
        """Whether the seller keeps the field from now on."""
        return self in (Verdict.SELLERS, Verdict.BOTH)


@dataclass(frozen=True, slots=True)
class Sales:
    """Units of a SKU in orders since its stock was last known."""

    taken: int = 0
    returned: int = 0
    """By cancelled orders."""
    waiting: int = 0
    """In orders for which nothing is bought yet: the supplier's stock does not show them."""
    complete: bool = True
    """Whether every order up to the reading is counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that does not show what we believe, or not what is wanted."""

    sku_code: str
    """Empty: a field of the listing itself."""
    field: str
    wanted: str
    pushed: str
    shown: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SkuChanges:
    """SKUs the seller took out of a listing, put into it, or gave another code; by SKU code."""

    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


NO_SALES = Sales()
CLOCKS_DIFFER = timedelta(minutes=2)
"""So much the channel's clock and ours may; what happened so close together may have been the other way round."""


def merge(wanted: T | None, pushed: T | None, sent: T | None, shown: T) -> Verdict:
    """Whose change it is; `sent` is what was sent without an answer, `pushed` None if it was never known."""
    if wanted is None:
        return Verdict.SAME
    if shown == pushed:
        return Verdict.SAME if wanted == pushed else Verdict.DUE
    if shown in (wanted, sent):
        return Verdict.OURS
    return Verdict.SELLERS if wanted == (sent if pushed is None else pushed) else Verdict.BOTH


def merge_stock(wanted: int, pushed: int | None, sent: int | None, shown: int, sales: Sales) -> Verdict:
    """The same for stock, which falls and rises by itself when buyers order and cancel."""
    verdict = merge(wanted, pushed, sent, shown)
    if not verdict.locks:
        return verdict
    known = [amount for amount in (pushed, sent) if amount is not None]
    if not known or any(amount - sales.taken <= shown <= amount + sales.returned for amount in known):
        return Verdict.SOLD
    return verdict if sales.complete else Verdict.UNSURE


def differences(
    bindings: Sequence[Binding],
    shown: Mapping[str, Sku],
    sales: Mapping[str, Sales],
    locks: Mapping[str, Mapping[str, Lock]],
) -> list[Difference]:
    """What differs of the price and stock of each SKU that is still there, by SKU code."""
    found = []
    for binding in bindings:
        if sku := shown.get(binding.sku_code):
            kept = locks.get(binding.sku_code, {})
            found += [_price(binding, sku, "price" in kept), stock(binding, sku.stock, sales, kept="stock" in kept)]
    return [difference for difference in found if difference.verdict is not Verdict.SAME]


def _price(binding: Binding, sku: Sku, kept: bool) -> Difference:
    verdict = merge(binding.price_wanted, binding.price, binding.price_sent, sku.price)
    if kept and verdict is not Verdict.SAME:
        verdict = Verdict.KEPT
    told = (str(binding.price_wanted), str(binding.price), str(sku.price))
    return Difference(binding.sku_code, "price", *told, verdict)


def stock(binding: Binding, shown: int, sales: Mapping[str, Sales], *, kept: bool) -> Difference:
    """What differs of a SKU's stock."""
    known = sales.get(binding.sku_code, NO_SALES)
    verdict = merge_stock(binding.stock_wanted, binding.stock, binding.stock_sent, shown, known)
    if kept and verdict is not Verdict.SAME:
        verdict = Verdict.KEPT
    return Difference(binding.sku_code, "stock", str(binding.stock_wanted), str(binding.stock), str(shown), verdict)


def repairable(difference: Difference, sales: Mapping[str, Sales]) -> bool:
    """Whether what is wanted is to be pushed again; more stock waits until what was ordered is bought."""
    if difference.verdict not in (Verdict.DUE, Verdict.OURS, Verdict.SOLD) or difference.wanted == difference.shown:
        return False
    if difference.field != "stock" or int(difference.wanted) < int(difference.shown):
        return True
    return not sales.get(difference.sku_code, NO_SALES).waiting


def page(own: OwnListing, shown: Listing, locks: Mapping[str, Lock], *, at: datetime) -> list[Difference]:
    """Title, description and images that are not as they were last read, nor as we want them."""
    if own.seen is None:
        return []
    now = seen(shown, at=at)
    wanted = {"title": own.draft.title, "description": _digest(own.draft.description_html)}
    fields = [
        ("title", own.seen.title, now.title),
        ("description", own.seen.description, now.description),
        ("images", " ".join(own.seen.images), " ".join(now.images)),
    ]
    return [
        Difference("", field, before, before, after, Verdict.SELLERS)
        for field, before, after in fields
        if (before or field == "images") and before != after and after != wanted.get(field) and field not in locks
    ]


def seen(shown: Listing, *, at: datetime) -> Seen:
    """What a later reading is held against; one that changed as it was read, at that time, is read again."""
    codes = tuple(sku.sku_code for sku in shown.skus)
    is_settled = shown.modified_at is not None and shown.modified_at < at - CLOCKS_DIFFER
    modified_at = shown.modified_at if is_settled else None
    return Seen(shown.title, _digest(shown.description_html), shown.images, codes, modified_at)


def _digest(html: str) -> str:
    return hashlib.blake2b(html.encode(), digest_size=8).hexdigest()


def is_as_seen(listed: Listing, state: ListingState, seen: Seen | None) -> bool:
    """Whether a row of the channel's list tells nothing new of a listing, so that it need not be read."""
    if seen is None or seen.modified_at is None or seen.modified_at != listed.modified_at:
        return False
    return _state(listed.status) in (state, None)


def _state(shown: ListingStatus) -> ListingState | None:
    """What a listing's status means for us; None: nobody knows yet."""
    match shown:
        case ListingStatus.ON_SALE:
            return ListingState.ON_SALE
        case ListingStatus.OFFLINE | ListingStatus.EXPIRED:
            return ListingState.OFFLINE
        case ListingStatus.TAKEN_DOWN | ListingStatus.REFUSED:
            return ListingState.TAKEN_DOWN
        case _:
            return None


def sku_changes(own: OwnListing, bindings: Sequence[Binding], shown: Listing) -> SkuChanges:
    """Which SKUs of a listing are not those we know. Told, never guessed."""
    there = {sku.sku_code: sku.sku_key for sku in shown.skus}
    lost = {b.sku_code: b.sku_key for b in bindings if b.sku_key is not None and b.sku_code not in there}
    known = {b.sku_code for b in bindings} | set(own.seen.sku_codes if own.seen else there)
    fresh = [code for code in there if code not in known]
    by_key = {there[code]: code for code in fresh}
    renamed = tuple((code, by_key[key]) for code, key in lost.items() if key in by_key)
    others = {new for _, new in renamed}
    return SkuChanges(
        gone=tuple(code for code, key in lost.items() if key not in by_key),
        added=tuple(code for code in fresh if code not in others),
        renamed=renamed,
    )


def status(own: OwnListing, bindings: Sequence[Binding], shown: Listing, *, kept: bool) -> Difference | None:
    """Whether a listing is on sale where it should be; None if it is, or while nobody knows."""
    sold_out = own.whole and not any(b.stock_wanted for b in bindings)
    wanted = ListingState.OFFLINE if sold_out else ListingState.ON_SALE
    now = _state(shown.status)
    if now is None:
        return None
    verdict = _of_status(own, wanted, now, shown.status)
    if kept and verdict is Verdict.DUE:
        verdict = Verdict.SAME
    return None if verdict is Verdict.SAME else Difference("", "status", wanted, own.state, now, verdict)


def _of_status(own: OwnListing, wanted: ListingState, now: ListingState, shown: ListingStatus) -> Verdict:
    if now is ListingState.TAKEN_DOWN or not own.state.is_sellable:
        return Verdict.SAME if now is own.state else Verdict.OURS  # the channel's doing: nothing to merge
    if shown is ListingStatus.EXPIRED:
        return Verdict.DUE if wanted is ListingState.ON_SALE else Verdict.OURS
    return merge(wanted, own.state, own.state_sent, now)
