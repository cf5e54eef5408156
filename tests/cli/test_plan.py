"""``syncbridge plan``, ``apply``, ``revert`` and ``holds`` on a shop whose vendors are in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from typer.testing import Result

from syncbridge import bootstrap
from syncbridge.adapters.memory.channel import MemoryChannel
from syncbridge.adapters.memory.supplier import MemorySupplier
from syncbridge.bootstrap import SystemClock
from syncbridge.cli.output import ExitCode
from syncbridge.model.catalog import ChangeState, Offer, PriceUpdate, Refusal
from syncbridge.ports import Connection
from syncbridge.rules.planning import Step
from syncbridge.store import catalogue, plans
from syncbridge.testing.builders import make_offer, make_spec
from tests.cli.test_queue import Desk

JUMP = make_spec(1, cost="60.00"), make_spec(2, cost="14.90", stock=7)
DEARER = make_spec(1, cost="18.00"), make_spec(2, cost="14.90", stock=7)


class Counter(Desk):
    """A desk whose supplier and store answer from memory, with what they keep."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        self.supplier, self.channel = MemorySupplier(SystemClock()), MemoryChannel(SystemClock())

        async def connect(_: object, name: str) -> Connection:
            return Connection(supplier=self.supplier if name != "toys" else None, channel=self._channel(name))

        monkeypatch.setattr(bootstrap.Opening, "connect", connect)
        monkeypatch.setattr(bootstrap, "_check_accounts", lambda *_: None)

    def _channel(self, name: str) -> MemoryChannel | None:
        return self.channel if name == "toys" else None

    def supplies(self, *offers: Offer) -> None:
        """The supplier has these by now, and we have read them."""
        self.supplier.catalogue |= {offer.offer_id: offer for offer in offers}
        self.change(lambda session: catalogue.keep(session, "main", offers, now=SystemClock().now()))

    def lists(self, *offers: Offer) -> None:
        """They are on sale."""
        self.supplies(*offers)
        assert self.do("plan").exit_code == ExitCode.HELD
        assert self.do("apply", "1", "--yes").exit_code == 0

    def do(self, command: str, *args: str, stdin: bytes | None = None) -> Result:
        return self.run(*args, group=command, stdin=stdin)

    def told(self, command: str, *args: str, code: int = 0) -> dict[str, Any]:  # JSON
        result = self.do(command, *args, "--json")
        assert result.exit_code == code, result.output
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, monkeypatch)


def test_nothing_to_do_is_said_and_ends_well(counter: Counter) -> None:
    result = counter.do("plan")

    assert (result.exit_code, result.stdout) == (0, "Nothing is to be done.\n")


def test_a_plan_is_shown_by_listing_with_reasons_rules_and_totals_and_waits(counter: Counter) -> None:
    counter.lists(make_offer())
    counter.supplies(make_offer(specs=JUMP))
    result = counter.do("plan")

    head, listing, price, total, held, why, step = result.stdout.splitlines()
    (row,) = counter.channel.shop.values()
    assert result.exit_code == ExitCode.HELD
    assert head.startswith("plan 2 · toys · ")
    assert listing == f"listing 1 · {row.listing_id} · Notebook B5"
    assert "price: 7.99 USD → 20.99 USD (+162.7%) · held · price would move by +163%, more than 30% · " in price
    assert "cost 60.00 CNY · " in price
    assert "example.yaml:" in price
    assert total == "total: 1 prices up, 1 leaps, 1 held"
    assert held.startswith("! 1 held by price_step: A price would jump ")
    assert why == "    price would move by +163%, more than 30%"
    assert step == "→ syncbridge apply 2"


def test_a_plan_may_read_first_and_names_what_could_not_be_read(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplier.catalogue["1"] = make_offer("1", *DEARER)
    assert counter.do("plan").exit_code == 0
    (plan,) = counter.told("plan", "--read", code=ExitCode.HELD)["plans"]
    assert [(one["before"], one["after"], one["state"]) for one in plan["changes"]] == [
        ("7.99 USD", "8.99 USD", "proposed")
    ]

    counter.told("apply", "2", "--yes")
    counter.supplier.limit_next = True
    answer = counter.told("plan", "--read", code=ExitCode.PARTIAL)
    assert [failure["offer"] for failure in answer["failures"]] == ["1"]


def test_a_plan_is_looked_at_later_page_by_page(counter: Counter) -> None:
    counter.supplies(make_offer("1"), make_offer("2"))
    counter.do("plan")

    (plan,) = counter.told("plan", "show", "1")["plans"]
    assert (len(plan["changes"]), plan["totals"]["new_listings"], plan["more"]) == (2, 2, False)
    assert counter.told("plan", "show", "1", "--page", "2")["plans"][0]["changes"] == []
    assert counter.told("plan", "list")["plans"][0]["states"] == {"proposed": 2}
    assert "plan 1 · toys" in counter.do("plan", "list").stdout
    missing = counter.do("plan", "show", "9")
    assert (missing.exit_code, missing.stderr) == (1, "there is no plan 9; see: syncbridge plan list\n")


def test_applying_asks_first_and_gives_a_result_for_each_product(counter: Counter) -> None:
    counter.supplies(make_offer("1"))
    counter.do("plan")
    assert counter.do("apply", "1", stdin=b"n\n").exit_code == 1
    assert counter.channel.shop == {}

    result = counter.do("apply", "1", stdin=b"y\n")
    (row,) = counter.channel.shop.values()
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-2:] == [
        "toys · plan 1: 1 applied",
        f"    listing 1 · {row.listing_id} · Notebook B5 · 1 listing applied",
    ]
    assert counter.told("apply", "1", "--yes")["plans"][0]["results"][0]["state"] == "applied"


def test_one_refused_product_and_one_unknown_plan_hide_no_other_result(counter: Counter) -> None:
    counter.lists(make_offer("1"), make_offer("2"))
    counter.supplies(make_offer("1", *DEARER), make_offer("2", *DEARER))
    counter.do("plan")
    first = counter.told("plan", "show", "1")["plans"][0]["changes"][0]["listing_id"]
    set_prices = counter.channel.set_prices

    async def picky(updates: list[PriceUpdate]) -> object:
        if updates[0].listing_id == first:
            return [Refusal(first, "frozen", "the product is frozen")]
        return await set_prices(updates)

    counter.channel.set_prices = picky  # type: ignore[method-assign, assignment]  # one product is frozen
    answer = counter.told("apply", "99", "2", "--yes", code=ExitCode.PARTIAL)

    unknown, done = answer["plans"]
    assert unknown["error"] == "there is no plan 99; see: syncbridge plan list"
    assert [(one["listing"], one["state"], one["why"]) for one in done["results"]] == [
        (1, "refused", f"the channel refused listing {first}: the product is frozen"),
        (2, "applied", ""),
    ]
    assert counter.do("apply", "99", "--yes").exit_code == ExitCode.FAILURE


def test_what_is_being_audited_waits_and_is_no_failure(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplies(make_offer("1", *DEARER))
    counter.do("plan")

    async def auditing(updates: list[PriceUpdate]) -> list[Refusal]:
        return [Refusal(update.listing_id, "auditing", "under audit") for update in updates]

    counter.channel.set_prices = auditing  # type: ignore[method-assign, assignment]  # the channel is auditing
    (done,) = counter.told("apply", "2", "--yes")["plans"]

    assert [(one["state"], one["why"]) for one in done["results"]] == [
        ("auditing", "the channel is auditing the listing")
    ]


def test_a_revert_restores_and_says_what_it_left(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplies(make_offer("1", *DEARER))
    counter.do("plan")
    counter.do("apply", "2", "--yes")
    result = counter.do("revert", "2", "--yes")
    (row,) = counter.channel.shop.values()
    assert (result.exit_code, str(row.skus[0].price)) == (0, "7.99 USD")
    assert result.stdout.splitlines()[0] == "toys · plan 3: 1 applied"

    again = counter.do("revert", "2", "--yes")
    assert again.stdout == "plan 2: nothing to do · 1 left: the seller keeps it\n"
    assert counter.do("plan").stdout == "Nothing is to be done.\n"


def test_a_hold_is_listed_with_what_to_do_and_let_pass(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplies(make_offer("1", *JUMP))
    counter.do("plan")
    (hold,) = counter.told("holds")["holds"]
    assert (hold["kind"], hold["before"], hold["after"]) == ("price_step", "7.99 USD", "20.99 USD")
    assert f"syncbridge holds approve {hold['id']}" in hold["next_step"]
    assert (
        f"→ Check the offer's price on the supplier's page. If it is right: syncbridge holds approve {hold['id']}"
        in (counter.do("holds", "list").stdout)
    )

    result = counter.do("holds", "approve", str(hold["id"]), "--reason", "checked")
    assert (result.exit_code, result.stderr) == (
        0,
        f"{hold['id']} is let pass and goes out as soon as the daemon sees it\n",
    )
    assert counter.told("holds")["holds"] == []
    counter.do("resync", "--offer", "1")
    (row,) = counter.channel.shop.values()
    assert str(row.skus[0].price) == "20.99 USD"


def test_a_stock_that_is_not_known_is_one_entry_for_its_listing_in_both_languages(counter: Counter) -> None:
    counter.lists(make_offer("1", *(make_spec(number, stock=50) for number in range(1, 8))))
    counter.supplies(make_offer("1", *(make_spec(number, stock=None) for number in range(1, 8))))
    counter.do("plan")

    (hold,) = counter.told("holds")["holds"]
    assert (hold["kind"], hold["subject"], hold["skus"]) == ("stock_unsure", "listing toys/1", "7")
    said = {lang: counter.do("holds", "list", "--lang", lang).stdout.splitlines() for lang in ("en", "zh")}
    assert said["en"][1] == (
        "    The supplier's stock of SKUs of a listing is missing or cannot be right; what was shown last stays."
    )
    assert said["zh"][1] == "    刊登中有 SKU 的供应商库存缺失或明显有误；保留原库存。"
    assert {"    why: 供应商没有显示库存", "    skus: 7"} < set(said["zh"])
    refused = counter.do("holds", "approve", str(hold["id"]), "--reason", "x")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "stock_unsure holds no change, so nobody can decide about it; repair its cause\n",
    )


def test_holds_of_a_kind_are_decided_together_and_a_wrong_one_is_a_sentence(counter: Counter) -> None:
    counter.lists(make_offer("1"), make_offer("2"))
    counter.supplies(make_offer("1", *JUMP), make_offer("2", *JUMP))
    counter.do("plan")

    assert counter.told("holds", "drop", "--kind", "price_step", "--reason", "no")["results"] == [
        {"id": "toys", "done": True, "why": ""}
    ]
    assert counter.do("holds").stdout == "No guard stops anything.\n"
    wrong = [
        (("--kind", "price_stp"), "nothing is held by price_stp\n"),
        (("99",), "no hold 99 is open; see: syncbridge holds list\n"),
        (("²",), "² is no number of a hold; see: syncbridge holds list\n"),
    ]
    for args, said in wrong:
        result = counter.do("holds", "approve", *args, "--reason", "x")
        assert (result.exit_code, result.stderr) == (1, said)
    assert counter.do("holds", "drop", "--reason", "x").exit_code == ExitCode.USAGE


def test_a_dry_run_store_plans_and_does_not_apply(counter: Counter) -> None:
    counter.config.write_text(counter.config.read_text().replace("live = true", "live = false"))
    counter.supplies(make_offer("1"))
    counter.do("plan")

    result = counter.do("apply", "1", "--yes")
    assert result.exit_code == ExitCode.FAILURE
    assert "plan 1: store toys is not live, so nothing goes out; set live = true for it" in result.stderr


def test_a_plan_is_shown_in_chinese(counter: Counter) -> None:
    assert counter.do("plan", "--lang", "zh").stdout == "没有需要做的改动。\n"
    assert counter.do("plan", "list", "--lang", "zh").stdout == "还没有计划。\n"
    counter.lists(make_offer())
    counter.supplies(make_offer(specs=(make_spec(1, cost="60.00"), make_spec(2, cost="14.90", stock=50))))
    result = counter.do("plan", "--lang", "zh")

    head, listing, *changes, total, held, why, step = result.stdout.splitlines()
    assert result.exit_code == ExitCode.HELD
    assert (head[:12], head[-7:]) == ("计划 2 · toys ", " · 由您发起")
    assert listing.startswith("刊登 1 · ")
    assert any(" 售价: 7.99 USD → 20.99 USD (+162.7%) · 已拦下 · " in change for change in changes)
    assert any(" 库存: 5 → 48 · 待批准 · " in change for change in changes)
    assert total == "合计: 1 项涨价, 1 项大幅调价, 1 项其他库存变化, 1 项已拦下"
    assert held == "! 1 项被 price_step 拦下: 价格变动超过了限幅；保留原价。"
    assert (why, step) == ("    price would move by +163%, more than 30%", "→ syncbridge apply 2")


def test_a_plan_of_before_and_the_list_of_plans_are_shown_in_the_language_of_the_locale(counter: Counter) -> None:
    counter.supplies(make_offer("1"))
    counter.do("plan")

    _, listing, change, total, _ = counter.run("show", "1", group="plan", LC_ALL="zh_CN.UTF-8").stdout.splitlines()
    assert listing == "刊登 1 · 平台上还没有 · Notebook B5"
    assert "    刊登: 无 → Notebook B5 · 待批准 · " in change
    assert total == "合计: 1 项新刊登"
    assert counter.do("plan", "list", "--lang", "zh").stdout.endswith(" · 由您发起 · 1 项待批准\n")


def test_words_that_a_plan_changes_are_shown_as_they_are_and_states_by_name(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    steps = [
        Step("", "title", "None", "Unknown", "given in t.csv row 2"),
        Step("", "status", "offline", "on_sale", "it should not be"),
    ]

    def add(session: Session) -> None:
        plan = plans.begin(session, "toys", "words given in t.csv", now=SystemClock().now())
        plans.add(session, plan, [(1, step) for step in steps], ChangeState.PROPOSED)

    counter.change(add)
    _, _, status, title, *_ = counter.do("plan", "show", "2", "--lang", "zh").stdout.splitlines()

    assert title == "    标题: None → Unknown · 待批准 · given in t.csv row 2 · 没有规则"
    assert status == "    上下架: 已下架 → 在售 · 待批准 · 不应如此 · 没有规则"


def test_an_offer_that_cannot_be_read_for_a_plan_is_told_in_chinese(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplier.limit_next = True

    assert "! 供应商商品 1 无法读取：" in counter.do("plan", "--read", "--lang", "zh").stderr


def test_applying_asks_and_answers_in_chinese(counter: Counter) -> None:
    counter.supplies(make_offer("1"))
    counter.do("plan")
    result = counter.do("apply", "1", "--only", "proposed", "--lang", "zh", stdin=b"y\n")

    (row,) = counter.channel.shop.values()
    assert "要把计划 1 中待批准的改动发送到店铺吗？" in result.stderr
    assert result.stdout.splitlines()[-2:] == [
        "toys · 计划 1: 1 项已执行",
        f"    刊登 1 · {row.listing_id} · Notebook B5 · 1 项刊登已执行",
    ]


def test_what_is_being_audited_is_told_in_chinese(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplies(make_offer("1", *DEARER))
    counter.do("plan")

    async def auditing(updates: list[PriceUpdate]) -> list[Refusal]:
        return [Refusal(update.listing_id, "auditing", "under audit") for update in updates]

    counter.channel.set_prices = auditing  # type: ignore[method-assign, assignment]  # the channel is auditing
    told = counter.do("apply", "2", "--yes", "--lang", "zh").stdout

    assert " · 1 项售价审核中: 平台正在审核该商品。 (the channel is auditing the listing)\n" in told


def test_a_revert_asks_and_says_in_chinese_what_it_left(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplies(make_offer("1", *DEARER))
    counter.do("plan")
    counter.do("apply", "2", "--yes")
    result = counter.do("revert", "2", "--lang", "zh", stdin=b"y\n")
    assert "要恢复计划 2 之前的值，并锁定它们吗？" in result.stderr
    assert "toys · 计划 3: 1 项已执行" in result.stdout

    again = counter.do("revert", "2", "--yes", "--lang", "zh")
    assert again.stdout == "计划 2: 没有需要做的改动 · 1 项未动：您保留了它\n"


def test_what_programs_read_of_plans_is_the_same_in_every_language(counter: Counter) -> None:
    counter.lists(make_offer("1"))
    counter.supplies(make_offer("1", *DEARER))
    counter.do("plan")
    counter.do("apply", "2", "--yes")
    counter.do("revert", "2", "--yes")

    for command in (("plan",), ("plan", "list"), ("plan", "show", "2"), ("apply", "2", "--yes"), ("revert", "2", "-y")):
        one, other = (counter.do(*command, "--json", "--lang", lang).stdout for lang in ("en", "zh"))
        assert one == other
    assert '"said": "1 left: the seller keeps it"' in one
