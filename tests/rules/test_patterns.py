"""A pattern reads the goods code out of a code the seller once gave, or nothing."""

from __future__ import annotations

import pytest

from syncbridge.rules.countries import CODES, iso
from syncbridge.rules.patterns import Pattern


@pytest.mark.parametrize(
    ("pattern", "code", "goods"),
    [
        ("TY{goods}", "TYNB1001", "NB1001"),
        ("TY{goods}", "TY", None),
        ("TY{goods}", "XXNB1001", None),
        ("TY-{goods}-{any}", "TY-NB1001-RED", "NB1001"),
        ("TY-{goods}-{any}", "TY-NB1001-RED-L", "NB1001"),
        ("TY-{goods}-{any}", "TY-NB1001-", None),
        ("TY-{goods}-{any}", "TY-NB1001", None),
        ("TY-{goods}-{any}", "TY--RED", None),
        ("TY-{any}-{goods}", "TY-RED-NB-1", "NB-1"),
        ("TY{goods}X", "TYAXBX", "AXB"),
        ("TY{goods}YX", "TYX", None),
        ("{goods}.{any}.V2", "NB1.RED.V2", "NB1"),
        ("{goods}.{any}.V2", "NB1.V2", None),
        ("TY+{goods}", "TY+1", "1"),
        ("TY+{goods}", "TYY1", None),
    ],
)
def test_a_place_reaches_to_the_next_sign_and_the_last_one_to_the_end(
    pattern: str, code: str, goods: str | None
) -> None:
    assert Pattern.parse(pattern).goods_code(code) == goods


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("TY", "must have {goods} once"),
        ("TY{any}", "must have {goods} once"),
        ("TY{goods}-{goods}", "must have {goods} once"),
        ("TY{code}", "has {code}; there are only {goods} and {any}"),
        ("TY{goods}{any}", "must have a sign between two places"),
        ("TY{goods", "must have {goods} once"),
        ("TY{goods}-}", "has a brace without its other half"),
    ],
)
def test_a_pattern_that_leaves_something_open_is_refused(pattern: str, what: str) -> None:
    with pytest.raises(ValueError, match=r"^(must )?ha") as caught:
        Pattern.parse(pattern)

    assert what in str(caught.value)


def test_countries_are_known_by_their_two_letters_and_by_the_channels_own() -> None:
    assert [iso(country) for country in ("UK", "uk", "GB", "DE", "SRB")] == ["GB", "GB", "GB", "DE", "RS"]
    assert len(CODES) == 250
    assert {"DE", "GB", "RS", "XK"} <= CODES
    assert "UK" not in CODES
