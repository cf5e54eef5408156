"""Money: an exact amount that never travels without its currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, InvalidOperation

_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units (yuan, dollars) with its ISO 4217 currency."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"money must be a finite number, not {self.amount}")
        if len(self.currency) != 3 or not self.currency.isalpha() or not self.currency.isupper():
            raise ValueError(f"{self.currency!r} is not a three-letter currency code such as CNY or USD")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read an amount in major units; raises ValueError for anything that is not a number."""
        try:
            return cls(Decimal(str(amount).strip()), currency)
        except InvalidOperation as error:
            raise ValueError(f"{amount!r} is not an amount of money") from error

    @classmethod
    def minor(cls, units: int, currency: str) -> Money:
        """Read integer minor units (fen, cents)."""
        return cls(Decimal(units).scaleb(-_MINOR_DIGITS.get(currency, 2)), currency)

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read ``"2000.00 CNY"``; raises ValueError with the expected form."""
        amount, _, currency = text.strip().partition(" ")
        if not currency:
            raise ValueError(f"{text!r} lacks a currency; write it as '2000.00 CNY'")
        return cls.of(amount, currency.strip())

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency."""
        return cls(Decimal(0), currency)

    @property
    def minor_units(self) -> int:
        """Integer minor units (fen, cents), rounded half up."""
        return int(self.rounded().amount.scaleb(_MINOR_DIGITS.get(self.currency, 2)))

    def rounded(self) -> Money:
        """The amount to the currency's smallest unit, half up."""
        return self._to_the_coin(ROUND_HALF_UP)

    def rounded_up(self) -> Money:
        """The amount up to the currency's smallest unit."""
        return self._to_the_coin(ROUND_CEILING)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        digits = _MINOR_DIGITS.get(self.currency, 2)
        return f"{self.amount:.{digits}f} {self.currency}"

    def _to_the_coin(self, rounding: str) -> Money:
        step = Decimal(1).scaleb(-_MINOR_DIGITS.get(self.currency, 2))
        return Money(self.amount.quantize(step, rounding=rounding), self.currency)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"cannot reckon {self.currency} with {other.currency}; convert one first")
        return other.amount
