"""What buyers and sellers say of each other afterwards (aliexpress.md §7)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.issue_book import Review
from syncbridge.adapters.aliexpress.mock.order_book import ENDED, Order
from syncbridge.adapters.aliexpress.mock.trade import own
from syncbridge.adapters.aliexpress.mock.words import Date, Digits, Words
from syncbridge.adapters.aliexpress.mock.world import Account, World, understood, written

Payload = dict[str, object]
Said = Annotated[str, Meta(min_length=1, max_length=1000)]


class ReviewQuery(Words):
    """The query of listorderevaluation.get."""

    parent_order_ids: Annotated[list[int], Meta(max_length=50)] = msgspec.field(default_factory=list)
    product_id: int | None = None
    buyer_product_ratings: list[Annotated[int, Meta(ge=1, le=5)]] = msgspec.field(default_factory=list)
    start_order_complete_date: Date | None = None
    end_order_complete_date: Date | None = None
    start_valid_date: Date | None = None
    end_valid_date: Date | None = None


class ListReviews(Words):
    """evaluation.listorderevaluation.get."""

    trade_evaluation_request: ReviewQuery


class Reply(Words):
    """evaluation.evaluation.reply."""

    child_order_id: Digits
    parent_order_id: Digits
    text: Said


class Feedback(Words):
    """What a seller says of a buyer."""

    order_id: int
    feedback_content: Said
    score: Annotated[int, Meta(ge=1, le=5)]
    seller_ali_id: int | None = None
    buyer_ali_id: int | None = None
    anonymous: bool = False
    image_urls: list[str] = msgspec.field(default_factory=list)


class SaveFeedback(Words):
    """appraise.redefining.savesellerfeedback."""

    param1: Feedback


def review(world: World, order: Order, stars: int, words: str) -> None:
    """A buyer says how it was; raises ValueError before the order ended."""
    if order.status not in ENDED:
        raise ValueError("only an order that ended is reviewed")
    order.review = Review(stars, words, world.now())


def find(world: World, account: Account, asked: ListReviews) -> Payload:
    """Reviews; dates are read in Los Angeles."""
    wanted = asked.trade_evaluation_request
    told = [
        _told(order, order.review)
        for order in world.orders.values()
        if order.seller_id == account.seller_id and order.review and _is_meant(order, order.review, wanted)
    ]
    return {"target_list": told, "time_stamp": written(world.now())}


def reply(world: World, account: Account, asked: Reply) -> Payload:
    """Answer a review, once."""
    order = own(world, account, int(asked.parent_order_id))
    lines = [line.child_id for line in order.lines] if order else []
    done = bool(order and order.review and not order.review.reply and int(asked.child_order_id) in lines)
    if done and order and order.review:
        order.review.reply = asked.text
    return {"target": done, "time_stamp": written(world.now())}


def save(world: World, account: Account, asked: SaveFeedback) -> Payload:
    """Say something of a buyer, once, after the order ended."""
    wanted = asked.param1
    order = own(world, account, wanted.order_id)
    if order is None or order.status not in ENDED or order.seller_feedback:
        return {"is_success": False, "sub_error_code": 1, "error_message": "no order that ended and was not rated yet"}
    order.seller_feedback = f"{wanted.score} {wanted.feedback_content}"
    return {"is_success": True}


def _is_meant(order: Order, said: Review, wanted: ReviewQuery) -> bool:
    ended = order.ended_at or order.modified_at
    start, end = wanted.start_order_complete_date, wanted.end_order_complete_date
    from_, until = wanted.start_valid_date, wanted.end_valid_date
    return (
        (not wanted.parent_order_ids or order.order_id in wanted.parent_order_ids)
        and wanted.product_id in (None, order.lines[0].product_id)
        and (not wanted.buyer_product_ratings or said.stars in wanted.buyer_product_ratings)
        and (start is None or ended >= understood(start, late=True))
        and (end is None or ended <= understood(end, late=False))
        and (from_ is None or said.made_at >= understood(from_, late=True))
        and (until is None or said.made_at <= understood(until, late=False))
    )


def _told(order: Order, said: Review) -> Payload:
    return {
        "order_id": order.lines[0].child_id,
        "parent_order_id": order.order_id,
        "product_id": order.lines[0].product_id,
        "buyer_login_id": order.buyer_login_id,
        "buyer_evaluation": str(said.stars),
        "buyer_feedback": said.words,
        "buyer_fb_date": written(said.made_at),
        "valid_date": written(said.made_at),
        "seller_reply": said.reply,
        "gmt_order_complete": written(order.ended_at or order.modified_at),
    }
