"""Every API the mock answers, by namespace and name: one table (1688.md §4 to §6)."""

from __future__ import annotations

from operator import attrgetter

from syncbridge.adapters.alibaba1688.mock import (
    aftersale,
    catalogue,
    logistics,
    missed,
    notes,
    payments,
    products,
    refunds,
    trade,
    views,
)
from syncbridge.adapters.alibaba1688.mock.endpoint import Endpoint, Endpoints
from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.adapters.alibaba1688.mock.pushes import Pushes
from syncbridge.adapters.alibaba1688.mock.seller import Sellers
from syncbridge.adapters.alibaba1688.mock.state import State

_CROSSBORDER = "com.alibaba.fenxiao.crossborder"
_PRODUCT = "com.alibaba.product"
_TRADE = "com.alibaba.trade"
_LOGISTICS = "com.alibaba.logistics"
_MESSAGES = "cn.alibaba.open"
_ORDERS = attrgetter("grants_orders")
_SEARCH = attrgetter("grants_search")


def _paid(state: State, pushes: Pushes, sellers: Sellers, params: Json) -> None:
    pushes.order_changed(state.order(params["tradeWithholdPreparePayParam"]["orderId"]), "ORDER_PAY")


def _cancelled(state: State, pushes: Pushes, sellers: Sellers, params: Json) -> None:
    pushes.order_changed(state.order(params["tradeID"]), "ORDER_BUYER_CLOSE")


def _received(state: State, pushes: Pushes, sellers: Sellers, params: Json) -> None:
    order = state.order(params["orderId"])
    pushes.order_changed(order, "ORDER_COMFIRM_RECEIVEGOODS")
    pushes.order_changed(order, "ORDER_SUCCESS")


def _noted(state: State, pushes: Pushes, sellers: Sellers, params: Json) -> None:
    pushes.order_changed(state.order(params["orderId"]), "MODIFY_MEMO")


def _asked_back(state: State, pushes: Pushes, sellers: Sellers, params: Json) -> None:
    order = state.order(params["orderId"])
    sellers.asked(order, order.refunds[-1])


def _sent_back(state: State, pushes: Pushes, sellers: Sellers, params: Json) -> None:
    sellers.sent_back(*refunds.refund_of(state, params["refundId"]))


def _wants_no_more(state: State, pushes: Pushes, sellers: Sellers, params: Json) -> None:
    sellers.cancelled(*refunds.refund_of(state, params["refundId"]))


ENDPOINTS: Endpoints = {
    f"{_CROSSBORDER}/pool.product.pull": Endpoint(products.POOL, products.pool, "A"),
    f"{_CROSSBORDER}/product.search.queryProductDetail": Endpoint(products.DETAIL, products.detail, "A"),
    f"{_CROSSBORDER}/product.search.keywordQuery": Endpoint(
        products.KEYWORD, products.search, "A", needs_grant=_SEARCH
    ),
    f"{_CROSSBORDER}/product.search.querySellerOfferList": Endpoint(
        products.SHOP, products.search, "A", needs_grant=_SEARCH
    ),
    f"{_CROSSBORDER}/product.search.imageQuery": Endpoint(
        catalogue.IMAGE_QUERY, catalogue.image_query, "A", needs_grant=_SEARCH
    ),
    f"{_CROSSBORDER}/product.image.upload": Endpoint(catalogue.UPLOAD, catalogue.upload, "A", writes=True),
    f"{_CROSSBORDER}/category.translation.getById": Endpoint(catalogue.CATEGORY, catalogue.category, "A"),
    f"{_CROSSBORDER}/product.freight.estimate": Endpoint(catalogue.FREIGHT, catalogue.freight, "A"),
    f"{_CROSSBORDER}/product.kjdistribute.addRelation": Endpoint(
        catalogue.OFFER, catalogue.add_relation, "J/kj", writes=True, needs_token=False
    ),
    f"{_CROSSBORDER}/product.kjdistribute.removeRelation": Endpoint(
        catalogue.OFFER, catalogue.remove_relation, "J/kj", writes=True, needs_token=False
    ),
    "com.alibaba.fenxiao/alibaba.fenxiao.relationadd": Endpoint(catalogue.OFFER, catalogue.consign, "A", writes=True),
    f"{_PRODUCT}/alibaba.product.follow.crossborder": Endpoint(products.FOLLOW, products.follow, "H", writes=True),
    f"{_PRODUCT}/alibaba.product.follow": Endpoint(products.FOLLOW, products.follow, "H", writes=True),
    f"{_PRODUCT}/alibaba.product.unfollow.crossborder": Endpoint(products.FOLLOW, catalogue.unfollow, "H", writes=True),
    f"{_PRODUCT}/alibaba.cross.productInfo": Endpoint(catalogue.PRODUCT, catalogue.product_info, "product"),
    f"{_PRODUCT}/alibaba.cross.productList": Endpoint(catalogue.PRODUCTS, catalogue.product_list, "product"),
    "com.alibaba.product.push/alibaba.cross.syncProductListPushed": Endpoint(
        catalogue.PRODUCTS, catalogue.push_list, "J", writes=True
    ),
    f"{_TRADE}/alibaba.trade.OpQueryMarketingMixConfig": Endpoint(catalogue.MIX, catalogue.mix, "B"),
    f"{_TRADE}/alibaba.createOrder.preview": Endpoint(trade.PREVIEW, trade.preview, "D"),
    f"{_TRADE}/alibaba.trade.createCrossOrder": Endpoint(
        trade.CREATE, trade.create, "C", writes=True, needs_grant=_ORDERS
    ),
    f"{_TRADE}/alibaba.trade.fastCreateOrder": Endpoint(
        trade.FAST, trade.create, "C", writes=True, needs_grant=_ORDERS
    ),
    f"{_TRADE}/alibaba.trade.fenxiaoOrder.create": Endpoint(
        trade.FENXIAO, trade.create_fenxiao, "C", writes=True, needs_grant=_ORDERS
    ),
    f"{_TRADE}/alibaba.trade.getBuyerOrderList": Endpoint(views.ORDER_LIST, views.order_list, "I"),
    f"{_TRADE}/alibaba.trade.get.buyerView": Endpoint(views.ORDER_VIEW, views.order_view, "B"),
    f"{_TRADE}/alibaba.trade.payWay.query": Endpoint(payments.WAYS, payments.ways, "D"),
    f"{_TRADE}/trade.orderpay.analysis": Endpoint(payments.ANALYSIS, payments.analysis, "A"),
    f"{_TRADE}/alibaba.alipay.url.get": Endpoint(payments.LINK, payments.link, "E"),
    f"{_TRADE}/alibaba.creditPay.url.get": Endpoint(payments.LINK, payments.link_by_channel, "D"),
    f"{_TRADE}/alibaba.crossBorderPay.url.get": Endpoint(payments.LINK, payments.link_by_channel, "D"),
    f"{_TRADE}/alibaba.trade.grouppay.url.get": Endpoint(payments.GROUP_LINK, payments.group_link, "G/pay"),
    f"{_TRADE}/alibaba.trade.pay.protocolPay.isopen": Endpoint({}, payments.is_open, "A"),
    f"{_TRADE}/alibaba.trade.pay.protocolPay.preparePay": Endpoint(trade.PAY, trade.pay, "A", writes=True, after=_paid),
    f"{_TRADE}/alibaba.trade.cancel": Endpoint(aftersale.CANCEL, aftersale.cancel, "F", writes=True, after=_cancelled),
    f"{_TRADE}/trade.receivegoods.confirm": Endpoint(
        logistics.CONFIRM, logistics.confirm, "G", writes=True, after=_received
    ),
    f"{_TRADE}/alibaba.order.memoAdd": Endpoint(notes.MEMO, notes.memo, "memo", writes=True, after=_noted),
    f"{_TRADE}/alibaba.trade.addFeedback": Endpoint(notes.FEEDBACK, notes.feedback, "C", writes=True),
    f"{_TRADE}/alibaba.trade.addresscode.parse": Endpoint(notes.PARSE, notes.parse, "B"),
    f"{_TRADE}/alibaba.trade.receiveAddress.get": Endpoint({}, notes.saved_addresses, "C"),
    f"{_TRADE}/alibaba.trade.getRefundReasonList": Endpoint(aftersale.REASON_LIST, aftersale.reason_list, "A"),
    f"{_TRADE}/alibaba.trade.getMaxRefundFee": Endpoint(aftersale.MAX_FEE, aftersale.max_fee, "A"),
    f"{_TRADE}/alibaba.trade.uploadRefundVoucher": Endpoint(refunds.VOUCHER, refunds.voucher, "A", writes=True),
    f"{_TRADE}/alibaba.trade.createRefund": Endpoint(
        aftersale.CREATE, aftersale.create, "A", writes=True, after=_asked_back
    ),
    f"{_TRADE}/alibaba.trade.refund.OpQueryOrderRefund": Endpoint(aftersale.QUERY_ONE, aftersale.query_one, "I"),
    f"{_TRADE}/alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus": Endpoint(
        aftersale.QUERY_ORDER, aftersale.query_order, "I"
    ),
    f"{_TRADE}/alibaba.trade.refund.buyer.queryOrderRefundList": Endpoint(refunds.LIST, refunds.refund_list, "D"),
    f"{_TRADE}/alibaba.trade.refund.OpQueryOrderRefundOperationList": Endpoint(
        refunds.OPERATIONS, refunds.operations, "I"
    ),
    f"{_TRADE}/alibaba.trade.refund.returnGoods": Endpoint(
        refunds.RETURN, refunds.send_back, "G", writes=True, after=_sent_back
    ),
    f"{_TRADE}/alibaba.trade.cancelRefund": Endpoint(
        refunds.CANCEL, refunds.cancel, "G", writes=True, needs_token=False, after=_wants_no_more
    ),
    f"{_TRADE}/trade.arbitration.apply": Endpoint(refunds.ARBITRATION, refunds.arbitrate, "A", writes=True),
    "com.alibaba.fenxiao/refund.address.get": Endpoint(refunds.RETURN_ADDRESS, refunds.return_address, "G"),
    f"{_LOGISTICS}/alibaba.trade.getLogisticsInfos.buyerView": Endpoint(views.LOGISTICS, views.logistics, "B"),
    f"{_LOGISTICS}/alibaba.trade.getLogisticsTraceInfo.buyerView": Endpoint(logistics.TRACE, logistics.trace, "B"),
    f"{_LOGISTICS}/alibaba.logistics.OpQueryLogisticCompanyList": Endpoint({}, notes.couriers, "B"),
    f"{_LOGISTICS}/logistics.delivery.urge": Endpoint(aftersale.URGE, aftersale.urge, "A", writes=True),
    f"{_MESSAGES}/push.cursor.messageList": Endpoint(missed.CURSOR, missed.cursor, "I", writes=True, needs_token=False),
    f"{_MESSAGES}/push.query.messageList": Endpoint(missed.QUERY, missed.query, "I", needs_token=False),
    f"{_MESSAGES}/push.message.confirm": Endpoint(missed.CONFIRM, missed.confirm, "I", writes=True, needs_token=False),
}
