"""What a stranger does at the mock: each a story of calls that belong together, held against the documents."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.adapters.alibaba1688.caller import ADDRESS, OFFER
from tests.adapters.alibaba1688.stranger import CROSSBORDER, LOGISTICS, MESSAGES, PRODUCT, TRADE, Stranger

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

SPEC = f"{1:032x}"
CARGO = {"offerId": OFFER, "specId": SPEC, "quantity": 3}
JPEG = b"\xff\xd8\xff\xe0 a photo"
COUNTRY = {"country": "en"}


async def bought(stranger: Stranger, **changes: object) -> str:
    """An order of three pieces, by the cross-border API."""
    params: dict[str, Any] = {"flow": "general", "addressParam": ADDRESS, "cargoParamList": [CARGO]} | changes
    made = await stranger.call(f"{TRADE}/alibaba.trade.createCrossOrder", **params)
    assert made["success"] is True, made
    return str(made["result"]["orderId"])


async def viewed(stranger: Stranger, order_id: str) -> dict[str, Any]:
    answer = await stranger.call(f"{TRADE}/alibaba.trade.get.buyerView", webSite="1688", orderId=order_id)
    assert answer["success"] == "true"
    trade: dict[str, Any] = answer["result"]
    return trade


async def paid(stranger: Stranger, order_id: str) -> None:
    order = {"orderId": int(order_id), "payChannel": "alipay", "opRequestId": f"pay{order_id}"}
    answer = await stranger.call(
        f"{TRADE}/alibaba.trade.pay.protocolPay.preparePay", tradeWithholdPreparePayParam=order
    )
    assert answer["result"]["result"]["paySuccess"] is True


async def browses(stranger: Stranger, bench: Bench) -> None:
    """Finds offers by words, in a shop, by a picture and in a pool, and reads one."""
    page = {"beginPage": 1, "pageSize": 20, **COUNTRY}
    pool = {"offerPoolId": 1, "taskId": "t", "pageNo": 1, "pageSize": 20}
    pulled = await stranger.call(f"{CROSSBORDER}/pool.product.pull", offerPoolQueryParam=pool)
    assert OFFER in [each["offerId"] for each in pulled["result"]["result"]]
    detail = await stranger.call(
        f"{CROSSBORDER}/product.search.queryProductDetail", offerDetailParam={"offerId": OFFER, **COUNTRY}
    )
    offer = detail["result"]["result"]
    by_words = await stranger.call(
        f"{CROSSBORDER}/product.search.keywordQuery", offerQueryParam={**page, "keyword": offer["subject"][:4]}
    )
    in_shop = await stranger.call(
        f"{CROSSBORDER}/product.search.querySellerOfferList",
        offerQueryParam={**page, "sellerOpenId": offer["sellerOpenId"]},
    )
    picture = {"imageBase64": base64.b64encode(JPEG).decode()}
    image = await stranger.call(f"{CROSSBORDER}/product.image.upload", uploadImageParam=picture)
    by_picture = await stranger.call(
        f"{CROSSBORDER}/product.search.imageQuery", offerQueryParam={**page, "imageId": image["result"]["result"]}
    )
    assert by_picture["result"]["success"] == "true"
    for found in (by_words, in_shop, by_picture):
        assert OFFER in [each["offerId"] for each in found["result"]["result"]["data"]]
    dress = await stranger.call(f"{CROSSBORDER}/category.translation.getById", language="en", categoryId="1031910")
    root = await stranger.call(f"{CROSSBORDER}/category.translation.getById", language="ja", categoryId="0")
    assert (dress["result"]["result"]["leaf"], dress["result"]["result"]["level"]) == ("true", "2")
    assert [child["leaf"] for child in root["result"]["result"]["children"]] == [False, False]


async def lists(stranger: Stranger, bench: Bench) -> None:
    """Tells 1688 what it lists, reads that in the older words, and asks what sending and mixing costs."""
    info = f"{PRODUCT}/alibaba.cross.productInfo"
    assert "没有该商品的查询权限" in (await stranger.call(info, productId=str(OFFER)))["message"]
    pushed = await stranger.call("com.alibaba.product.push/alibaba.cross.syncProductListPushed", productIdList=[OFFER])
    assert pushed["result"]["success"] is True
    product = (await stranger.call(info, productId=str(OFFER)))["productInfo"]
    several = await stranger.call(f"{PRODUCT}/alibaba.cross.productList", productIdList=[OFFER, 5])
    assert product["skuInfos"][0]["price"] == 13.9
    assert not any("://" in image for image in product["image"]["images"])
    assert (several["message"], "skuInfos" in several["productList"][0]) == ("5:商品不存在", False)
    models = [{"skuId": str(product["skuInfos"][0]["skuId"]), "number": 3}]
    codes = {"toProvinceCode": "330000", "toCityCode": "330100", "toCountryCode": "330108"}
    asked = {"offerId": OFFER, "totalNum": 3, "logisticsSkuNumModels": models, **codes}
    freight = await stranger.call(f"{CROSSBORDER}/product.freight.estimate", productFreightQueryParamsNew=asked)
    assert freight["result"]["result"]["freight"] == "5.00"
    joined = await stranger.call("com.alibaba.fenxiao/alibaba.fenxiao.relationadd", offerId=str(OFFER))
    assert joined["result"]["result"] is True


async def buys(stranger: Stranger, bench: Bench) -> None:
    """Looks ahead, buys in each of the three ways, finds its orders again and takes an unpaid one back."""
    preview = await stranger.call(f"{TRADE}/alibaba.createOrder.preview", addressParam=ADDRESS, cargoParamList=[CARGO])
    (part,) = preview["orderPreviewResuslt"]
    assert (part["sumPayment"], part["cargoList"][0]["amount"]) == (4670, 41.7)
    address = await stranger.call(f"{TRADE}/alibaba.trade.receiveAddress.get")
    saved = {"addressId": address["result"]["receiveAddressItems"][0]["id"]}
    order_id = await bought(stranger, addressParam=saved, outOrderId="X1", tradeType="alipay")
    terms: dict[str, Any] = {
        "addressParam": ADDRESS,
        "cargoParamList": [CARGO],
        "outOrderId": "X2",
        "flow": "saleproxy",
    }
    fast = await stranger.call(f"{TRADE}/alibaba.trade.fastCreateOrder", **terms)
    again = [await stranger.call(f"{TRADE}/alibaba.trade.fenxiaoOrder.create", **terms) for _ in range(2)]
    assert {made["result"]["orderId"] for made in again} == {fast["result"]["orderId"]}
    listed = await stranger.call(f"{TRADE}/alibaba.trade.getBuyerOrderList", page="1", pageSize="20")
    assert {each["baseInfo"]["idOfStr"] for each in listed["result"]} >= {order_id}
    trade = await viewed(stranger, order_id)
    seller = trade["baseInfo"]["sellerID"]
    rule = await stranger.call(f"{TRADE}/alibaba.trade.OpQueryMarketingMixConfig", sellerMemberId=seller)
    assert rule["result"]["memberId"] == seller
    bench.pass_time(10)
    ended = await stranger.call(
        f"{TRADE}/alibaba.trade.cancel", webSite="1688", tradeID=order_id, cancelReason="buyerCancel"
    )
    assert ended == {"success": True}


async def pays(stranger: Stranger, bench: Bench) -> None:
    """Asks how and where to pay, pays by withholding, and has its seller hurried."""
    order_id = await bought(stranger)
    ways = await stranger.call(f"{TRADE}/alibaba.trade.payWay.query", orderId=order_id)
    ids = [int(order_id)]
    asked = await stranger.call(f"{TRADE}/trade.orderpay.analysis", orderIds=ids, payChannel="alipay")
    assert ways["resultList"]["payFee"] == asked["result"]["result"]["totalPayFee"] == 4670
    for name in ("alibaba.alipay.url.get", "alibaba.creditPay.url.get", "alibaba.crossBorderPay.url.get"):
        assert (await stranger.call(f"{TRADE}/{name}", orderIdList=ids))["payUrl"].endswith(order_id)
    group = await stranger.call(f"{TRADE}/alibaba.trade.grouppay.url.get", orderIds=ids, payPlatformType="PC")
    assert group["results"]["payUrl"].endswith(order_id)
    agreed = await stranger.call(f"{TRADE}/alibaba.trade.pay.protocolPay.isopen")
    assert "true" in [each["signedStatus"] for each in agreed["result"]["result"]["paymentAgreements"]]
    await paid(stranger, order_id)
    assert (await viewed(stranger, order_id))["baseInfo"]["status"] == "waitsellersend"
    urged = await stranger.call(f"{LOGISTICS}/logistics.delivery.urge", orderId=order_id)
    assert urged["result"]["result"] is True


async def writes(stranger: Stranger, bench: Bench) -> None:
    """Notes something on an order, adds words for its seller, and has an address read."""
    order_id = await bought(stranger, message="mark X7")
    noted = await stranger.call(f"{TRADE}/alibaba.order.memoAdd", orderId=order_id, memo="for Ann", remarkIcon="2")
    told = {"orderId": order_id, "feedback": "please hurry"}
    added = await stranger.call(f"{TRADE}/alibaba.trade.addFeedback", tradeFeedbackParam=told)
    assert (noted, added["success"]) == ({"success": True}, True)
    base = (await viewed(stranger, order_id))["baseInfo"]
    assert (base["buyerMemo"], base["buyerFeedback"]) == ("for Ann", "mark X7 please hurry")
    parsed = await stranger.call(
        f"{TRADE}/alibaba.trade.addresscode.parse", addressInfo="浙江省 杭州市 滨江区网商路699号"
    )
    assert (parsed["result"]["addressCode"], parsed["result"]["address"]) == ("330108", "网商路699号")


async def receives(stranger: Stranger, bench: Bench) -> None:
    """Follows a parcel by what its courier tells, and says that it arrived."""
    order_id = await bought(stranger)
    await paid(stranger, order_id)
    await bench.control(f"orders/{order_id}/ship", {"number": "YT100000009", "company": "YTO"})
    await bench.control(f"orders/{order_id}/trace", {"number": "YT100000009", "changed": "SIGN", "remark": "已签收"})
    trace = await stranger.call(
        f"{LOGISTICS}/alibaba.trade.getLogisticsTraceInfo.buyerView", orderId=order_id, webSite="1688"
    )
    assert trace["logisticsTrace"][0]["logisticsSteps"][0]["remark"] == "已签收"
    entry = int((await viewed(stranger, order_id))["productItems"][0]["subItemIDString"])
    ended = await stranger.call(f"{TRADE}/trade.receivegoods.confirm", orderId=order_id, orderEntryIds=[entry])
    assert ended["result"]["success"] is True
    assert (await viewed(stranger, order_id))["baseInfo"]["status"] == "success"


async def claims(stranger: Stranger, bench: Bench) -> None:
    """Gets money for goods that came and go back, and takes another request back."""
    bench.mock.state.switches.refund_delay_seconds = None
    order_id = await bought(stranger)
    await paid(stranger, order_id)
    await bench.control(f"orders/{order_id}/ship", {"number": "YT100000001", "company": "YTO"})
    parcels = await stranger.call(
        f"{LOGISTICS}/alibaba.trade.getLogisticsInfos.buyerView", orderId=order_id, webSite="1688"
    )
    assert parcels["result"][0]["logisticsBillNo"] == "YT100000001"
    entry = int((await viewed(stranger, order_id))["productItems"][0]["subItemIDString"])
    state = {"orderId": order_id, "goodsStatus": "refundBuyerReceived"}
    reasons = await stranger.call(f"{TRADE}/alibaba.trade.getRefundReasonList", orderEntryIds=[entry], **state)
    reason = next(each for each in reasons["result"]["result"]["reasons"] if each["needVoucher"])
    count = [{"id": entry, "count": 1}]
    asked = {"orderId": int(order_id), "goodsStatus": "refundBuyerReceived", "refundGoodsCountList": count}
    most = await stranger.call(f"{TRADE}/alibaba.trade.getMaxRefundFee", input=asked)
    photo = await stranger.upload(f"{TRADE}/alibaba.trade.uploadRefundVoucher", "imageData", JPEG)
    proof = "{imageDomain}{imageRelativeUrl}".format(**photo["result"]["result"])
    claim: dict[str, Any] = {
        **state,
        "orderEntryIds": [entry],
        "disputeRequest": "returnRefund",
        "applyPayment": str(most["result"]["result"]["maxGoodsFee"]),
        "applyCarriage": "0",
        "applyReasonId": str(reason["id"]),
        "description": "破损",
        "vouchers": [proof],
        "orderEntryCountList": count,
    }
    made = await stranger.call(f"{TRADE}/alibaba.trade.createRefund", **claim)
    refund_id = made["result"]["result"]["refundId"]
    await bench.control(f"orders/{order_id}/refund", {"agree": True})
    where = await stranger.call("com.alibaba.fenxiao/refund.address.get", mainOrderId=order_id)
    couriers = await stranger.call(f"{LOGISTICS}/alibaba.logistics.OpQueryLogisticCompanyList")
    assert where["result"]["data"][0]["offerId"] == OFFER
    back = {"refundId": refund_id, "logisticsCompanyNo": couriers["result"][0]["companyNo"], "freightBill": "YT2"}
    sent = await stranger.call(f"{TRADE}/alibaba.trade.refund.returnGoods", **back)
    assert sent["result"]["success"] is True
    await bench.control(f"orders/{order_id}/refund", {"agree": True})
    await sees_what_became_of(stranger, order_id, refund_id)
    again = await stranger.call(f"{TRADE}/alibaba.trade.createRefund", **claim)
    second = again["result"]["result"]["refundId"]
    complaint = {"type": "RefundComplaint", "orderId": int(order_id), "refundId": second}
    complaint |= {"reasonText": "货没收到", "reasonId": 12}
    judged = await stranger.call(f"{TRADE}/trade.arbitration.apply", param=complaint)
    ended = await stranger.call(f"{TRADE}/alibaba.trade.cancelRefund", refundId=second)
    assert (judged["result"]["success"], ended["result"]["success"]) == (True, True)


async def sees_what_became_of(stranger: Stranger, order_id: str, refund_id: str) -> None:
    """A refund by its id, by its order, in the list, and step by step: fen everywhere."""
    one = await stranger.call(
        f"{TRADE}/alibaba.trade.refund.OpQueryOrderRefund", refundId=refund_id, needOrderRefundOperation="true"
    )
    model = one["result"]["opOrderRefundModelDetail"]
    assert (model["status"], model["refundPayment"], model["goodsStatus"]) == ("refundsuccess", 1390, 3)
    of_order = await stranger.call(
        f"{TRADE}/alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus", orderId=order_id, queryType="3"
    )
    listed = await stranger.call(f"{TRADE}/alibaba.trade.refund.buyer.queryOrderRefundList", dipsuteType="1")
    steps = await stranger.call(
        f"{TRADE}/alibaba.trade.refund.OpQueryOrderRefundOperationList", refundId=refund_id, pageNo="1", pageSize="9"
    )
    for models in (of_order["result"], listed["result"]):
        assert [each["refundId"] for each in models["opOrderRefundModels"]] == [refund_id]
    assert [each["afterOperateStatus"] for each in steps["result"]["opOrderRefundOperationModels"]] == [
        "refundsuccess",
        "waitsellerreceive",
        "waitbuyersend",
        "waitselleragree",
    ]


async def listens(stranger: Stranger, bench: Bench) -> None:
    """Follows an offer in each way, and fetches the messages that nobody took."""
    for api, names in (
        ("alibaba.product.follow", "alibaba.product.unfollow.crossborder"),
        ("alibaba.product.follow.crossborder", "alibaba.product.unfollow.crossborder"),
    ):
        assert (await stranger.call(f"{PRODUCT}/{api}", productId=str(OFFER)))["code"] == 0
        assert (await stranger.call(f"{PRODUCT}/{names}", productId=str(OFFER)))["code"] == 0
    token, stranger.token = stranger.token, ""
    for name in ("removeRelation", "addRelation"):
        done = await stranger.call(f"{CROSSBORDER}/product.kjdistribute.{name}", offerId=str(OFFER))
        assert done["result"]["success"] is True
    await bench.control(f"offers/{OFFER}/price", {"spec_id": SPEC, "price": "13.90"})
    wanted = {"type": "FENXIAO_PRICE_CHANGE"}
    page = (await stranger.call(f"{MESSAGES}/push.query.messageList", **wanted))["pushMessagePage"]
    confirmed = await stranger.call(
        f"{MESSAGES}/push.message.confirm", msgIdList=[each["msgId"] for each in page["datas"]]
    )
    left = await stranger.call(f"{MESSAGES}/push.cursor.messageList", **wanted)
    stranger.token = token
    assert (page["totalCount"], page["datas"][0]["data"]["productId"]) == (1, OFFER)
    assert (confirmed, left) == ({"isSuccess": True}, {"pushMessageList": []})


JOURNEYS = (browses, lists, buys, pays, writes, receives, claims, listens)
