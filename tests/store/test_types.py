"""What goes into a column comes out the same: exact money, aware times, secrets nobody can read in the file."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from syncbridge.errors import ConfigError
from syncbridge.model.money import Money
from syncbridge.store.types import Encrypted, Json, MoneyText, UtcTime, reader, to_json, use_keys
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

    assert reader(type(offer))(to_json(offer)) == offer


def test_threads_may_read_a_type_for_the_first_time_at_once(tmp_path: Path) -> None:
    """In a process of its own, which would die of SIGSEGV: msgspec lays a type out at its first use, in any thread."""
    program = tmp_path / "threads.py"
    program.write_text(FIRST_READS)

    ended = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (0, "read\n"), ended.stderr[-500:]


FIRST_READS = """
import sys, threading
from dataclasses import make_dataclass
from syncbridge.store.types import Json

sys.setswitchinterval(1e-6)

def read(column, barrier):
    barrier.wait()
    assert column.process_result_value('{"parts": [{"number": 1, "name": "a"}]}', None).parts[0].name == "a"

for _ in range(200):
    part = make_dataclass("Part", [("number", int), ("name", str)], frozen=True, slots=True)
    column = Json(make_dataclass("Whole", [("parts", tuple[part, ...])], frozen=True, slots=True))
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=read, args=(column, barrier)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("read")
"""
