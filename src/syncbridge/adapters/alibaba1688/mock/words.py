"""Our offers in the vendor's words, so that tests and demos can stock the mock's shop."""

from __future__ import annotations

from syncbridge.adapters.alibaba1688.mock.params import Json
from syncbridge.model.catalog import MixRule, Offer, Spec
from syncbridge.model.money import Money


def wire_offer(offer: Offer) -> Json:
    """An offer as ``result.result`` of its detail answer: yuan as text, kg and grams where each is due, nulls."""
    has_skus = any(spec.spec_id for spec in offer.specs)
    return {
        "offerId": int(offer.offer_id),
        "categoryId": 1031910,
        "subject": offer.title,
        "subjectTrans": offer.title,
        "description": offer.description_html,
        "status": offer.status,
        "isJxhy": False,
        "sellerOpenId": offer.supplier_id,
        "companyName": offer.supplier_name,
        "minOrderQuantity": offer.moq,
        "batchNumber": offer.lot,
        "productCargoNumber": offer.goods_code,
        "offerIdentities": sorted(offer.identities),
        "productImage": {"images": list(offer.images), "whiteImage": None},
        "productSkuInfos": [_sku(spec) for spec in offer.specs] if has_skus else [],
        "productSaleInfo": {
            "amountOnSale": sum(spec.stock or 0 for spec in offer.specs),
            "priceRangeList": [
                {"startQuantity": tier.quantity, "price": _yuan(tier.cost), "promotionPrice": None}
                for tier in offer.tiers
            ],
            "quoteType": (2 if offer.by_quantity else 1) if has_skus else 0,
            "fenxiaoSaleInfo": _fenxiao_sale(offer),
            "unitInfo": {"unit": "件", "transUnit": "piece"},
        },
        "productShippingInfo": {
            "weight": offer.weight_g / 1000 if offer.weight_g else None,
            "skuShippingInfoList": [
                {"specId": spec.spec_id, "skuId": int(spec.sku_id), "weight": spec.weight_g}
                for spec in offer.specs
                if spec.sku_id
            ],
            "shippingTimeGuarantee": f"shipIn{offer.dispatch_hours}Hours" if offer.dispatch_hours else None,
        },
        "sellerMixSetting": _mix(offer.mix) if offer.mix else None,
        "tagInfoList": [],
    }


def _mix(mix: MixRule) -> Json:
    amount = int(mix.amount.amount) if mix.amount else None
    return {"generalHunpi": mix.general, "mixAmount": amount, "mixNumber": mix.number}


def _sku(spec: Spec) -> Json:
    return {
        "amountOnSale": spec.stock or 0,
        "price": _yuan(spec.cost),
        "promotionPrice": None,
        "skuId": int(spec.sku_id),
        "specId": spec.spec_id,
        "cargoNumber": spec.goods_code,
        "fenxiaoPriceInfo": _fenxiao_price(spec),
        "skuAttributes": [
            {"attributeId": number, "attributeName": name, "value": value, "skuImageUrl": spec.image_url}
            for number, (name, value) in enumerate(spec.attributes, 1)
        ],
    }


def _fenxiao_price(spec: Spec) -> Json | None:
    """One price with postage, or one without."""
    if spec.dropship is None:
        return None
    name = "onePiecePrice" if spec.dropship.postage_paid else "offerPrice"
    return {name: _yuan(spec.dropship.cost)}


def _fenxiao_sale(offer: Offer) -> Json | None:
    sent_alone = [spec.dropship for spec in offer.specs if spec.dropship]
    if not sent_alone:
        return None
    paid = all(each.postage_paid for each in sent_alone)
    whole = {} if offer.specs[0].spec_id else _fenxiao_price(offer.specs[0])
    return {"onePieceFreePostage": paid, "startQuantity": 1, **(whole or {})}


def _yuan(cost: Money | None) -> str | None:
    return str(cost.amount) if cost else None
