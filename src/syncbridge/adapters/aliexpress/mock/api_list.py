"""Every business call the mock knows, by the vendor's name."""

from __future__ import annotations

from collections.abc import Mapping

from syncbridge.adapters.aliexpress.mock import (
    categories,
    issues,
    order_calls,
    photobank,
    product_changes,
    product_words,
    products,
    reviews,
    shipping,
    shipping_words,
    shop,
    sub_orders,
    trade,
    warehouse,
    words,
)
from syncbridge.adapters.aliexpress.mock.apis import Api, api

_OF_SHOPS: Mapping[str, Api] = {
    "global.seller.relation.query": api(words.Nothing, shop.relations),
    "global.seller.channel.info.get": api(words.Nothing, shop.channels),
    "aliexpress.merchant.profile.get": api(words.Nothing, shop.profile),
    "aliexpress.merchant.product.post.limit": api(words.Nothing, shop.limits),
    "aliexpress.merchant.manufacture.list": api(words.Nothing, shop.makers),
    "aliexpress.merchant.manufacture.detail": api(shop.AskMaker, shop.maker),
    "aliexpress.freight.redefining.listfreighttemplate": api(words.Nothing, shop.freight_templates),
    "aliexpress.freight.redefining.calculatefreight": api(shop.AskFreight, shop.freight, "product_price"),
    "aliexpress.postproduct.redefining.querypromisetemplatebyid": api(shop.AskPromise, shop.promise_templates),
    "aliexpress.postproduct.redefining.getproductgrouplist": api(words.Nothing, shop.groups),
    "aliexpress.photobank.redefining.uploadimageforsdk": api(photobank.Upload, photobank.upload_for_sdk, writes=True),
    "aliexpress.photobank.redefining.uploadimage": api(photobank.Upload, photobank.upload, writes=True),
}

_OF_CATEGORIES: Mapping[str, Api] = {
    "aliexpress.category.redefining.getchildrenpostcategorybyid": api(categories.AskCategory, categories.children),
    "aliexpress.category.redefining.getpostcategorybyid": api(categories.AskCategory, categories.one),
    "aliexpress.category.tree.list": api(categories.AskTree, categories.tree),
    "aliexpress.category.redefining.getchildattributesresultbypostcateidandpath": api(
        categories.AskAttributes, categories.attributes, "param2"
    ),
    "aliexpress.category.eu.responsible.persons.list": api(categories.AskPersons, categories.persons),
    "aliexpress.category.qualifications.list": api(categories.AskQualifications, categories.qualifications),
}

_OF_PRODUCTS: Mapping[str, Api] = {
    "aliexpress.offer.product.post": api(product_words.PostProduct, products.post, "aeop_a_e_product", writes=True),
    "aliexpress.offer.product.edit": api(product_words.PostProduct, products.edit, "aeop_a_e_product", writes=True),
    "aliexpress.offer.product.query": api(product_words.QueryProduct, products.query),
    "aliexpress.offer.product.delete": api(product_words.QueryProduct, products.remove, writes=True),
    "aliexpress.offer.product.skuprices.edit": api(
        product_words.EditPrices, product_changes.edit_prices, "sku_id_price_map", writes=True
    ),
    "aliexpress.postproduct.redefining.editsingleskuprice": api(
        product_words.EditSinglePrice, product_changes.edit_price, writes=True
    ),
    "aliexpress.postproduct.redefining.editmutilpleskustocks": api(
        product_words.EditStock, product_changes.edit_stock, "sku_stocks", writes=True
    ),
    "aliexpress.postproduct.redefining.editsingleskustock": api(
        product_words.EditSingleStock, product_changes.edit_one_stock, writes=True
    ),
    "aliexpress.postproduct.redefining.editsimpleproductfiled": api(
        product_words.EditField, product_changes.edit_field, writes=True
    ),
    "aliexpress.postproduct.redefining.findproductinfolistquery": api(
        product_words.ListProducts, products.find, "aeop_a_e_product_list_query"
    ),
    "aliexpress.postproduct.redefining.findaeproductstatusbyid": api(product_words.QueryProduct, products.status),
    "aliexpress.postproduct.redefining.onlineaeproduct": api(
        product_words.SwitchProducts, product_changes.put_online, writes=True
    ),
    "aliexpress.postproduct.redefining.offlineaeproduct": api(
        product_words.TakeOffline, product_changes.take_offline, writes=True
    ),
}

_OF_ORDERS: Mapping[str, Api] = {
    "aliexpress.trade.seller.orderlist.get": api(words.ListOrders, trade.find_list, "param_aeop_order_query"),
    "aliexpress.trade.redefining.findorderlistsimplequery": api(
        order_calls.ListSimply, order_calls.find_simply, "param1"
    ),
    "aliexpress.trade.new.redefining.findorderbyid": api(words.FindOrder, trade.find_one, "param1"),
    "aliexpress.solution.order.receiptinfo.get": api(order_calls.AskReceipt, order_calls.receipt, "param1"),
    "aliexpress.trade.seller.order.decrypt": api(order_calls.Decipher, order_calls.decipher),
    "aliexpress.trade.seller.order.acceptcancel": api(
        order_calls.AcceptCancel, order_calls.accept, "param_order_cancel_request", writes=True
    ),
    "aliexpress.trade.seller.order.refusecancel": api(
        order_calls.RefuseCancel, order_calls.refuse, "param_order_cancel_request", writes=True
    ),
    "aliexpress.trade.redefining.extendsbuyeracceptgoodstime": api(order_calls.Extend, order_calls.extend, writes=True),
    "aliexpress.logistics.getwlmailingaddresssnapshotdto": api(order_calls.AskTaxNumbers, order_calls.tax_numbers),
    "aliexpress.issue.issuelist.get": api(issues.ListIssues, issues.find, "query_dto"),
    "aliexpress.issue.detail.get": api(issues.AskIssue, issues.detail),
    "aliexpress.issue.solution.agree": api(issues.Agree, issues.agree, writes=True),
    "aliexpress.issue.solution.save": api(issues.SaveSolution, issues.save, "param_dto", writes=True),
    "aliexpress.issue.image.upload": api(issues.UploadProof, issues.upload, writes=True),
    "aliexpress.evaluation.listorderevaluation.get": api(reviews.ListReviews, reviews.find, "trade_evaluation_request"),
    "aliexpress.evaluation.evaluation.reply": api(reviews.Reply, reviews.reply, writes=True),
    "aliexpress.appraise.redefining.savesellerfeedback": api(reviews.SaveFeedback, reviews.save, "param1", writes=True),
}

_OF_PARCELS: Mapping[str, Api] = {
    "aliexpress.logistics.redefining.listlogisticsservice": api(words.Nothing, trade.services),
    "aliexpress.logistics.asf.shipment.inquiry.solution": api(warehouse.AskSolutions, warehouse.solutions),
    "cainiao.global.logistics.carrier.querylist": api(warehouse.AskCarriers, warehouse.carriers),
    "aliexpress.logistics.sellershipmentfortop": api(words.DeclareShipment, trade.declare, writes=True),
    "aliexpress.logistics.sellermodifiedshipmentfortop": api(shipping_words.ModifyShipment, trade.modify, writes=True),
    "aliexpress.logistics.querysellershipmentinfo": api(words.QueryShipments, trade.declared),
    "aliexpress.solution.order.fulfill": api(sub_orders.Fulfil, sub_orders.fulfil, writes=True),
    "aliexpress.logistics.order.shipment": api(
        sub_orders.Ship, sub_orders.ship, "param_aeop_seller_shipment_sub_trade_order_request", writes=True
    ),
    "aliexpress.logistics.sellershipmentsupportsubtradeorder": api(
        sub_orders.ShipLines, sub_orders.ship_lines, "sub_trade_order_list", writes=True
    ),
    "aliexpress.logistics.order.modifyshipment": api(
        sub_orders.ModifyLines, sub_orders.modify_lines, "sub_trade_order_list", writes=True
    ),
    "aliexpress.logistics.redefining.sellermodifiedshipmentsupportsubtradeorder": api(
        sub_orders.ModifyLines, sub_orders.modify_lines, "sub_trade_order_list", writes=True
    ),
    "aliexpress.logistics.redefining.querytrackingresult": api(shipping_words.AskTracking, shipping.tracking),
    "aliexpress.logistics.redefining.getonlinelogisticsservicelistbyorderid": api(
        shipping_words.AskServices, shipping.services
    ),
    "aliexpress.logistics.service.query": api(
        shipping_words.QueryServices, shipping.queried_services, "interface_request"
    ),
    "aliexpress.logistics.redefining.getlogisticsselleraddresses": api(
        shipping_words.AskAddresses, shipping.addresses, "seller_address_query"
    ),
    "aliexpress.logistics.redefining.qureywlbdomesticlogisticscompany": api(words.Nothing, warehouse.domestic_couriers),
    "aliexpress.logistics.createwarehouseorder": api(
        shipping_words.CreateWarehouseOrder, shipping.create, "address_d_t_os", writes=True
    ),
    "aliexpress.logistics.order.createorder": api(
        warehouse.CreateOrder, warehouse.create, "address_d_t_os", "insurance_coverage", writes=True
    ),
    "aliexpress.logistics.redefining.getonlinelogisticsinfo": api(shipping_words.AskOrders, shipping.orders),
    "aliexpress.logistics.querylogisticsorderdetail": api(warehouse.AskDetails, warehouse.details),
    "aliexpress.logistics.redefining.getprintinfo": api(shipping_words.AskLabel, shipping.label),
    "aliexpress.logistics.redefining.getprintinfos": api(
        warehouse.AskLabels, warehouse.labels, "warehouse_order_query_d_t_os"
    ),
    "aliexpress.logistics.getpdfsbycloudprint": api(
        warehouse.AskLabels, warehouse.cloud_prints, "warehouse_order_query_d_t_os"
    ),
}

APIS: Mapping[str, Api] = {**_OF_SHOPS, **_OF_CATEGORIES, **_OF_PRODUCTS, **_OF_ORDERS, **_OF_PARCELS}
