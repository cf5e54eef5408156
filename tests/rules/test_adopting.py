"""What the SKUs of an existing store are bound to: by code, by likeness, or by nobody but a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncbridge.model.adoption import AdoptionState, SkuPlace, Verdict
from syncbridge.model.catalog import Listing, ListingStatus, Offer, Sku, SkuProperty, Spec
from syncbridge.rules import adopting, likeness
from syncbridge.rules.adopting import Known
from syncbridge.rules.codes import reference_code, sku_code
from syncbridge.rules.mapping import Alias, BuyMode, CodeStyle, Part, Place, Route, SkuRule
from syncbridge.rules.patterns import Pattern
from syncbridge.testing.builders import make_offer, make_spec, usd
from tests.rules.conftest import make_route, make_rules

PLACE = Place("shop.yaml", 40)
GOODS = make_route(code=CodeStyle.GOODS_CODE)


def spec(number: int, code: str | None = None, *values: str) -> Spec:
    made = make_spec(number, code=code)
    return replace(made, attributes=tuple(("颜色", value) for value in values)) if values else made


def sku(code: str, *names: str, key: str = "14:193") -> Sku:
    return Sku(key, code, usd("5.00"), 7, properties=tuple(SkuProperty("14", "1", name) for name in names))


def listing(*skus: Sku, listing_id: str = "1005", title: str = "Notebook B5", images: tuple[str, ...] = ()) -> Listing:
    return Listing(listing_id, title, ListingStatus.ON_SALE, skus, None, images=images)


def known(*offers: Offer, routes: tuple[Route, ...] = (GOODS,), **changes: Any) -> Known:
    rules = replace(make_rules(*routes), **changes.pop("rules", {}))
    return Known("toys", rules, {"main": offers}, **changes)


def one(page: Listing, what: Known) -> Verdict:
    return adopting.propose([page], what)[SkuPlace(page.listing_id, page.skus[0].sku_key)]


def told(verdict: Verdict) -> tuple[str, str, list[str]]:
    return verdict.state, verdict.cause, [candidate.spec_id[-2:] for candidate in verdict.candidates]


def test_a_goods_code_binds_by_rule_whatever_signs_the_channel_left_out() -> None:
    what = known(make_offer("1", spec(1, "G62-01"), spec(2, "G62-02")))
    verdict = one(listing(sku("TYG6202")), what)
    assert told(verdict) == (AdoptionState.BY_RULE, "goods_code", ["02"])
    assert verdict.candidates[0].reasons == ("TYG6202 names it",)


def test_a_code_that_is_written_exactly_so_comes_before_one_that_is_nearly_so() -> None:
    written = replace(make_route(), pattern=Pattern.parse("TY{goods}"))
    what = known(make_offer("1", spec(1, "G6-201"), spec(2, "G62-01")), routes=(written,))
    assert told(one(listing(sku("TYG62-01")), what)) == (AdoptionState.BY_RULE, "pattern", ["02"])
    assert one(listing(sku("TYG6201")), what).state is not AdoptionState.BY_RULE


def test_a_pattern_an_alias_and_a_compact_code_bind_by_rule() -> None:
    goods = make_offer("676651652931", spec(1, "A77"), spec(2))
    compact = replace(make_route("CP"), code=CodeStyle.COMPACT)
    patterned = replace(make_route("PT"), pattern=Pattern.parse("PT{goods}-{any}"))
    alias = Alias("PTOLD", (), "", Part("676651652931", goods.specs[1].spec_id, 1), PLACE)
    what = known(goods, routes=(compact, patterned), rules={"aliases": {"PTOLD": (alias,)}})
    code = sku_code(compact, "toys", goods, goods.specs[1], what.rules)
    page = listing(sku("PTA77-x", key="1"), sku("PTOLD", key="2"), sku(code, key="3"))
    verdicts = adopting.propose([page], what)
    assert [told(verdict)[1:] for verdict in verdicts.values()] == [
        ("pattern", ["01"]),
        ("alias", ["02"]),
        ("compact", ["02"]),
    ]


def test_a_code_we_gave_before_is_known_again() -> None:
    goods = make_offer("1", spec(1), spec(2))
    what = known(goods, routes=(make_route(),))
    code = reference_code(make_route(), "toys", "1", goods.specs[1].spec_id, what.rules)
    assert told(one(listing(sku(code)), what)) == (AdoptionState.BY_RULE, "reference", ["02"])


def test_a_route_whose_codes_another_takes_gives_none() -> None:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    longer = tuple(make_route(f"TY{sign}", name=f"r{sign}", code=CodeStyle.GOODS_CODE) for sign in signs)
    what = known(make_offer("1", spec(1)), routes=(make_route(), *longer))
    assert one(listing(sku("TYA1")), what).state is not AdoptionState.BY_RULE


def test_a_goods_code_of_two_offers_is_told_and_not_guessed() -> None:
    what = known(make_offer("1", spec(1, "A1")), make_offer("2", spec(2, "A-1")))
    verdict = one(listing(sku("TYA1A")), what)
    assert verdict.state is not AdoptionState.BY_RULE
    both = one(listing(sku("TYA1")), known(make_offer("1", spec(1, "A1")), make_offer("2", spec(2, "A1"))))
    assert told(both) == (AdoptionState.UNCLEAR, "ambiguous", ["01", "02"])
    assert both.figures == ("2 specs",)


def test_a_code_that_names_an_offer_leaves_only_its_specs_to_choose_from() -> None:
    named = make_offer("1", spec(1, None, "红色"), spec(2, None, "蓝色"), goods_code="H9", title="笔记本")
    what = known(named, make_offer("2", spec(3, None, "蓝色")))
    verdict = one(listing(sku("TYH9", "Blue")), what)
    assert told(verdict) == (AdoptionState.PROPOSED, "score", ["02", "01"])


@pytest.mark.parametrize(
    ("code", "cause", "figures"),
    [("", "no_code", ()), ("ZZ1", "unrouted_code", ()), ("TYSET", "bundle", ("its parts are at shop.yaml:40:1",))],
)
def test_what_no_order_could_be_routed_by_is_told_with_what_it_may_be(
    code: str, cause: str, figures: tuple[str, ...]
) -> None:
    set_of_three = SkuRule("TYSET", (), (Part("1", "x", 3),), (), PLACE)
    what = known(make_offer("1", spec(1, None, "红色")), rules={"skus": (set_of_three,)})
    verdict = one(listing(sku(code, "Red")), what)
    assert told(verdict) == (AdoptionState.UNCLEAR, cause, ["01"])
    assert verdict.figures == figures


def test_a_code_used_twice_is_told_with_the_other_listing() -> None:
    what = known(make_offer("1", spec(1, "A1")), taken={"TYB1": "1009"})
    pages = [listing(sku("TYA1"), sku("TYB1", key="2")), listing(sku("TYA1"), listing_id="1006")]
    verdicts = adopting.propose(pages, what)
    assert [(v.cause, v.figures) for v in verdicts.values()] == [
        ("repeated", ("also in listing 1006",)),
        ("repeated", ("also in listing 1009",)),
        ("repeated", ("also in listing 1005",)),
    ]
    assert told(verdicts[SkuPlace("1005", "14:193")]) == (AdoptionState.UNCLEAR, "repeated", ["01"])


def test_a_code_used_twice_is_plain_once_the_other_is_ignored() -> None:
    ignored = SkuPlace("1006", "14:193")
    what = known(make_offer("1", spec(1, "A1")), ignored={ignored})
    verdicts = adopting.propose([listing(sku("TYA1")), listing(sku("TYA1"), listing_id="1006")], what)
    assert told(verdicts.pop(ignored)) == (AdoptionState.IGNORED, "by_person", [])
    assert [told(verdict)[0] for verdict in verdicts.values()] == [AdoptionState.BY_RULE]


def test_own_stock_is_left_alone() -> None:
    own = make_route("OS", buy=BuyMode.OWN_STOCK)
    verdict = one(listing(sku("OS1")), known(make_offer("1"), routes=(own,)))
    assert told(verdict) == (AdoptionState.IGNORED, "own_stock", [])


def test_the_most_like_is_proposed_with_the_others_beside_it() -> None:
    colours = ("红色", "蓝色", "白色", "黑色", "绿色", "金色")
    near = make_offer("1", *(spec(n, None, colour) for n, colour in enumerate(colours)))
    far = make_offer("2", spec(9, None, "蓝色"), title="Kitchen knife")
    verdict = one(listing(sku("TY77", "Blue")), known(near, far))
    assert verdict.state is AdoptionState.PROPOSED
    assert verdict.candidates[0].spec_id == near.specs[1].spec_id
    assert len(verdict.candidates) == adopting.MOST_CANDIDATES
    assert verdict.candidates[0].score >= likeness.LEAST_SCORE


def test_two_that_are_as_like_are_told_and_not_guessed() -> None:
    twins = (make_offer("1", spec(1, None, "蓝色")), make_offer("2", spec(2, None, "蓝色")))
    verdict = one(listing(sku("TY77", "Blue")), known(*twins))
    assert told(verdict) == (AdoptionState.UNCLEAR, "close", ["01", "02"])
    assert verdict.figures == ("0.82 and 0.82",)


def test_nothing_like_it_is_told() -> None:
    verdict = one(listing(sku("TY77", "Blue"), title="Kettle"), known(make_offer("1", spec(1, None, "红色"))))
    assert told(verdict)[:2] == (AdoptionState.UNCLEAR, "unlike")
    assert told(one(listing(sku("TY77")), known())) == (AdoptionState.UNCLEAR, "unlike", [])


def test_one_spec_is_not_proposed_for_two_skus_of_a_listing() -> None:
    page = listing(sku("TY1", "Blue", key="1"), sku("TY2", "Blue", key="2"), sku("TY3", "Red", key="3"))
    verdicts = adopting.propose([page], known(make_offer("1", spec(1, None, "蓝色"), spec(2, None, "红色"))))
    assert [verdict.cause for verdict in verdicts.values()] == ["shared", "shared", "score"]


def test_a_picture_finds_what_no_title_can() -> None:
    ours, theirs = "https://ae01.alicdn.com/a.jpg", "https://cbu01.alicdn.com/b.jpg"
    titled = [make_offer(str(n), spec(n, None, "红色"), title=f"Notebook B5 {n}", images=()) for n in range(10, 20)]
    chinese = make_offer("1", spec(1, None, "蓝色"), title="笔记本", images=(theirs,))
    pictures = {ours: "00" * 8, theirs: "00" * 7 + "01"}
    page = listing(sku("TY77", "Blue"), images=(ours,))
    without = one(page, known(*titled, chinese))
    assert "1" not in [candidate.offer_id for candidate in without.candidates]
    assert one(page, known(*titled, chinese, pictures=pictures)).candidates[0].offer_id == "1"


def test_pictures_are_wanted_of_what_is_open_and_of_what_only_a_picture_can_find() -> None:
    def image(name: str) -> tuple[str, ...]:
        return (f"https://cbu01.alicdn.com/{name}.jpg",)

    offers = (
        make_offer("1", spec(1, "A1"), images=image("bound")),
        make_offer("2", spec(2, None, "蓝色"), title="Kettle", images=image("like")),
        make_offer("3", spec(3), title="水壶", images=image("chinese")),
    )
    bound = listing(sku("TYA1"), listing_id="1", images=image("ours-bound"))
    open_ = listing(sku("TY77", "Blue"), listing_id="2", title="Kettle", images=image("ours-open"))
    what = known(*offers, pictures={"https://cbu01.alicdn.com/ours-open.jpg": ""})
    verdicts = adopting.propose([bound, open_], what)
    wanted = adopting.wanted_pictures([bound, open_], verdicts, what)
    assert [url.rsplit("/", 1)[1] for url in wanted] == ["like.jpg", "chinese.jpg", "bound.jpg"]
    assert adopting.wanted_pictures([bound], verdicts, what) == []
