"""Disputes and reviews as the vendor keeps them: what was said, and what was proposed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["refund", "return_and_refund"]


@dataclass
class Solution:
    """What one side proposes."""

    number: int
    owner: Literal["buyer", "seller"]
    kind: Kind
    amount: Decimal
    words: str
    status: str
    made_at: datetime
    version: int = 1


@dataclass
class Issue:
    """A buyer's dispute about one line of an order."""

    number: int
    order_id: int
    child_id: int
    product_id: int
    buyer_login_id: str
    reason: str
    most: Decimal
    made_at: datetime
    changed_at: datetime
    status: str = "processing"
    stands: str = "wait_for_seller_response"
    solutions: list[Solution] = field(default_factory=list)
    pictures: int = 0


@dataclass
class Review:
    """What a buyer said of an order, and what was said back."""

    stars: int
    words: str
    made_at: datetime
    reply: str = ""
    seller_stars: int | None = None
    seller_words: str = ""
