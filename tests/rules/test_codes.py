"""Which code a new SKU gets, and what a code says of its spec."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.errors import MappingError
from syncbridge.model.catalog import Offer, Spec
from syncbridge.rules.codes import Says, Through, decoded, encoded, readings, sku_code
from syncbridge.rules.mapping import Alias, CodeStyle, Part, Place, Route, Rules
from syncbridge.rules.patterns import Pattern
from syncbridge.rules.routing import route_for
from syncbridge.testing.builders import make_offer, make_spec
from tests.rules.conftest import make_route, make_rules

ALIAS = Place("shop.yaml", 90, 5)
COMPACT = make_route(code=CodeStyle.COMPACT)
GOODS = make_route(code=CodeStyle.GOODS_CODE)
OFFER = make_offer("676651652931", make_spec(1, code="NB1001"), make_spec(2, code="NB1002"))


def with_alias(*aliases: Alias, route: Route = COMPACT) -> Rules:
    return replace(make_rules(route), aliases={alias.code: (alias,) for alias in aliases})


def code_of(route: Route, offer: Offer = OFFER, spec: int = 0, rules: Rules | None = None) -> str:
    return sku_code(route, "toys", offer, offer.specs[spec], rules or make_rules(route))


def refused(route: Route, offer: Offer = OFFER, rules: Rules | None = None) -> str:
    with pytest.raises(MappingError) as caught:
        code_of(route, offer, rules=rules)
    return str(caught.value)


def test_a_reference_is_what_it_was_before_there_was_a_choice() -> None:
    assert code_of(make_route(), make_offer("676651652931", make_spec(1))) == "TY3O3AOJZRS7"


def test_a_compact_code_is_the_ids_of_offer_and_sku_in_base_36_behind_the_prefix() -> None:
    spec = replace(make_spec(1), sku_id="4878065068300")
    code = code_of(COMPACT, make_offer("676651652931", spec))

    assert code == "TY8MUKX8W31Q8Y9ZRWS"
    assert (int(code[2:10], 36), int(code[10:], 36)) == (676651652931, 4878065068300)


ids = st.integers(1, 36**9 - 1)


@given(ids, st.one_of(st.just(0), ids))
def test_a_compact_code_gives_both_ids_back(offer: int, sku: int) -> None:
    code = encoded(str(offer), str(sku) if sku else "")

    assert code is not None
    assert decoded(code) == (str(offer), str(sku) if sku else "")
    assert code.isascii()
    assert code.isalnum()


@pytest.mark.parametrize("code", ["", "123456789", "0123456789", "1abcdefghi", "1-23456789", "１123456789"])
def test_what_was_never_encoded_is_not_decoded(code: str) -> None:
    assert decoded(code) is None


@pytest.mark.parametrize(
    ("offer", "sku"), [("", "1"), ("1", str(36**9)), ("0", "1"), ("007", "1"), ("A1", "1"), ("1", "-1"), ("1", "x")]
)
def test_ids_that_would_not_come_back_are_not_encoded(offer: str, sku: str) -> None:
    assert encoded(offer, sku) is None


def test_a_spec_without_siblings_needs_no_sku_id_for_a_compact_code() -> None:
    alone = replace(make_spec(1), sku_id="")

    assert code_of(COMPACT, make_offer("36", alone)) == "TY10000000000"
    assert "36/" in refused(COMPACT, make_offer("36", alone, make_spec(2)))
    assert "has no sku id of its own" in refused(COMPACT, make_offer("36", alone, make_spec(2)))


def test_ids_that_do_not_fit_are_said_with_what_to_write_instead() -> None:
    assert refused(COMPACT, make_offer("A7", make_spec(1))) == (
        f"shop.yaml:12:1: the ids of A7/{1:032x} do not fit into a compact code; give route route-TY code: reference"
    )
    assert "would have 21 characters, and 20 is the most" in refused(
        make_route("TYNB", code=CodeStyle.COMPACT), make_offer("676651652931", make_spec(1))
    )


def test_a_code_may_have_twenty_characters() -> None:
    assert len(code_of(GOODS, make_offer("1", make_spec(1, code="A" * 18)))) == 20


def test_an_alias_of_another_store_takes_no_code_and_says_nothing() -> None:
    spec = Alias("TYNB1001", ("games",), "", Part("9", "a", 1), ALIAS)
    code = Alias("TYNB1002", ("games",), "TYK7", None, ALIAS)
    rules = with_alias(spec, code, route=GOODS)

    assert [code_of(GOODS, spec=number, rules=rules) for number in (0, 1)] == ["TYNB1001", "TYNB1002"]
    assert [says.goods_code for sku in ("TYNB1001", "TYNB1002") for says in readings(sku, "toys", rules)] == [
        "NB1001",
        "NB1002",
    ]


def test_the_suppliers_goods_code_follows_the_prefix() -> None:
    assert [code_of(GOODS, spec=number) for number in (0, 1)] == ["TYNB1001", "TYNB1002"]
    assert code_of(GOODS, make_offer("1", make_spec(1), goods_code="K7")) == "TYK7"


@pytest.mark.parametrize(
    ("offer", "why"),
    [
        (make_offer("1", make_spec(1)), "has no goods code"),
        (make_offer("1", make_spec(1, code="NB-1")), "NB-1, which is not of letters and digits alone"),
        (make_offer("1", make_spec(1, code="红1")), "红1, which is not of letters and digits alone"),
        (make_offer("1", make_spec(1, code="A"), make_spec(2, code="A")), "A, as 1 other specs of the offer have"),
        (make_offer("1", make_spec(1), make_spec(2), goods_code="A"), "A, as 1 other specs of the offer have"),
        (make_offer("1", make_spec(1, code="A" * 19)), "would have 21 characters"),
    ],
)
def test_a_goods_code_that_would_not_name_one_spec_makes_no_code(offer: Offer, why: str) -> None:
    assert why in refused(GOODS, offer)


def test_a_code_that_a_longer_prefix_would_take_is_refused() -> None:
    longer = make_route("TYNB", place=Place("shop.yaml", 30))

    assert refused(GOODS, rules=make_rules(GOODS, longer)) == (
        f"shop.yaml:12:1: SKU code TYNB1001 of 676651652931/{1:032x} would be taken by route route-TYNB at "
        "shop.yaml:30:1; give route route-TY a prefix of its own"
    )


def test_a_code_that_an_alias_gives_another_meaning_is_refused() -> None:
    other = Alias("TYNB1001", (), "", Part("9", "a", 1), ALIAS)

    assert "would be taken by an alias" in refused(GOODS, rules=with_alias(other, route=GOODS))


def found(code: str, rules: Rules) -> list[tuple[Through, str, str, str, str]]:
    return [
        (says.through, says.offer_id, says.sku_id, says.spec_id, says.goods_code)
        for says in readings(code, "toys", rules)
    ]


def test_a_compact_code_says_its_ids() -> None:
    says = readings("TY8MUKX8W31Q8Y9ZRWS", "toys", make_rules(COMPACT))

    assert says == (Says(Through.COMPACT, COMPACT.place, "main", offer_id="676651652931", sku_id="4878065068300"),)
    assert readings("TY8MUKX8W31Q8Y9ZRWS", "toys", make_rules()) == ()


def test_a_goods_code_is_read_through_the_pattern_or_behind_the_prefix() -> None:
    old = make_route(pattern=Pattern.parse("TY-{goods}-{any}"))

    assert readings("TY-NB1-RED", "toys", make_rules(old)) == (
        Says(Through.PATTERN, old.place, "main", goods_code="NB1"),
    )
    assert found("TYNB1", make_rules(old)) == []
    assert readings("TYNB1", "toys", make_rules(GOODS)) == (
        Says(Through.GOODS_CODE, GOODS.place, "main", goods_code="NB1"),
    )
    assert found("TY", make_rules(GOODS)) == []
    assert found("TY-NB1", make_rules(GOODS)) == []


def test_a_code_that_may_be_read_in_two_ways_is_read_in_both_ids_first() -> None:
    both = make_route(code=CodeStyle.COMPACT, pattern=Pattern.parse("TY{goods}"))

    assert found("TY1234567890", make_rules(both)) == [
        (Through.COMPACT, "1", str(int("234567890", 36)), "", ""),
        (Through.PATTERN, "", "", "", "1234567890"),
    ]


def test_an_alias_says_its_spec_or_what_the_code_it_stands_for_says() -> None:
    spec = Alias("TYOLD", (), "", Part("676651652931", "a", 1), ALIAS)
    code = Alias("OLD-7", (), "TY10000000000", None, ALIAS)
    rules = with_alias(spec, code)

    assert readings("TYOLD", "toys", rules) == (
        Says(Through.ALIAS, ALIAS, "main", offer_id="676651652931", spec_id="a"),
    )
    assert found("OLD-7", rules) == [(Through.COMPACT, "36", "", "", "")]
    assert route_for("OLD-7", "toys", rules) is rules.routes[0]


def test_a_code_no_route_takes_says_nothing() -> None:
    assert readings("ZZ8MUKX8W31Q8Y9ZRWS", "toys", make_rules(COMPACT)) == ()


@pytest.mark.parametrize(
    ("says", "fitting"),
    [
        ({"offer_id": "676651652931", "spec_id": f"{2:032x}"}, [2]),
        ({"offer_id": "676651652931", "sku_id": "9000000000002"}, [2]),
        ({"offer_id": "1", "sku_id": "9000000000002"}, []),
        ({"offer_id": "676651652931"}, []),
        ({"goods_code": "NB1001"}, [1]),
        ({"goods_code": "K7"}, [1, 2, 3]),
        ({"goods_code": "NB"}, []),
    ],
)
def test_what_a_code_says_fits_the_specs_it_names(says: dict[str, str], fitting: list[int]) -> None:
    specs = [replace(make_spec(n, code=code), sku_id=f"900000000000{n}") for n, code in enumerate(CODES_OF, start=1)]
    offer = make_offer("676651652931", *specs, goods_code="K7")
    said = Says(Through.PATTERN, ALIAS, "main", **says)

    assert [number for number, spec in enumerate(specs, start=1) if said.fits(offer, spec)] == fitting


CODES_OF = ("NB1001", "NB1002", None)


def test_a_sku_id_is_the_suppliers_own() -> None:
    spec: Spec = make_spec(1)

    assert Says(Through.COMPACT, ALIAS, "main", "676651652931", sku_id=spec.sku_id).fits(OFFER, OFFER.specs[0])
