"""Purchases for one buyer that go into one vendor order: what it carries, and how its note names them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from syncbridge.model.purchasing import Purchase, PurchaseLine, PurchaseState
from syncbridge.rules.candidates import uncovered
from syncbridge.rules.purchasing import Halt

MOST_PURCHASES = 20
"""In one vendor order, so that its note can name them all: 1688 takes 500 characters (1688.md §5.4)."""
BOUGHT = (PurchaseState.PLACED, PurchaseState.PAID, PurchaseState.SHIPPED)
OUT = (PurchaseState.WITHDRAWING, PurchaseState.STOPPED)
"""Nobody waits any more for what was bought for these."""

_NOTE = re.compile(r"唛头 ([A-Z2-7]{8}) 合单((?: [A-Z2-7]{8})+)(?![0-9A-Za-z])")


def note(together: Sequence[Purchase], number: str = "") -> str:
    """The buyer note of a vendor order: the mark for the parcel first, then those of the purchases bought with it.

    `number` is the international one on the label that the supplier sticks on, where there is one.
    """
    first, *others = (purchase.mark for purchase in together)
    return " ".join([f"唛头 {first}", *(["合单", *others] if others else []), *(["面单号", number] if number else [])])


def marks(note: str) -> frozenset[str]:
    """The marks of all the purchases a vendor order was made for together; empty if it was made for one."""
    found = _NOTE.search(note)
    return frozenset([found[1], *found[2].split()]) if found else frozenset()


def lines(together: Sequence[Purchase]) -> tuple[PurchaseLine, ...]:
    """What they want in all, each spec once."""
    return uncovered([line for purchase in together for line in purchase.lines], ())


def living(together: Sequence[Purchase]) -> list[Purchase]:
    """Those somebody still waits for."""
    return [purchase for purchase in together if purchase.state not in OUT]


def cancelled(together: Sequence[Purchase]) -> Halt | None:
    """A person decides where goods were bought for several orders and some of these want them no longer."""
    dead = [purchase for purchase in together if purchase.state in OUT]
    if not dead or len(dead) == len(together):
        return None
    wanted = ", ".join(purchase.subject for purchase in living(together))
    gone = "; ".join(
        f"{purchase.subject} no longer wants its goods, for which it would pay {purchase.payout}" for purchase in dead
    )
    quote = together[0].quote
    cost = f" that costs {quote.total}" if quote else ""
    why = f"{gone}; they are in one vendor order{cost} with what {wanted} still waits for"
    return Halt("merged_cancelled", why, " ".join(sorted(purchase.mark for purchase in dead)))
