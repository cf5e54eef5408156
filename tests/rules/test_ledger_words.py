"""What a difference says: the numbers, names and times a person needs to find it, and the store it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncbridge.model.ledger import Books, Difference, Kind, Reads, Shown
from syncbridge.model.orders import OrderRef, OrderStage, OrderState
from syncbridge.model.purchasing import PurchaseLine, PurchaseState
from syncbridge.rules import ledger
from tests.rules.test_ledger import (
    CANCELLED,
    NOW,
    ORDER,
    OTHER_SPEC,
    READS,
    SETTLED,
    SINCE,
    SPEC,
    SUBJECT,
    World,
    kept,
    purchase,
    seen,
    shown,
)

FIRST, SECOND = purchase(1), purchase(2)
MARK, TWIN = FIRST.mark, SECOND.mark


def only(world: World) -> Difference:
    (one,) = world.audit().differences
    return one


def test_a_lost_order_is_said_with_its_time_and_store_and_those_that_are_kept_hide_it_not() -> None:
    found = only(World(refs=[OrderRef(ORDER, SETTLED), OrderRef("9", SETTLED)]))

    why = "the channel shows it, changed 2026-03-08 22:45 UTC, and we never kept it"
    assert found == Difference(Kind.LOST, "order toys/9", why, "toys")


def test_a_forgotten_order_is_said_with_the_state_of_each_purchase_and_its_store() -> None:
    dead = [purchase(1, PurchaseState.REFUSED), purchase(2, PurchaseState.STOPPED)]

    why = f"it wants goods, but no purchase for it lives: {MARK} refused, {TWIN} stopped"
    assert only(World(purchases=dead, seen=[])) == Difference(Kind.FORGOTTEN, SUBJECT, why, "toys")


def test_an_order_at_rest_is_said_with_all_states_its_purchases_are_under_way_in() -> None:
    rest = purchase(2, PurchaseState.BY_HAND, lines=(PurchaseLine("7", "7", 2),), line_ids=("1",))

    found = only(World(kept(stage=OrderStage.DECLARED), [purchase(), rest]))

    assert found.why == "the order is declared, but a purchase for it is by_hand, paid"


def test_an_orphan_is_said_with_the_name_it_bears() -> None:
    orphan = replace(seen("89", purchase(9)), purchase=None)

    found = only(World(seen=[seen(), orphan]))

    assert found.why == f"it bears a name of ours ({purchase(9).out_order_id}), but belongs to no purchase we know"


def test_a_cancelled_vendor_order_hides_no_orphan_behind_it() -> None:
    orphan = replace(seen("89", purchase(9)), purchase=None)

    assert only(World(seen=[seen("87", state=CANCELLED), seen(), orphan])).subject == "vendor order main/89"


def test_an_orphan_of_a_purchase_is_said_with_its_mark_state_and_store() -> None:
    world = World(purchases=[purchase(state=PurchaseState.BY_HAND)], seen=[replace(seen(), purchase=None)])

    why = f"it is purchase {MARK}, which is by_hand and does not know it"
    assert only(world) == Difference(Kind.ORPHAN, "vendor order main/88", why, "toys")


def test_a_contested_vendor_order_is_said_with_the_mark_of_each_claim_or_its_number_if_there_is_no_such_purchase() -> (
    None
):
    claimed = replace(seen(), purchase=7, note=f"唛头 {MARK}")

    (found, *_) = World(seen=[claimed, seen("89")]).audit().differences

    assert found.why == f"more than one purchase lays claim to it: {MARK}, 7"


def test_a_doubled_purchase_is_said_with_every_spec_there_is_too_much_of() -> None:
    found = only(World(seen=[seen(), seen("89")]))

    assert found.why == (
        f"vendor orders 88, 89 of purchase {MARK} together are "
        f"4 of {SPEC.spec_id} instead of 2, 2 of {OTHER_SPEC.spec_id} instead of 1"
    )


def test_a_doubled_offer_without_specs_is_said_by_its_own_number() -> None:
    plain = purchase(lines=(PurchaseLine("676651652931", "", 2),))

    found = only(World(purchases=[plain], seen=[seen(of=plain), seen("89", plain)]))

    assert found.why.endswith("together are 4 of 676651652931 instead of 2")


def test_two_lines_of_one_spec_are_wanted_together() -> None:
    twice = purchase(lines=(SPEC, SPEC))
    parts = [seen(number, twice, lines=(SPEC,)) for number in ("88", "89")]

    assert World(purchases=[twice], seen=parts).differences() == []


def test_a_missing_vendor_order_is_said_as_cancelled_with_its_number_or_as_never_there() -> None:
    cancelled = [seen("88", state=CANCELLED), seen("89", state=CANCELLED)]

    assert only(World(seen=cancelled)).why == f"purchase {MARK} is paid, but main shows 88, 89 as cancelled"
    assert only(World(seen=[])).why == f"purchase {MARK} is paid, but main shows no order of it"


def test_what_is_left_of_a_stopped_purchase_is_said_with_each_vendor_order_and_its_price() -> None:
    ended = kept(state=OrderState.FINISHED, stage=OrderStage.ENDED)
    parts = [seen(lines=(SPEC,)), seen("89", lines=(OTHER_SPEC,))]

    found = only(World(ended, [purchase(state=PurchaseState.STOPPED)], parts))

    assert found.why == f"purchase {MARK} is stopped, but main still has 88 (paid, 41.70 CNY), 89 (paid, 41.70 CNY)"


@pytest.mark.parametrize(("hours", "minutes", "last"), [(6, 1, "since 2026-03-08 16:59 UTC"), (6, 0, None)])
def test_an_account_not_read_for_six_hours_is_said_with_the_last_time(
    hours: int, minutes: int, last: str | None
) -> None:
    reads = Reads(READS.first, NOW - timedelta(hours=hours, minutes=minutes))

    audit = ledger.balance(Books(reads={"toys": reads}), None, since=SINCE, at=NOW)

    assert [one.why for one in audit.differences] == (
        [f"no poll has read the account to its end {last}"] if last else []
    )


def test_an_account_that_was_never_read_is_said() -> None:
    (found,) = ledger.balance(Books(reads={"toys": None}), None, since=SINCE, at=NOW).differences

    assert found == Difference(Kind.UNREAD, "account toys", "no poll has read the account to its end yet")


def test_what_the_vendors_showed_but_could_not_be_read_is_passed_on_as_it_is() -> None:
    sides = Shown(unreadable=[("account main", "the token is over; authorise it again")])

    audit = ledger.balance(Books(), sides, since=SINCE, at=NOW)

    assert audit.differences == (Difference(Kind.UNREADABLE, "account main", "the token is over; authorise it again"),)
    assert audit.live is True


def test_a_vendor_order_without_any_name_belongs_to_the_purchase_a_person_gave_it() -> None:
    audit = World(seen=[seen(out_order_id="", note="")]).audit()

    assert (audit.differences, audit.foreign, audit.vendor_orders) == ((), (), 1)


def test_a_vendor_order_we_never_saw_and_that_its_list_tells_little_of_is_foreign() -> None:
    stranger = shown(seen("89"), out_order_id=None, note="", lines=())

    assert World(shows=[shown(seen()), stranger]).audit().foreign == ("vendor order main/89",)


@pytest.mark.parametrize("told", [{"note": ""}, {"out_order_id": ""}])
def test_a_name_we_know_stays_although_a_list_leaves_it_out(told: dict[str, str]) -> None:
    known = replace(seen(), purchase=None, **told)  # type: ignore[arg-type]  # texts
    bare = shown(known, out_order_id=None, note="")

    assert World(seen=[known], shows=[bare]).differences() == [(Kind.ORPHAN, "vendor order main/88")]


def bought_together(state: PurchaseState) -> World:
    """A purchase for a second order that went into the vendor order of the first, and where it stands."""
    ended = kept(order_id="9", state=OrderState.FINISHED, stage=OrderStage.ENDED)
    guest = purchase(2, state, order_id="9", merged_into=1, line_ids=())
    return World(ended, [FIRST, guest], [seen()], refs=[])


def test_a_vendor_order_made_for_two_purchases_is_that_of_both() -> None:
    assert [one.kind for one in bought_together(PurchaseState.PAID).audit().differences] == [Kind.DISAGREES]
    assert bought_together(PurchaseState.DECLARED).differences() == []


def test_what_was_bought_together_is_left_at_the_supplier_while_one_of_them_is_wanted() -> None:
    together = bought_together(PurchaseState.STOPPED)
    stopped = replace(together, purchases=[purchase(1, PurchaseState.STOPPED), *together.purchases[1:]])

    assert together.differences() == []
    assert stopped.differences() == [(Kind.UNWITHDRAWN, SUBJECT), (Kind.UNWITHDRAWN, "order toys/9")]


def test_a_vendor_order_bought_together_that_is_too_many_is_doubled_once() -> None:
    together = bought_together(PurchaseState.DECLARED)

    assert replace(together, seen=[seen(), seen("89")]).differences() == [(Kind.DOUBLED, SUBJECT)]


def test_a_vendor_order_with_the_mark_of_a_purchase_bought_with_another_is_that_others() -> None:
    together = bought_together(PurchaseState.DECLARED)
    noted = replace(seen(), out_order_id="", note=f"唛头 {TWIN}")

    assert replace(together, seen=[noted]).differences() == []


def test_a_mark_counts_although_the_purchase_it_was_bought_with_is_not_at_hand() -> None:
    guest = purchase(2, PurchaseState.BY_HAND, merged_into=1)
    noted = replace(seen(of=guest), purchase=None)

    assert World(purchases=[guest], seen=[noted]).audit().vendor_orders == 1


def test_a_vendor_order_bought_together_is_asked_for_while_one_of_its_purchases_is_counted_on() -> None:
    guest = purchase(2, PurchaseState.PAID, merged_into=1)
    books = Books(purchases=[purchase(1, PurchaseState.DECLARED), guest], vendor_orders=[seen()])

    assert ledger.to_ask(books, Shown(vendor_orders={"main": []})) == [("main", "88")]
