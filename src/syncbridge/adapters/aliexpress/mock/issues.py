"""Disputes (aliexpress.md §7): listed, shown, agreed to, answered with a solution of the seller's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.issue_book import Issue, Kind, Solution
from syncbridge.adapters.aliexpress.mock.order_book import Order
from syncbridge.adapters.aliexpress.mock.photobank import size_of
from syncbridge.adapters.aliexpress.mock.words import Decimals, Digits, Words
from syncbridge.adapters.aliexpress.mock.world import Account, World, written

Payload = dict[str, object]


class IssueQuery(Words):
    """The query of issuelist.get; times in milliseconds."""

    current_page: Annotated[int, Meta(ge=1)]
    page_size: Annotated[int, Meta(ge=1, le=50)]
    issue_status: Literal["processing", "canceled_issue", "finish"] | None = None
    order_no: int | None = None
    buyer_login_id: str | None = None
    create_time_start: int | None = None
    create_time_end: int | None = None
    channel_seller_id: int | None = None


class ListIssues(Words):
    """issue.issuelist.get."""

    query_dto: IssueQuery


class AskIssue(Words):
    """issue.detail.get."""

    buyer_login_id: str
    issue_id: Digits


class Agree(Words):
    """issue.solution.agree."""

    buyer_login_id: str
    issue_id: Digits
    solution_id: Digits
    return_address_id: Digits | None = None


class Proposal(Words):
    """A solution of the seller's, new or changed."""

    add_seller_solution: bool
    buyer_login_id: str
    issue_id: int
    refund_amount: Decimals
    refund_amount_currency: str
    solution_context: Annotated[str, Meta(min_length=1)]
    add_solution_type: Kind | None = None
    buyer_solution_id: int | None = None
    modify_seller_solution_id: int | None = None
    return_good_address_id: int | None = None


class SaveSolution(Words):
    """issue.solution.save."""

    param_dto: Proposal


class UploadProof(Words):
    """issue.image.upload."""

    buyer_login_id: str
    issue_id: Digits
    extension: Annotated[str, Meta(pattern=r"^(jpg|jpeg|png)\Z")]
    image_bytes: bytes


def open_issue(world: World, order: Order, reason: str, kind: Kind, amount: Decimal | None) -> Issue:
    """A buyer disputes the first line of an order; raises ValueError where nothing was sent."""
    if order.status not in ("WAIT_BUYER_ACCEPT_GOODS", "SELLER_PART_SEND_GOODS", "FINISH"):
        raise ValueError(f"nothing can be disputed in status {order.status}")
    now, line = world.now(), order.lines[0]
    most = line.price * line.quantity
    number = world.serial(60_000_000_000)
    issue = Issue(number, order.order_id, line.child_id, line.product_id, order.buyer_login_id, reason, most, now, now)
    status = "wait_seller_accept"
    issue.solutions.append(Solution(world.serial(70_000_000_000), "buyer", kind, amount or most, reason, status, now))
    world.issues[number] = issue
    order.issue_status, order.modified_at = "IN_ISSUE", now
    return issue


def find(world: World, account: Account, asked: ListIssues) -> Payload:
    """A page of disputes, the newest first; the answer has no ``result``."""
    wanted = asked.query_dto
    found = [issue for issue in world.issues.values() if _is_of(world, account, issue) and _is_meant(issue, wanted)]
    found.sort(key=lambda issue: issue.number, reverse=True)
    first = (wanted.current_page - 1) * wanted.page_size
    return {
        "current_page": wanted.current_page,
        "page_size": wanted.page_size,
        "total_item": len(found),
        "data_list": [_row(issue) for issue in found[first : first + wanted.page_size]],
    }


def detail(world: World, account: Account, asked: AskIssue) -> Payload:
    """One dispute; no ``result_object`` if there is none of that buyer's."""
    issue = _own(world, account, int(asked.issue_id), asked.buyer_login_id)
    return {} if issue is None else {"result_object": _whole(issue)}


def agree(world: World, account: Account, asked: Agree) -> Payload:
    """Take the buyer's solution; a return needs the address to return to."""
    issue = _own(world, account, int(asked.issue_id), asked.buyer_login_id)
    chosen = _solution(issue, int(asked.solution_id), "buyer") if issue else None
    if issue is None or chosen is None or issue.status != "processing":
        return _no(world)
    returns = chosen.kind == "return_and_refund"
    if returns and asked.return_address_id is None:
        return _no(world)
    chosen.status = "reached"
    issue.stands = "wait_for_buyer_return" if returns else "refund_success"
    issue.changed_at = world.now()
    if not returns:
        issue.status = "finish"
        world.orders[issue.order_id].issue_status = "END_ISSUE"
    return {"result_object": True}


def save(world: World, account: Account, asked: SaveSolution) -> Payload:
    """Keep a solution of the seller's: one more, for which the buyer's is refused, or a changed one."""
    wanted = asked.param_dto
    issue = _own(world, account, wanted.issue_id, wanted.buyer_login_id)
    if issue is None or issue.status != "processing" or _is_wrong(issue, wanted):
        return _no(world)
    amount, now = Decimal(wanted.refund_amount), world.now()
    if wanted.add_seller_solution:
        kind = wanted.add_solution_type or "refund"
        made = Solution(world.serial(70_000_000_000), "seller", kind, amount, wanted.solution_context, _WAITS, now)
        issue.solutions.append(made)
    else:
        changed = _solution(issue, wanted.modify_seller_solution_id, "seller")
        assert changed is not None  # noqa: S101  checked above
        changed.amount, changed.words, changed.version = amount, wanted.solution_context, changed.version + 1
    issue.stands, issue.changed_at = "wait_for_buyer_response", now
    return {"result_object": True}


def upload(world: World, account: Account, asked: UploadProof) -> Payload:
    """Keep a picture as evidence."""
    issue = _own(world, account, int(asked.issue_id), asked.buyer_login_id)
    if issue is None or size_of(asked.image_bytes) is None:
        return _no(world)
    issue.pictures += 1
    return {"result_object": True}


_WAITS = "wait_buyer_accept"


def _is_wrong(issue: Issue, wanted: Proposal) -> bool:
    if wanted.refund_amount_currency != "USD" or not 0 <= Decimal(wanted.refund_amount) <= issue.most:
        return True
    if not wanted.add_seller_solution:
        return _solution(issue, wanted.modify_seller_solution_id, "seller") is None
    returns = wanted.add_solution_type == "return_and_refund"
    return _solution(issue, wanted.buyer_solution_id, "buyer") is None or (
        returns and wanted.return_good_address_id is None
    )


def _solution(issue: Issue, number: int | None, owner: str) -> Solution | None:
    return next((one for one in issue.solutions if one.number == number and one.owner == owner), None)


def _own(world: World, account: Account, number: int, buyer_login_id: str) -> Issue | None:
    issue = world.issues.get(number)
    if issue is None or issue.buyer_login_id != buyer_login_id or not _is_of(world, account, issue):
        return None
    return issue


def _is_of(world: World, account: Account, issue: Issue) -> bool:
    return world.orders[issue.order_id].seller_id == account.seller_id


def _is_meant(issue: Issue, wanted: IssueQuery) -> bool:
    made_ms = int(issue.made_at.timestamp() * 1000)
    return (
        wanted.issue_status in (None, issue.status)
        and wanted.order_no in (None, issue.order_id, issue.child_id)
        and wanted.buyer_login_id in (None, issue.buyer_login_id)
        and (wanted.create_time_start is None or made_ms >= wanted.create_time_start)
        and (wanted.create_time_end is None or made_ms <= wanted.create_time_end)
    )


def _no(world: World) -> Payload:
    world.refused["issue"] += 1
    return {"result_object": False}


def _row(issue: Issue) -> Payload:
    return {
        "issue_id": issue.number,
        "order_id": issue.child_id,
        "parent_order_id": issue.order_id,
        "buyer_login_id": issue.buyer_login_id,
        "issue_status": issue.status,
        "reason_chinese": issue.reason,
        "reason_english": issue.reason,
        "gmt_create": written(issue.made_at),
        "gmt_modified": written(issue.changed_at),
    }


def _whole(issue: Issue) -> Payload:
    return {
        "id": issue.number,
        "order_id": issue.child_id,
        "parent_order_id": issue.order_id,
        "product_id": str(issue.product_id),
        "buyer_login_id": issue.buyer_login_id,
        "issue_status": issue.status,
        "issue_reason": issue.reason,
        "reverse_detail_status": issue.stands,
        "refund_money_max": f"{issue.most:.2f}",
        "refund_money_max_currency": "USD",
        "refund_money_max_local": f"{issue.most:.2f}",
        "refund_money_max_local_currency": "USD",
        "gmt_create": written(issue.made_at),
        "buyer_solution_list": [_told(issue, one) for one in issue.solutions if one.owner == "buyer"],
        "seller_solution_list": [_told(issue, one) for one in issue.solutions if one.owner == "seller"],
        "platform_solution_list": [],
        "process_dto_list": [
            {
                "issue_id": issue.number,
                "action_type": "initiate",
                "content": issue.reason,
                "submit_member_type": "buyer",
                "gmt_create": written(issue.made_at),
                "attachments": [],
            }
        ],
    }


def _told(issue: Issue, one: Solution) -> Payload:
    return {
        "id": one.number,
        "issue_id": issue.number,
        "order_id": issue.child_id,
        "solution_type": one.kind,
        "solution_owner": one.owner,
        "content": one.words,
        "refund_money": f"{one.amount:.2f}",
        "refund_money_currency": "USD",
        "refund_money_post": f"{one.amount:.2f}",
        "status": one.status,
        "logistics_fee_bear_role": "seller",
        "gmt_create": written(one.made_at),
        "version": one.version,
    }
