"""Each thing that does not fit is told once, as what it is; what fits, or is on its way, is not told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.model.ledger import NEXT_STEP, Audit, Books, KeptOrder, Kind, Reads, Shown
from syncbridge.model.money import Money
from syncbridge.model.orders import OrderRef, OrderStage, OrderState
from syncbridge.model.purchasing import (
    PlacedOrder,
    Purchase,
    PurchaseLine,
    PurchaseState,
    SeenOrder,
    VendorOrderState,
)
from syncbridge.rules import ledger
from syncbridge.rules.routing import intent_key
from syncbridge.testing.builders import RELAY, cny, make_order_line, usd

NOW = datetime(2026, 3, 8, 23, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)
READS = Reads(NOW - timedelta(days=100), NOW - timedelta(minutes=5))
SETTLED = READS.last - ledger.GRACE
FRESH = SETTLED + timedelta(seconds=1)
ORDER = "8172481060036440"
SUBJECT = f"order toys/{ORDER}"
SPEC = PurchaseLine("676651652931", f"{1:032x}", 2)
OTHER_SPEC = PurchaseLine("676651652931", f"{2:032x}", 1)
PAID = VendorOrderState.PAID
CANCELLED = VendorOrderState.CANCELLED


def kept(**changes: object) -> KeptOrder:
    lines = (make_order_line(quantity=2), make_order_line("TYA002", 1, line_id="2"))
    order = KeptOrder("toys", ORDER, OrderState.TO_SHIP, OrderStage.BUYING, lines)
    return replace(order, **changes)  # type: ignore[arg-type]  # the class's own fields


def purchase(number: int = 1, state: PurchaseState = PurchaseState.PAID, **changes: object) -> Purchase:
    key = intent_key("toys", ORDER, "main", number)
    made = Purchase(
        id=number,
        store="toys",
        order_id=ORDER,
        supplier="main",
        route="toys",
        out_order_id=key.out_order_id,
        mark=key.mark,
        state=state,
        lines=(SPEC, OTHER_SPEC),
        payout=usd("36.62"),
        relay=RELAY,
        quote=None,
        sent_at=None,
        fresh_look_ups=0,
        line_ids=("1", "2"),
        alternative=0,
        approvals={},
        address_digest="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the class's own fields


def seen(
    number: str = "88", of: Purchase | None = None, state: VendorOrderState = PAID, **changes: object
) -> SeenOrder:
    owner = of or purchase()
    made = SeenOrder(
        supplier="main",
        vendor_order_id=number,
        purchase=owner.id,
        state=state,
        total=cny("41.70"),
        out_order_id=owner.out_order_id,
        note=f"唛头 {owner.mark}",
        lines=owner.lines,
        created_at=SETTLED,
        refund_id=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the class's own fields


def shown(order: SeenOrder, modified_at: datetime = SETTLED, **changes: object) -> PlacedOrder:
    """The same vendor order as its supplier shows it."""
    placed = PlacedOrder(
        vendor_order_id=order.vendor_order_id,
        state=order.state,
        total=order.total,
        freight=Money.zero("CNY"),
        out_order_id=order.out_order_id,
        note=order.note,
        lines=order.lines,
        created_at=order.created_at,
        modified_at=modified_at,
    )
    return replace(placed, **changes)  # type: ignore[arg-type]  # the class's own fields


@dataclass
class World:
    """An order that is bought and paid, and what both sides say of it."""

    order: KeptOrder | None = field(default_factory=kept)
    purchases: Sequence[Purchase] = field(default_factory=lambda: [purchase()])
    seen: Sequence[SeenOrder] = field(default_factory=lambda: [seen()])
    refs: Sequence[OrderRef] = (OrderRef(ORDER, SETTLED),)
    shows: Sequence[PlacedOrder] | None = None
    """None: the same as is seen."""
    attended: frozenset[str] = frozenset()
    given_up: frozenset[str] = frozenset()
    working: frozenset[int] = frozenset()
    gone: frozenset[tuple[str, str]] = frozenset()

    def audit(self, **how: object) -> Audit:
        books = Books(
            orders=[self.order] if self.order else [],
            kept=frozenset({("toys", ORDER)} if self.order else ()),
            purchases=self.purchases,
            vendor_orders=self.seen,
            attended=self.attended,
            given_up=self.given_up,
            working=self.working,
            reads={"toys": READS, "main": READS},
        )
        listed = [shown(order) for order in self.seen] if self.shows is None else self.shows
        sides = Shown(orders={"toys": self.refs}, vendor_orders={"main": listed}, gone=self.gone)
        return ledger.balance(books, sides, since=SINCE, at=NOW, **how)  # type: ignore[arg-type]

    def differences(self) -> list[tuple[Kind, str]]:
        return [(one.kind, one.subject) for one in self.audit().differences]


def test_what_fits_has_no_difference() -> None:
    audit = World().audit()

    assert (audit.differences, audit.foreign, audit.figures) == ((), (), {})
    assert (audit.stages, audit.vendor_orders, audit.since, audit.at) == ({"buying": 1}, 1, SINCE, NOW)


def test_every_kind_of_difference_says_what_to_do() -> None:
    assert set(NEXT_STEP) == set(Kind)
    assert all(NEXT_STEP.values())


@pytest.mark.parametrize(
    ("modified_at", "told"),
    [(SETTLED, True), (FRESH, False), (READS.first, False), (READS.first + timedelta(seconds=1), True)],
)
def test_an_order_is_lost_if_a_poll_must_have_seen_it(modified_at: datetime, told: bool) -> None:
    world = World(None, [], [], refs=[OrderRef(ORDER, modified_at)] * 2)

    assert world.differences() == [(Kind.LOST, SUBJECT)] * told


def test_an_order_whose_reading_waits_in_the_queue_is_not_lost() -> None:
    assert World(None, [], [], attended=frozenset({SUBJECT})).differences() == []


@pytest.mark.parametrize("stage", [OrderStage.WAITING, OrderStage.UNROUTED, OrderStage.BUYING])
def test_an_order_nobody_buys_for_is_forgotten(stage: OrderStage) -> None:
    world = World(kept(stage=stage), [], [])

    assert world.differences() == [(Kind.FORGOTTEN, SUBJECT)]
    assert replace(world, attended=frozenset({SUBJECT})).differences() == []
    assert replace(world, given_up=frozenset({SUBJECT})).differences() == []
    assert replace(world, refs=[OrderRef(ORDER, FRESH)]).differences() == []


@pytest.mark.parametrize("state", [state for state in OrderState if not state.wants_goods])
def test_an_order_that_wants_no_goods_needs_no_purchase(state: OrderState) -> None:
    assert World(kept(stage=OrderStage.WAITING, state=state), [], []).differences() == []


@pytest.mark.parametrize("stage", [OrderStage.NOT_OURS, OrderStage.ENDED, OrderStage.DECLARED])
def test_an_order_we_are_done_with_needs_no_purchase(stage: OrderStage) -> None:
    assert World(kept(stage=stage), [], []).differences() == []


@pytest.mark.parametrize("state", [PurchaseState.REFUSED, PurchaseState.STOPPED])
def test_an_order_whose_purchases_are_all_dead_is_forgotten(state: PurchaseState) -> None:
    world = World(purchases=[purchase(1, state), purchase(2, PurchaseState.STOPPED)], seen=[])

    assert world.differences() == [(Kind.FORGOTTEN, SUBJECT)]
    assert World(purchases=[purchase(1, state), purchase(2)], seen=[seen(of=purchase(2))]).differences() == []
    assert replace(world, attended=frozenset({SUBJECT})).differences() == []


@pytest.mark.parametrize("state", [PurchaseState.INTENDED, PurchaseState.SENT, PurchaseState.UNKNOWN])
def test_a_purchase_no_job_goes_on_with_is_forgotten_although_another_has_one(state: PurchaseState) -> None:
    world = World(purchases=[purchase(state=state)], seen=[], attended=frozenset({SUBJECT}))

    assert world.differences() == [(Kind.FORGOTTEN, SUBJECT)]
    assert replace(world, working=frozenset({1})).differences() == []


def test_a_card_waits_for_a_person_and_needs_no_job() -> None:
    assert World(purchases=[purchase(state=PurchaseState.BY_HAND)], seen=[]).differences() == []


@pytest.mark.parametrize("stage", [stage for stage in OrderStage if stage is not OrderStage.BUYING])
def test_an_order_at_rest_with_a_purchase_under_way_disagrees(stage: OrderStage) -> None:
    assert World(kept(stage=stage)).differences() == [(Kind.DISAGREES, SUBJECT)]


def test_an_order_whose_parcels_are_all_declared_is_declared() -> None:
    declared, stopped = purchase(1, PurchaseState.DECLARED), purchase(2, PurchaseState.STOPPED)
    world = World(purchases=[declared, stopped])

    assert world.differences() == [(Kind.DISAGREES, SUBJECT)]
    assert replace(world, order=kept(stage=OrderStage.DECLARED)).differences() == []


def test_a_line_that_two_ways_to_buy_feed_is_overbought() -> None:
    twin = purchase(2, alternative=1, lines=(PurchaseLine("1", "1", 2),), line_ids=("2",))
    world = World(purchases=[purchase(), twin], seen=[seen(), seen("89", twin)])

    (one,) = world.audit().differences

    assert (one.kind, one.subject) == (Kind.OVERBOUGHT, SUBJECT)
    assert one.why == f"line 2, ordered 1, is bought 2 times: {purchase().mark}, {twin.mark}"


def test_a_line_bought_of_the_same_spec_twice_is_overbought() -> None:
    twin = purchase(2, lines=(OTHER_SPEC,), line_ids=("2",))

    assert World(purchases=[purchase(), twin], seen=[seen(), seen("89", twin)]).differences() == [
        (Kind.OVERBOUGHT, SUBJECT)
    ]


@pytest.mark.parametrize("state", [PurchaseState.REFUSED, PurchaseState.STOPPED, PurchaseState.WITHDRAWING])
def test_a_purchase_that_is_over_or_being_taken_back_makes_room_for_another(state: PurchaseState) -> None:
    again = purchase(2, alternative=1)

    assert World(purchases=[purchase(1, state), again], seen=[seen(of=again)]).differences() == []


def test_a_line_bought_in_parts_of_two_shops_is_bought_once() -> None:
    rest = purchase(2, lines=(PurchaseLine("7", "7", 2),), line_ids=("1",))

    assert World(purchases=[purchase(), rest], seen=[seen(), seen("89", rest)]).differences() == []


def test_a_line_the_channel_took_off_the_order_is_overbought_until_it_is_declared() -> None:
    lines = (make_order_line(), replace(make_order_line("TYA002", 1, line_id="2"), ours_to_ship=False))

    assert World(kept(lines=lines)).differences() == [(Kind.OVERBOUGHT, SUBJECT)]
    declared = kept(lines=lines, stage=OrderStage.DECLARED)
    assert World(declared, [purchase(state=PurchaseState.DECLARED)]).differences() == []


@pytest.mark.parametrize(
    "name", [{"note": ""}, {"out_order_id": ""}, {"note": "请写 唛头:ABCDEFGH", "out_order_id": ""}]
)
def test_a_vendor_order_with_a_name_of_ours_and_no_purchase_is_an_orphan(name: dict[str, str]) -> None:
    orphan = replace(seen("89", purchase(9)), purchase=None, **name)  # type: ignore[arg-type]  # texts

    assert World(seen=[seen(), orphan]).differences() == [(Kind.ORPHAN, "vendor order main/89")]
    assert World(seen=[seen(), replace(orphan, state=CANCELLED)]).differences() == []


def test_a_fresh_vendor_order_may_be_on_its_way_to_us() -> None:
    orphan = replace(seen("89", purchase(9)), purchase=None)

    assert World(shows=[shown(seen()), shown(orphan, FRESH)]).differences() == []


@pytest.mark.parametrize("note", ["", "for the office", "EXPRESSX please", "marks SBAAAAAAAAAAAAAAAA"])
def test_a_vendor_order_without_a_name_of_ours_is_foreign(note: str) -> None:
    office = replace(seen("89"), purchase=None, out_order_id="their-own-7", note=note)

    audit = World(seen=[seen(), office]).audit()

    assert (audit.differences, audit.foreign, audit.vendor_orders) == ((), ("vendor order main/89",), 1)


def test_a_vendor_order_its_purchase_does_not_know_is_an_orphan_unless_somebody_looks_for_it() -> None:
    card = purchase(state=PurchaseState.BY_HAND)
    world = World(purchases=[card], seen=[replace(seen(), purchase=None)])

    assert world.differences() == [(Kind.ORPHAN, "vendor order main/88")]
    assert replace(world, attended=frozenset({SUBJECT})).differences() == []


def test_a_vendor_order_with_the_names_of_two_purchases_is_contested() -> None:
    second = purchase(2, lines=(PurchaseLine("7", "7", 2),), line_ids=())
    world = World(purchases=[purchase(), second], seen=[seen(note=f"唛头 {second.mark}"), seen("89", second)])

    assert world.differences() == [(Kind.CONTESTED, "vendor order main/88")]


def test_two_vendor_orders_that_exceed_their_purchase_are_doubled() -> None:
    (one,) = World(seen=[seen(), seen("89")]).audit().differences

    assert (one.kind, one.subject, one.store) == (Kind.DOUBLED, SUBJECT, "toys")
    assert "vendor orders 88, 89" in one.why
    assert f"4 of {SPEC.spec_id} instead of 2" in one.why


def test_a_second_vendor_order_nobody_adopted_is_doubled_and_told_once() -> None:
    assert World(shows=[shown(seen()), shown(seen("89"))]).differences() == [(Kind.DOUBLED, SUBJECT)]


def test_vendor_orders_that_together_make_up_their_purchase_are_one() -> None:
    parts = [seen(lines=(SPEC,)), seen("89", lines=(OTHER_SPEC,))]

    assert World(seen=parts).differences() == []
    assert World(seen=[*parts, seen("90", state=CANCELLED)]).differences() == []


def test_a_single_vendor_order_may_be_larger_to_reach_a_least_quantity() -> None:
    assert World(seen=[seen(lines=(replace(SPEC, quantity=50),))]).differences() == []


@pytest.mark.parametrize("state", [PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED])
def test_a_purchase_whose_vendor_order_is_not_there_is_missing(state: PurchaseState) -> None:
    world = World(purchases=[purchase(state=state)])

    assert replace(world, seen=[]).differences() == [(Kind.MISSING, SUBJECT)]
    assert replace(world, shows=[], gone=frozenset({("main", "88")})).differences() == [(Kind.MISSING, SUBJECT)]
    assert replace(world, shows=[]).differences() == []


def test_a_purchase_whose_vendor_order_was_cancelled_is_missing_once_we_must_know() -> None:
    gone = seen(state=CANCELLED)

    assert World(shows=[shown(gone)]).differences() == [(Kind.MISSING, SUBJECT)]
    assert World(shows=[shown(gone, FRESH)]).differences() == []
    assert (
        World(
            purchases=[purchase(state=PurchaseState.DECLARED)], order=None, shows=[shown(gone)], refs=[]
        ).differences()
        == []
    )


def test_what_is_left_at_the_supplier_of_a_cancelled_order_is_not_withdrawn() -> None:
    world = World(kept(state=OrderState.CANCELLED))

    (one,) = world.audit().differences

    assert (one.kind, one.subject) == (Kind.UNWITHDRAWN, SUBJECT)
    assert one.why == "the channel order is cancelled, but main still has 88 (paid, 41.70 CNY)"
    assert replace(world, attended=frozenset({SUBJECT})).differences() == []
    assert replace(world, purchases=[purchase(state=PurchaseState.WITHDRAWING)]).differences() == []
    assert replace(world, seen=[seen(state=CANCELLED)]).differences() == [(Kind.MISSING, SUBJECT)]


def test_what_is_left_at_the_supplier_of_a_stopped_purchase_is_not_withdrawn() -> None:
    ended = kept(state=OrderState.FINISHED, stage=OrderStage.ENDED)
    world = World(ended, [purchase(state=PurchaseState.STOPPED)])

    assert world.differences() == [(Kind.UNWITHDRAWN, SUBJECT)]
    assert replace(world, seen=[seen(state=CANCELLED)]).differences() == []


@pytest.mark.parametrize("reads", [None, replace(READS, last=NOW - ledger.UNREAD_AFTER - timedelta(seconds=1))])
def test_an_account_that_was_not_read_cannot_be_proven(reads: Reads | None) -> None:
    audit = ledger.balance(Books(reads={"toys": reads, "main": READS}), None, since=SINCE, at=NOW)

    assert [(one.kind, one.subject) for one in audit.differences] == [(Kind.UNREAD, "account toys")]
    assert not audit.live


def test_what_the_supplier_shows_now_counts_and_what_its_list_leaves_out_is_what_we_keep() -> None:
    bare = shown(seen(state=VendorOrderState.UNPAID), state=PAID, out_order_id=None, note="", lines=())

    assert World(shows=[bare]).audit().vendor_orders == 1
    named = replace(seen(), purchase=None, out_order_id="")
    assert World(seen=[named], shows=[bare]).differences() == [(Kind.ORPHAN, "vendor order main/88")]
    assert World(shows=[bare, shown(seen("89"))]).differences() == [(Kind.DOUBLED, SUBJECT)]


def test_only_vendor_orders_we_count_on_are_asked_for_and_only_where_the_list_could_be_read() -> None:
    books = Books(
        purchases=[purchase(), purchase(2, PurchaseState.DECLARED)], vendor_orders=[seen(), seen("89", purchase(2))]
    )

    assert ledger.to_ask(books, Shown(vendor_orders={"main": []})) == [("main", "88")]
    assert ledger.to_ask(books, Shown(vendor_orders={"main": [shown(seen())]})) == []
    assert ledger.to_ask(books, Shown()) == []


def test_a_store_is_told_what_may_concern_it() -> None:
    orphan = replace(seen("89", purchase(9)), purchase=None)
    world = World(kept(state=OrderState.CANCELLED), seen=[seen(), orphan])

    assert [one.kind for one in world.audit(store="toys").differences] == [Kind.ORPHAN, Kind.UNWITHDRAWN]
    assert [one.kind for one in world.audit(store="books").differences] == [Kind.ORPHAN]
    assert world.audit(store="books").stages == {}


def test_the_figures_count_each_kind() -> None:
    orphans = [replace(seen(number, purchase(9)), purchase=None) for number in ("89", "90")]

    assert World(kept(state=OrderState.CANCELLED), seen=[seen(), *orphans]).audit().figures == {
        "orphan": "2",
        "unwithdrawn": "1",
    }


@given(order=st.text("AB", min_size=1), supplier=st.sampled_from(["main", "byhand"]), split=st.integers(0, 500))
def test_the_names_of_an_intent_are_known_as_ours(order: str, supplier: str, split: int) -> None:
    key = intent_key("toys", order, supplier, split)
    named = replace(seen("89"), purchase=None, out_order_id=key.out_order_id, note="")
    noted = replace(named, out_order_id="", note=f"唛头 {key.mark}")

    found = World(seen=[seen(), named, replace(noted, vendor_order_id="90")]).audit()

    assert (found.figures, found.foreign) == ({"orphan": "2"}, ())
