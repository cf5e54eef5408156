"""Whose change it is, where the channel does not show what we believe."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncbridge.model.catalog import (
    Binding,
    Listing,
    ListingState,
    ListingStatus,
    Lock,
    OwnListing,
    Seen,
    Sku,
)
from syncbridge.rules import drift
from syncbridge.rules.drift import Difference, Sales, SkuChanges, Verdict
from syncbridge.testing.builders import make_listing_draft, usd

READ_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = READ_AT - timedelta(days=1)
ON, OFF = ListingState.ON_SALE, ListingState.OFFLINE


def sku(code: str = "TYA001", price: str = "7.99", stock: int = 98, key: str = "14:193") -> Sku:
    return Sku(key, code, usd(price), stock)


def listing(*skus: Sku, status: ListingStatus = ListingStatus.ON_SALE, modified_at: datetime = LONG_AGO) -> Listing:
    return Listing("1005", "Notebook", status, skus or (sku(),), modified_at, description_html="<p>one</p>")


def own(state: ListingState = ON, seen: Seen | None = None, sent: ListingState | None = None) -> OwnListing:
    made = make_listing_draft()
    return OwnListing(1, "toys", "main", "67", "toys", state, "1005", made, None, seen=seen, state_sent=sent)


def bound(code: str = "TYA001", **changes: object) -> Binding:
    binding = Binding("toys", code, 1, "main", "67", "a", "14:193", usd("7.99"), usd("7.99"), 98, 98)
    return replace(binding, **changes)  # type: ignore[arg-type]  # the class's own fields


def lock(field: str) -> dict[str, Lock]:
    return {field: Lock(1, "TYA001", field, "edited", LONG_AGO)}


def found(binding: Binding, shown: Sku, sales: Sales = Sales(), kept: str = "") -> list[tuple[str, Verdict]]:  # noqa: B008  frozen
    differences = drift.differences(
        [binding], {shown.sku_code: shown}, {"TYA001": sales}, {"TYA001": lock(kept)} if kept else {}
    )
    return [(one.field, one.verdict) for one in differences]


@pytest.mark.parametrize(
    ("wanted", "pushed", "sent", "shown", "verdict"),
    [
        ("7.99", "7.99", None, "7.99", Verdict.SAME),
        ("8.99", "7.99", None, "7.99", Verdict.DUE),
        ("8.99", "7.99", "8.99", "7.99", Verdict.DUE),
        ("8.99", "7.99", "8.99", "8.99", Verdict.OURS),
        ("9.99", "7.99", "8.99", "8.99", Verdict.OURS),
        ("7.99", "7.99", None, "9.49", Verdict.SELLERS),
        ("8.99", "7.99", None, "9.49", Verdict.BOTH),
        ("8.99", "7.99", "8.99", "9.49", Verdict.BOTH),
        ("7.99", None, "7.99", "7.99", Verdict.OURS),
        ("7.99", None, "7.99", "9.49", Verdict.SELLERS),
        ("7.99", None, None, "9.49", Verdict.BOTH),
        (None, "7.99", None, "9.49", Verdict.SAME),
    ],
)
def test_a_price_is_merged_of_what_is_wanted_was_pushed_and_is_shown(
    wanted: str | None, pushed: str | None, sent: str | None, shown: str, verdict: Verdict
) -> None:
    wanted_price, pushed_price, sent_price = (usd(one) if one else None for one in (wanted, pushed, sent))

    assert drift.merge(wanted_price, pushed_price, sent_price, usd(shown)) is verdict
    assert verdict.locks == (verdict in (Verdict.SELLERS, Verdict.BOTH))


@pytest.mark.parametrize(
    ("shown", "sales", "verdict"),
    [
        (98, Sales(), Verdict.SAME),
        (93, Sales(taken=5), Verdict.SOLD),
        (95, Sales(taken=5), Verdict.SOLD),
        (92, Sales(taken=5), Verdict.SELLERS),
        (92, Sales(taken=5, complete=False), Verdict.UNSURE),
        (100, Sales(returned=2), Verdict.SOLD),
        (101, Sales(returned=2), Verdict.SELLERS),
        (500, Sales(complete=False), Verdict.UNSURE),
    ],
)
def test_stock_that_orders_explain_is_no_edit(shown: int, sales: Sales, verdict: Verdict) -> None:
    assert drift.merge_stock(98, 98, None, shown, sales) is verdict


def test_orders_explain_an_unanswered_stock_as_well_as_the_last_known_one() -> None:
    assert drift.merge_stock(60, 98, 50, 48, Sales(taken=2)) is Verdict.SOLD


def test_a_stock_that_was_never_known_is_taken_as_it_is() -> None:
    assert drift.merge_stock(98, None, None, 3, Sales()) is Verdict.SOLD


def test_price_and_stock_of_each_sku_that_is_there_are_compared() -> None:
    assert found(bound(), sku()) == []
    assert found(bound(), sku(price="9.49", stock=90)) == [("price", Verdict.SELLERS), ("stock", Verdict.SELLERS)]
    assert found(bound("TYB002"), sku(price="9.49")) == []


def test_a_field_the_seller_keeps_stays_whoever_changes_it() -> None:
    assert found(bound(), sku(price="9.49"), kept="price") == [("price", Verdict.KEPT)]
    assert found(bound(), sku(stock=90), kept="stock") == [("stock", Verdict.KEPT)]
    assert found(bound(), sku(), kept="price") == []


@pytest.mark.parametrize(
    ("field", "wanted", "shown", "verdict", "waiting", "expected"),
    [
        ("price", "8.99 USD", "7.99 USD", Verdict.DUE, 0, True),
        ("price", "7.99 USD", "7.99 USD", Verdict.OURS, 0, False),
        ("price", "8.99 USD", "9.49 USD", Verdict.SELLERS, 0, False),
        ("stock", "98", "93", Verdict.SOLD, 0, True),
        ("stock", "98", "93", Verdict.SOLD, 5, False),
        ("stock", "90", "93", Verdict.SOLD, 5, True),
    ],
)
def test_what_does_not_show_is_pushed_again_and_stock_waits_for_what_was_ordered(
    field: str, wanted: str, shown: str, verdict: Verdict, waiting: int, expected: bool
) -> None:
    one = Difference("TYA001", field, wanted, "", shown, verdict)

    assert drift.repairable(one, {"TYA001": Sales(waiting=waiting)}) is expected


def test_without_orders_more_stock_is_pushed_at_once() -> None:
    assert drift.repairable(Difference("TYA001", "stock", "98", "98", "93", Verdict.DUE), {})


def test_a_page_is_held_against_what_it_showed_when_last_read() -> None:
    before = drift.seen(listing(), at=READ_AT)
    now = replace(listing(), title="Mine", description_html="<p>two</p>", images=("a.jpg",))

    assert drift.page(own(), now, {}, at=READ_AT) == []
    assert drift.page(own(seen=before), listing(), {}, at=READ_AT) == []
    changed = drift.page(own(seen=before), now, {}, at=READ_AT)
    assert [(one.field, one.pushed, one.shown) for one in changed if one.field != "description"] == [
        ("title", "Notebook", "Mine"),
        ("images", "", "a.jpg"),
    ]
    ours = replace(own(seen=before), draft=replace(own().draft, title="Mine", description_html="<p>two</p>"))
    assert [one.field for one in drift.page(ours, now, {}, at=READ_AT)] == ["images"]
    unknown = own(seen=replace(before, title="", description=""))
    assert [one.field for one in drift.page(unknown, now, {}, at=READ_AT)] == ["images"]
    assert {one.field for one in drift.page(own(seen=before), now, lock("title"), at=READ_AT)} == {
        "description",
        "images",
    }


def test_what_changed_as_it_was_read_is_read_again() -> None:
    assert drift.seen(listing(), at=READ_AT).modified_at == LONG_AGO
    assert drift.seen(listing(modified_at=READ_AT), at=READ_AT).modified_at is None
    assert drift.seen(replace(listing(), modified_at=None), at=READ_AT).modified_at is None


def test_a_row_that_shows_nothing_new_need_not_be_read() -> None:
    seen = drift.seen(listing(), at=READ_AT)

    assert drift.is_as_seen(listing(), ON, seen)
    assert drift.is_as_seen(listing(status=ListingStatus.AUDITING), ON, seen)
    assert not drift.is_as_seen(listing(status=ListingStatus.EXPIRED), ON, seen)
    assert not drift.is_as_seen(listing(modified_at=READ_AT), ON, seen)
    assert not drift.is_as_seen(listing(), ON, replace(seen, modified_at=None))
    assert not drift.is_as_seen(listing(), ON, None)


def test_skus_taken_out_put_in_and_renamed_are_told_apart() -> None:
    bindings = [bound("A", sku_key="1"), bound("B", sku_key="2"), bound("C", sku_key=None)]
    known = drift.seen(listing(sku("A", key="1"), sku("B", key="2")), at=READ_AT)
    shown = listing(sku("X", key="1"), sku("N", key="9"))

    assert drift.sku_changes(own(seen=known), bindings, shown) == SkuChanges(
        gone=("B",), added=("N",), renamed=(("A", "X"),)
    )
    assert drift.sku_changes(own(), bindings, shown) == SkuChanges(gone=("A", "B"))
    assert drift.sku_changes(own(seen=known), bindings, listing(sku("A", key="1"), sku("B", key="2"))) == SkuChanges()


@pytest.mark.parametrize(
    ("state", "sent", "stock", "shown", "kept", "verdict", "now"),
    [
        (ON, None, 98, ListingStatus.ON_SALE, False, None, None),
        (ON, None, 98, ListingStatus.AUDITING, False, None, None),
        (ON, None, 98, ListingStatus.OFFLINE, False, Verdict.SELLERS, OFF),
        (ON, None, 0, ListingStatus.OFFLINE, False, Verdict.OURS, OFF),
        (ON, OFF, 98, ListingStatus.OFFLINE, False, Verdict.OURS, OFF),
        (OFF, None, 98, ListingStatus.OFFLINE, False, Verdict.DUE, OFF),
        (OFF, None, 98, ListingStatus.OFFLINE, True, None, None),
        (OFF, None, 98, ListingStatus.ON_SALE, True, Verdict.OURS, ON),
        (OFF, None, 0, ListingStatus.ON_SALE, False, Verdict.SELLERS, ON),
        (ON, None, 98, ListingStatus.EXPIRED, False, Verdict.DUE, OFF),
        (ON, None, 0, ListingStatus.EXPIRED, False, Verdict.OURS, OFF),
        (ON, None, 98, ListingStatus.TAKEN_DOWN, False, Verdict.OURS, ListingState.TAKEN_DOWN),
        (ON, None, 98, ListingStatus.REFUSED, False, Verdict.OURS, ListingState.TAKEN_DOWN),
        (ListingState.TAKEN_DOWN, None, 98, ListingStatus.TAKEN_DOWN, False, None, None),
        (ListingState.TAKEN_DOWN, None, 98, ListingStatus.ON_SALE, False, Verdict.OURS, ON),
        (ListingState.GONE, None, 98, ListingStatus.OFFLINE, False, Verdict.OURS, OFF),
    ],
)
def test_a_listing_is_on_sale_or_off_by_its_seller_by_us_or_by_the_channel(
    state: ListingState,
    sent: ListingState | None,
    stock: int,
    shown: ListingStatus,
    kept: bool,
    verdict: Verdict | None,
    now: ListingState | None,
) -> None:
    one = drift.status(own(state, sent=sent), [bound(stock_wanted=stock)], listing(status=shown), kept=kept)

    assert (one and one.verdict, one and one.shown) == (verdict, now)
