"""Every call about shops, categories and products, made by the plain client, with what must come back."""

from __future__ import annotations

import json
from typing import Any

from tests.adapters.aliexpress.cases import case
from tests.adapters.aliexpress.shop import LEAF, PRODUCT, Shop, picture

POST = "aliexpress.postproduct.redefining."


@case("global.seller.relation.query")
async def _(shop: Shop) -> None:
    (relation,) = (await shop.call("global.seller.relation.query"))["seller_relation_list"]
    assert relation["business_type"] == "POP"


@case("global.seller.channel.info.get")
async def _(shop: Shop) -> None:
    told = (await shop.call("global.seller.channel.info.get"))["result"]["data"]
    assert [one["channel"] for one in told["seller_relation_list"]] == ["AE_GLOBAL"]


@case("aliexpress.merchant.profile.get")
async def _(shop: Shop) -> None:
    await shop.product()
    profile = (await shop.call("aliexpress.merchant.profile.get"))["profile"]
    assert profile["online_store_product_number"] == "1"


@case("aliexpress.merchant.product.post.limit")
async def _(shop: Shop) -> None:
    await shop.product()
    limits = (await shop.call("aliexpress.merchant.product.post.limit"))["result"]["seller_product_limit_data"]
    assert (limits["product_total_online_num"], limits["product_current_month_pub_num"]) == (1, 1)


@case("aliexpress.merchant.manufacture.list")
async def _(shop: Shop) -> None:
    (maker,) = (await shop.call("aliexpress.merchant.manufacture.list"))["result"]["data_list"]
    assert await shop.product(manufacturer_id=maker["manufacturer_id"])


@case("aliexpress.merchant.manufacture.detail")
async def _(shop: Shop) -> None:
    told = await shop.call("aliexpress.merchant.manufacture.detail", manufacturer_id="700001")
    assert told["result"]["data"]["name"]


@case("aliexpress.freight.redefining.listfreighttemplate")
async def _(shop: Shop) -> None:
    told = await shop.call("aliexpress.freight.redefining.listfreighttemplate")
    assert told["result_success"]
    assert [one["is_default"] for one in told["aeop_freight_template_d_t_o_list"]] == [True, False]


@case("aliexpress.freight.redefining.calculatefreight")
async def _(shop: Shop) -> None:
    asked: dict[str, Any] = {
        "country": "ES",
        "count": "2",
        "weight": "0.5",
        "length": "20",
        "width": "15",
        "height": "5",
    }
    asked |= {"freight_template_id": "50164494212", "product_price": {"amount": "19.90", "currency_code": "USD"}}
    told = await shop.call("aliexpress.freight.redefining.calculatefreight", **asked)
    assert told["aeop_freight_calculate_result_d_t_o_list"][0]["freight"] == {"amount": "7.00", "currency_code": "USD"}


@case(POST + "querypromisetemplatebyid")
async def _(shop: Shop) -> None:
    all_of_them = (await shop.call(POST + "querypromisetemplatebyid", template_id="-1"))["result"]["template_list"]
    (one,) = (await shop.call(POST + "querypromisetemplatebyid", template_id="100"))["result"]["template_list"]
    assert one in all_of_them


@case(POST + "getproductgrouplist")
async def _(shop: Shop) -> None:
    groups = (await shop.call(POST + "getproductgrouplist"))["result"]["target_list"]
    product_id = await shop.product(group_id=groups[0]["group_id"])
    assert (await shop.shown(product_id))["group_ids"] == [groups[0]["group_id"]]


@case("aliexpress.photobank.redefining.uploadimageforsdk")
async def _(shop: Shop) -> None:
    kept = await shop.call(
        "aliexpress.photobank.redefining.uploadimageforsdk", file=picture(80, 60), file_name="名 a.jpg"
    )
    assert (kept["result"]["is_success"], kept["result"]["width"], kept["result"]["height"]) == (True, 80, 60)
    assert await shop.product(image_u_r_ls=kept["result"]["photobank_url"])


@case("aliexpress.photobank.redefining.uploadimage")
async def _(shop: Shop) -> None:
    kept = await shop.call("aliexpress.photobank.redefining.uploadimage", file=picture(kind="PNG"), file_name="a.png")
    assert kept["result"]["success"] is True


@case("aliexpress.category.redefining.getchildrenpostcategorybyid")
async def _(shop: Shop) -> None:
    leaves: list[int] = []
    below = [0]
    while below:
        asked: dict[str, Any] = {"param0": str(below.pop())}
        told = await shop.call("aliexpress.category.redefining.getchildrenpostcategorybyid", **asked)
        for found in told["result"]["aeop_post_category_list"]:
            (leaves if found["isleaf"] else below).append(found["id"])
            assert json.loads(found["names"])["zh"]
    assert LEAF in leaves
    assert await shop.product(category_id=leaves[0])


@case("aliexpress.category.redefining.getpostcategorybyid")
async def _(shop: Shop) -> None:
    told = await shop.call("aliexpress.category.redefining.getpostcategorybyid", param0=str(LEAF))
    assert told["result"]["aeop_post_category_list"][0]["isleaf"] is True


@case("aliexpress.category.tree.list")
async def _(shop: Shop) -> None:
    told = await shop.call("aliexpress.category.tree.list", category_id="0", only_with_permission="true")
    assert told["aeop_post_category_list"][0]["names"]["en"]


@case("aliexpress.category.redefining.getchildattributesresultbypostcateidandpath")
async def _(shop: Shop) -> None:
    api = "aliexpress.category.redefining.getchildattributesresultbypostcateidandpath"
    found = (await shop.call(api, param1=str(LEAF), locale="en_US"))["result"]["attributes"]
    assert sorted(one["spec"] for one in found if one["sku"]) == [1, 2, 3]
    brand = next(one for one in found if one["id"] == 2)
    assert "ES" in json.loads(brand["features"])["AE_FEATURE_PRequireStrategy"]
    assert any(not one["visible"] for one in found)
    parent = next(one for one in found if any(value["has_sub_attr"] for value in one["values"] or []))
    value = next(value for value in parent["values"] if value["has_sub_attr"])
    below = await shop.call(api, param1=str(LEAF), param2=[f"{parent['id']}={value['id']}"])
    assert below["result"]["attributes"][0]["id"] not in {one["id"] for one in found}


@case("aliexpress.category.eu.responsible.persons.list")
async def _(shop: Shop) -> None:
    told = await shop.call("aliexpress.category.eu.responsible.persons.list", category_id=str(LEAF))
    assert told["support"] is True
    assert await shop.product(msr_eu_id=str(told["eu_contact_module_list"][0]["msr_eu_id"]), category_id=LEAF)


@case("aliexpress.category.qualifications.list")
async def _(shop: Shop) -> None:
    told = await shop.call("aliexpress.category.qualifications.list", category_id=str(LEAF), local="en_US")
    needed = [one for one in told["qualification_module_list"] if one["required"]]
    proofs = [{"key": one["key"], "type": one["type"], "value": "https://ae01.alicdn.com/kf/ce.jpg"} for one in needed]
    assert await shop.product(category_id=LEAF, aeop_qualification_struct_list=proofs)


@case("aliexpress.offer.product.post")
async def _(shop: Shop) -> None:
    assert (await shop.shown(await shop.product()))["subject_list"] == [{"locale": "en_US", "value": "Notebook"}]


@case("aliexpress.offer.product.edit")
async def _(shop: Shop) -> None:
    product_id = await shop.product(msr_eu_id="1000123")
    whole = PRODUCT | {"product_id": product_id, "subject_list": [{"locale": "en_US", "value": "Notepad"}]}
    await shop.call("aliexpress.offer.product.edit", aeop_a_e_product=whole)
    shown = await shop.shown(product_id)
    assert shown["subject_list"][0]["value"] == "Notepad"
    assert "msr_eu_id" not in shown  # what is not sent again is gone


@case("aliexpress.offer.product.query")
async def _(shop: Shop) -> None:
    (sku,) = (await shop.shown(await shop.product()))["aeop_ae_product_s_k_us"]
    assert (sku["id"], sku["sku_price"], sku["ipm_sku_stock"]) == ("14:193", "19.90", 7)
    assert sku["aeop_s_k_u_property_list"][0]["property_value_id"] == 193


@case("aliexpress.offer.product.delete")
async def _(shop: Shop) -> None:
    product_id = await shop.product()
    assert (await shop.call("aliexpress.offer.product.delete", product_id=str(product_id)))["product_id"] == product_id
    assert not await shop.shown(product_id)


@case("aliexpress.offer.product.skuprices.edit")
async def _(shop: Shop) -> None:
    product_id = await shop.product()
    asked: dict[str, Any] = {"product_id": str(product_id), "sku_id_price_map": {"14:193": "21.90"}}
    assert (await shop.call("aliexpress.offer.product.skuprices.edit", **asked))["result"]["success"] is True
    assert (await shop.shown(product_id))["aeop_ae_product_s_k_us"][0]["sku_price"] == "21.90"


@case(POST + "editsingleskuprice")
async def _(shop: Shop) -> None:
    product_id = await shop.product()
    asked: dict[str, Any] = {
        "product_id": str(product_id),
        "sku_id": "14:193",
        "sku_price": "21.90",
        "sale_price": "20.90",
    }
    assert (await shop.call(POST + "editsingleskuprice", **asked))["result"]["modify_count"] == 1
    assert (await shop.shown(product_id))["aeop_ae_product_s_k_us"][0]["sku_discount_price"] == "20.90"


@case(POST + "editmutilpleskustocks")
async def _(shop: Shop) -> None:
    product_id = await shop.product()
    asked: dict[str, Any] = {"product_id": str(product_id), "sku_stocks": {"14:193": 240}}
    assert (await shop.call(POST + "editmutilpleskustocks", **asked))["result"]["success"] is True
    assert (await shop.shown(product_id))["aeop_ae_product_s_k_us"][0]["ipm_sku_stock"] == 240


@case(POST + "editsingleskustock")
async def _(shop: Shop) -> None:
    asked: dict[str, Any] = {"product_id": str(await shop.product()), "sku_id": "14:193"}
    assert (await shop.call(POST + "editsingleskustock", **asked, ipm_sku_stock="5"))["result"]["success"] is True
    assert (await shop.call(POST + "editsingleskustock", **asked, ipm_sku_stock="0"))["result"]["success"] is False


@case(POST + "editsimpleproductfiled")
async def _(shop: Shop) -> None:
    product_id = await shop.product()
    for name, value in (("subject", "Notepad"), ("deliveryTime", "5"), ("imageURLs", "https://ae01.alicdn.com/b.jpg")):
        asked: dict[str, Any] = {"product_id": str(product_id), "fied_name": name, "fiedvalue": value}
        assert (await shop.call(POST + "editsimpleproductfiled", **asked))["result"]["success"] is True
    shown = await shop.shown(product_id)
    assert (shown["subject_list"][0]["value"], shown["delivery_time"]) == ("Notepad", 5)


@case(POST + "findproductinfolistquery")
async def _(shop: Shop) -> None:
    first, second = await shop.product(), await shop.product()
    query = {"product_status_type": "onSelling", "excepted_product_ids": [first], "subject": "notebook"}
    told = (await shop.call(POST + "findproductinfolistquery", aeop_a_e_product_list_query=query))["result"]
    assert [one["product_id"] for one in told["aeop_a_e_product_display_d_t_o_list"]] == [second]


@case(POST + "findaeproductstatusbyid")
async def _(shop: Shop) -> None:
    await shop.tell("settings", audit_seconds=60)
    asked: dict[str, Any] = {"product_id": str(await shop.product())}
    assert (await shop.call(POST + "findaeproductstatusbyid", **asked))["result"]["status"] == "auditing"
    await shop.clock.sleep(61)
    assert (await shop.call(POST + "findaeproductstatusbyid", **asked))["result"]["status"] == "approved"
    await shop.tell(f"products/{asked['product_id']}/edit", refused=True)
    assert (await shop.call(POST + "findaeproductstatusbyid", **asked))["result"]["status"] == "refuse"


@case(POST + "offlineaeproduct")
async def _(shop: Shop) -> None:
    ids = [await shop.product(), await shop.product()]
    told = await shop.call(POST + "offlineaeproduct", product_ids=f"{ids[0]};{ids[1]}", edit_reason="season")
    assert told["result"]["modify_count"] == 2
    assert (await shop.shown(ids[0]))["product_status_type"] == "offline"


@case(POST + "onlineaeproduct")
async def _(shop: Shop) -> None:
    product_id = await shop.product()
    await shop.call(POST + "offlineaeproduct", product_ids=str(product_id))
    told = await shop.call(POST + "onlineaeproduct", product_ids=f"{product_id};7")
    (refused,) = told["result"]["error_details"]
    assert (told["result"]["modify_count"], refused["product_ids"]) == (1, [7])
