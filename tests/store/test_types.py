"""What goes into a column comes out the same: exact money, aware times, secrets nobody can read in the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from cryptography.fernet import Fernet, MultiFernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from syncbridge.errors import ConfigError
from syncbridge.model.money import Money
from syncbridge.store.types import Encrypted, Json, MoneyText, UtcTime, from_json, to_json, use_keys
from syncbridge.testing.builders import make_offer

DIALECT = sqlite.dialect()
use_keys(DIALECT, MultiFernet([Fernet(Fernet.generate_key())]))
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12)


@given(amounts, st.sampled_from(["CNY", "USD", "JPY"]))
def test_money_keeps_every_digit_and_its_currency(amount: Decimal, currency: str) -> None:
    money = Money(amount, currency)

    stored = MoneyText().process_bind_param(money, DIALECT)

    assert MoneyText().process_result_value(stored, DIALECT) == money


def test_money_is_readable_in_the_database() -> None:
    assert MoneyText().process_bind_param(Money.of("13.90", "CNY"), DIALECT) == "13.90 CNY"


@pytest.mark.parametrize("stored", ["13.90", "13,90 CNY", "much CNY", "13.90 yuan", "NaN CNY", ""])
def test_what_is_no_money_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        MoneyText().process_result_value(stored, DIALECT)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001  the zone is given below
def test_a_time_comes_back_as_the_same_moment_in_utc(moment: datetime, hours: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(hours=hours)))

    back = UtcTime().process_result_value(UtcTime().process_bind_param(aware, DIALECT), DIALECT)

    assert back == aware
    assert back is not None
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        UtcTime().process_bind_param(datetime(2026, 3, 2), DIALECT)  # noqa: DTZ001  that is the point


@pytest.mark.parametrize("column", [UtcTime(), MoneyText(), Json(dict[str, str]), Encrypted()])
def test_nothing_stays_nothing(column: UtcTime | MoneyText | Json[object] | Encrypted) -> None:
    assert column.process_bind_param(None, DIALECT) is None
    assert column.process_result_value(None, DIALECT) is None


@given(st.text())
def test_an_encrypted_text_comes_back_and_never_shows(text: str) -> None:
    stored = Encrypted().process_bind_param(text, DIALECT)

    assert Encrypted().process_result_value(stored, DIALECT) == text
    assert stored is not None
    assert len(text) < 8 or text not in stored


def test_the_same_secret_twice_looks_different() -> None:
    first, second = (Encrypted().process_bind_param("token", DIALECT) for _ in range(2))

    assert first != second


def test_a_foreign_key_file_is_told_in_plain_words() -> None:
    other = sqlite.dialect()
    use_keys(other, MultiFernet([Fernet(Fernet.generate_key())]))
    stored = Encrypted().process_bind_param("token", DIALECT)

    with pytest.raises(ConfigError, match="put back the key file"):
        Encrypted().process_result_value(stored, other)


def test_an_older_key_still_opens_what_it_closed() -> None:
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    before, after = sqlite.dialect(), sqlite.dialect()
    use_keys(before, MultiFernet([old]))
    use_keys(after, MultiFernet([new, old]))

    stored = Encrypted().process_bind_param("token", before)

    assert Encrypted().process_result_value(stored, after) == "token"


def test_an_offer_survives_as_json() -> None:
    offer = make_offer()

    assert from_json(to_json(offer), type(offer)) == offer
