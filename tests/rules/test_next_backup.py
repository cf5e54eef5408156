"""What a purchase feeds is bought from the next backup, unless another purchase feeds it too."""

from __future__ import annotations

from syncbridge.rules.mapping import Way
from syncbridge.rules.routing import next_backup
from syncbridge.testing.builders import make_order_line
from tests.rules.conftest import order_of
from tests.rules.test_ledger import purchase
from tests.rules.test_splitting import BACKUPS, SHOPS, part, rules_with, sku_rule

MINE = purchase(1, line_ids=("1",))
ORDER = order_of(make_order_line("TY1", 2, line_id="1"))
RULES = rules_with(sku_rule("TY1", backups=BACKUPS))


def test_the_next_backup_is_the_first_after_the_way_that_was_tried() -> None:
    first = next_backup(MINE, ORDER, [], SHOPS, RULES)
    assert first is not None
    assert [(one.route.supplier, one.alternative) for one in first] == [("second", 1)]
    second = next_backup(purchase(1, line_ids=("1",), alternative=1), ORDER, [], SHOPS, RULES)
    assert second is not None
    assert [(one.route.supplier, one.alternative) for one in second] == [("main", 2)]


def test_a_backup_whose_offer_was_never_read_is_passed_over() -> None:
    unread = Way("second", (part(shop="never-read"),))
    found = next_backup(MINE, ORDER, [], SHOPS, rules_with(sku_rule("TY1", backups=(unread, *BACKUPS))))
    assert found is not None
    assert [one.alternative for one in found] == [2]


def test_there_is_none_after_the_last_or_where_another_purchase_feeds_the_line_too() -> None:
    assert next_backup(purchase(1, line_ids=("1",), alternative=2), ORDER, [], SHOPS, RULES) is None
    assert next_backup(MINE, ORDER, [purchase(2, line_ids=("1",))], SHOPS, RULES) is None
    assert next_backup(MINE, ORDER, [purchase(2, line_ids=("2",))], SHOPS, RULES) is not None
