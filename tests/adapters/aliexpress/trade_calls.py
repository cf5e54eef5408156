"""Every call about orders, disputes and reviews, made by the plain client, with what must come back."""

from __future__ import annotations

from typing import Any

from tests.adapters.aliexpress.cases import case
from tests.adapters.aliexpress.shop import Shop, picture


@case("aliexpress.trade.seller.orderlist.get")
async def _(shop: Shop) -> None:
    order_id = await shop.order()
    query = {"page_size": 50, "current_page": 1, "create_date_start": shop.pacific(days_ago=1)}
    told = (await shop.call("aliexpress.trade.seller.orderlist.get", param_aeop_order_query=query))["result"]
    (row,) = told["target_list"]
    assert (row["order_id"], row["product_list"][0]["product_count"]) == (order_id, 1)
    assert told["success"] is True
    assert told["error_code"] == "1"  # a success all the same


@case("aliexpress.trade.redefining.findorderlistsimplequery")
async def _(shop: Shop) -> None:
    order_id = await shop.order()
    told = await shop.call("aliexpress.trade.redefining.findorderlistsimplequery", param1={"page": 1, "page_size": 50})
    (row,) = told["result"]["order_list"]
    assert (row["order_id"], row["product_list"][0]["product_unit_price"]) == (order_id, "19.90")


@case("aliexpress.trade.new.redefining.findorderbyid")
async def _(shop: Shop) -> None:
    order_id = await shop.order(lines=2)
    assert [one["order_sort_id"] for one in (await shop.detail(order_id))["child_order_list"]] == [1, 2]


@case("aliexpress.solution.order.receiptinfo.get")
async def _(shop: Shop) -> None:
    order_id = await shop.order()
    told = await shop.call("aliexpress.solution.order.receiptinfo.get", param1={"order_id": order_id})
    assert told["result"]["contact_person"] == "Ana García"


@case("aliexpress.trade.seller.order.decrypt")
async def _(shop: Shop) -> None:
    await shop.tell("settings", mask_addresses=True)
    order_id = await shop.order()
    shown = await shop.detail(order_id)
    assert "*" in shown["receipt_address"]["mobile_no"]
    asked = {"orderId": str(order_id), "oaid": shown["oaid"]}
    told = await shop.call("aliexpress.trade.seller.order.decrypt", **asked)
    assert told["result_obj"]["mobile_no"] == "612345678"
    assert "result_obj" not in await shop.call("aliexpress.trade.seller.order.decrypt", **asked | {"oaid": "guess"})


@case("aliexpress.trade.seller.order.acceptcancel")
async def _(shop: Shop) -> None:
    order_id, buyer = await shop.ask_to_cancel()
    asked = {"order_id": order_id, "buyer_login_id": buyer}
    told = await shop.call("aliexpress.trade.seller.order.acceptcancel", param_order_cancel_request=asked)
    assert told["result"] == {"success": True, "target": True}
    assert (await shop.detail(order_id))["order_status"] == "FINISH"
    again = await shop.call("aliexpress.trade.seller.order.acceptcancel", param_order_cancel_request=asked)
    assert again["result"]["success"] is False


@case("aliexpress.trade.seller.order.refusecancel")
async def _(shop: Shop) -> None:
    order_id, buyer = await shop.ask_to_cancel()
    asked = {"order_id": order_id, "buyer_login_id": buyer, "memo": "sent already"}
    told = await shop.call("aliexpress.trade.seller.order.refusecancel", param_order_cancel_request=asked)
    assert told["result"]["success"] is True
    assert (await shop.detail(order_id))["order_status"] == "WAIT_SELLER_SEND_GOODS"


@case("aliexpress.trade.redefining.extendsbuyeracceptgoodstime")
async def _(shop: Shop) -> None:
    api = "aliexpress.trade.redefining.extendsbuyeracceptgoodstime"
    order_id = await shop.order(status="WAIT_BUYER_ACCEPT_GOODS")
    assert (await shop.call(api, param0=str(order_id), param1="10"))["is_success"] is True
    assert (await shop.call(api, param0="7", param1="10"))["sub_error_code"] == 100


@case("aliexpress.logistics.getwlmailingaddresssnapshotdto")
async def _(shop: Shop) -> None:
    order_id = await shop.order(address={"country": "BR"})
    told = await shop.call("aliexpress.logistics.getwlmailingaddresssnapshotdto", trade_order_id=str(order_id))
    assert told["result"]["cpf"]


@case("aliexpress.issue.issuelist.get")
async def _(shop: Shop) -> None:
    issue_id, buyer, _ = await shop.issue()
    query = {"current_page": 1, "page_size": 50, "issue_status": "processing", "buyer_login_id": buyer}
    told = await shop.call("aliexpress.issue.issuelist.get", query_dto=query)
    assert ([one["issue_id"] for one in told["data_list"]], told["total_item"]) == ([issue_id], 1)


@case("aliexpress.issue.detail.get")
async def _(shop: Shop) -> None:
    issue_id, buyer, _ = await shop.issue()
    told = await shop.call("aliexpress.issue.detail.get", buyer_login_id=buyer, issue_id=str(issue_id))
    assert told["result_object"]["refund_money_max"] == "19.90"
    assert "result_object" not in await shop.call(
        "aliexpress.issue.detail.get", buyer_login_id="another", issue_id=str(issue_id)
    )


@case("aliexpress.issue.solution.agree")
async def _(shop: Shop) -> None:
    issue_id, buyer, solution_id = await shop.issue("return_and_refund")
    asked: dict[str, Any] = {"buyer_login_id": buyer, "issue_id": str(issue_id), "solution_id": str(solution_id)}
    assert (await shop.call("aliexpress.issue.solution.agree", **asked))["result_object"] is False  # no address
    told = await shop.call("aliexpress.issue.solution.agree", **asked, return_address_id="3001")
    assert told["result_object"] is True


@case("aliexpress.issue.solution.save")
async def _(shop: Shop) -> None:
    issue_id, buyer, solution_id = await shop.issue()
    asked = {
        "add_seller_solution": True, "add_solution_type": "refund", "buyer_login_id": buyer,
        "buyer_solution_id": solution_id, "issue_id": issue_id, "refund_amount": "9.95",
        "refund_amount_currency": "USD", "solution_context": "half of it",
    }  # fmt: skip
    api = "aliexpress.issue.solution.save"
    assert (await shop.call(api, param_dto=asked | {"refund_amount": "19.91"}))["result_object"] is False
    assert (await shop.call(api, param_dto=asked))["result_object"] is True
    shown = await shop.call("aliexpress.issue.detail.get", buyer_login_id=buyer, issue_id=str(issue_id))
    (mine,) = shown["result_object"]["seller_solution_list"]
    changed = {"add_seller_solution": False, "modify_seller_solution_id": mine["id"], "refund_amount": "10.95"}
    assert (await shop.call(api, param_dto=asked | changed))["result_object"] is True


@case("aliexpress.issue.image.upload")
async def _(shop: Shop) -> None:
    issue_id, buyer, _ = await shop.issue()
    asked = {"buyer_login_id": buyer, "issue_id": str(issue_id), "extension": "jpg"}
    assert (await shop.call("aliexpress.issue.image.upload", file=picture(), **asked))["result_object"] is True


@case("aliexpress.evaluation.listorderevaluation.get")
async def _(shop: Shop) -> None:
    order_id = await shop.reviewed()
    told = await shop.call(
        "aliexpress.evaluation.listorderevaluation.get", trade_evaluation_request={"parent_order_ids": [order_id]}
    )
    assert told["target_list"][0]["buyer_feedback"] == "¡Perfecto!"


@case("aliexpress.evaluation.evaluation.reply")
async def _(shop: Shop) -> None:
    order_id = await shop.reviewed()
    child_id = (await shop.detail(order_id))["child_order_list"][0]["child_order_id"]
    asked = {"child_order_id": child_id, "parent_order_id": str(order_id), "text": "Thank you"}
    assert (await shop.call("aliexpress.evaluation.evaluation.reply", **asked))["target"] is True
    assert (await shop.call("aliexpress.evaluation.evaluation.reply", **asked))["target"] is False


@case("aliexpress.appraise.redefining.savesellerfeedback")
async def _(shop: Shop) -> None:
    said = {"order_id": await shop.reviewed(), "feedback_content": "Pays at once", "score": 5}
    assert (await shop.call("aliexpress.appraise.redefining.savesellerfeedback", param1=said))["is_success"] is True
