"""The JSON Schema of mapping files, so that an editor completes keys and explains them while one writes.

Kept beside the reader as data; a test holds that both know the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string", "minLength": 1}
_ID: _Schema = {"type": ["string", "integer"], "pattern": "^[0-9]+$"}
_CURRENCY: _Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
_MONEY: _Schema = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? +[A-Z]{3}$"}
_SHARE: _Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        {"type": "string", "pattern": r"^[0-9]{1,2}(\.[0-9]+)? *%$"},
    ]
}


def json_schema() -> dict[str, object]:
    """The schema stored as mappings/schema.json (draft 7, which editors know best)."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "syncbridge mapping file",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rates": _named(
                "Exchange rates, each under its pair, such as CNY/USD.",
                {"anyOf": [_RATE, _described(_TEXT, "Or the account that tells it.")]},
                r"^[A-Z]{3}/[A-Z]{3}$",
            ),
            "relays": _named("Addresses in China that purchases are sent to, by a name of your choice.", _RELAY),
            "freights": _named("What forwarders ask for a parcel, by a name of your choice.", _FREIGHTS),
            "commissions": _named("The channel's shares by category, by a name of your choice.", _COMMISSIONS),
            "prices": _named("Ways to make a price of a cost, by a name of your choice.", _PRICE),
            "stocks": _named("Ways to show stock, by a name of your choice.", _STOCK),
            "listings": _named("What listings have in common, by a name of your choice.", _LISTING),
            "parcels": _named("What customs are told of booked parcels, by a name of your choice.", _PARCELS),
            "routes": {"description": "What each SKU prefix decides.", "type": "array", "minItems": 1, "items": _ROUTE},
            "skus": {
                "description": "Single SKUs: what they are made of, and where else to buy it.",
                "type": "array",
                "minItems": 1,
                "items": _SKU,
            },
            "aliases": {
                "description": "Old SKU codes, and what each stands for: another SKU code, or a spec.",
                "type": "array",
                "minItems": 1,
                "items": _ALIAS,
            },
        },
    }


def _described(schema: Mapping[str, object], description: str) -> _Schema:
    return {"description": description, **schema}


def _list_of(items: _Schema) -> _Schema:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": items}


def _whole(least: int) -> _Schema:
    return {"type": "integer", "minimum": least}


def _section(required: Mapping[str, _Schema], optional: Mapping[str, _Schema] | None = None) -> _Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def _extending(required: Mapping[str, _Schema], optional: Mapping[str, _Schema] | None = None) -> _Schema:
    """A section that may leave out what the one it extends says."""
    extends = _described(_TEXT, "Another name of this section: what is not written here is as it is there.")
    section = _section({}, {"extends": extends, **required, **(optional or {})})
    return {**section, **_unless_extending(*required)}


def _unless_extending(*required: str) -> _Schema:
    return {"anyOf": [{"required": ["extends"]}, {"required": list(required)}]}


def _named(description: str, schema: _Schema, name_pattern: str = "^.+$") -> _Schema:
    return {
        "description": description,
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "patternProperties": {name_pattern: schema},
    }


_RATE = _section(
    {
        "rate": _described(
            {"type": "number", "exclusiveMinimum": 0}, "What one unit of the first is worth in the second."
        ),
        "day": _described({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}, "The day of the rate, year-month-day."),
    }
)

_RELAY = _extending(
    {
        "name": _described(_TEXT, "Who receives the parcels."),
        "mobile": _described(_TEXT, "Mobile number in China, in quotes."),
        "province": _described(_TEXT, "Province as 1688 writes it, such as 浙江省."),
        "city": _described(_TEXT, "City as 1688 writes it, such as 杭州市."),
        "district": _described(_TEXT, "District as 1688 writes it, such as 滨江区."),
        "street": _described(_TEXT, "Street, number and door."),
    },
    {
        "town": _described(_TEXT, "Town or subdistrict, where 1688 asks for one."),
        "postcode": _described(_TEXT, "Postcode, in quotes."),
    },
)

_COUNTRY = "^[A-Z]{2}$"
_ENDING: _Schema = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
_WEIGHT: _Schema = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? *(g|kg)$"}
_AIM: dict[str, _Schema] = {
    "multiplier": _described({"type": "number", "exclusiveMinimum": 0}, "Price before fees = landed cost × this."),
    "margin": _described(_SHARE, "Or: the profit to aim at, as a share of the price, such as 25 %."),
}
_DESTINATION = _described(
    {"type": "string", "pattern": _COUNTRY}, "Row of the freight table; the United Kingdom is UK."
)

_FREIGHTS = _extending(
    {
        "destinations": _named(
            "What a parcel costs, by country.",
            _section(
                {"parcel": _described(_MONEY, "For the parcel, with its first weight in it.")},
                {
                    "per_kg": _described(_MONEY, "For each kilogram, by the gram."),
                    "first_weight": _described(_WEIGHT, "Or: the weight that parcel pays for, such as 500 g."),
                    "step_weight": _described(_WEIGHT, "With first_weight: the weight of a step, such as 100 g."),
                    "step": _described(_MONEY, "With first_weight: for each step that is begun."),
                },
            ),
            _COUNTRY,
        ),
    },
    {"divisor": _described(_whole(1), "So many cm³ count as 1 kg, such as 8000; leave out where only weight counts.")},
)

_COMMISSIONS = _extending(
    {"default": _described(_SHARE, "The channel's share of a price, such as 8 %.")},
    {"categories": _named("Another share, by category id.", _SHARE, "^[0-9]+$")},
)

_PRICE = _extending(
    {
        "currency": _described(_CURRENCY, "Currency of the price, such as USD."),
        "commission": _described(
            {"anyOf": [_SHARE, _TEXT]}, "The channel's share of the price, such as 8 %, or a name under commissions."
        ),
        "packing": _described(_MONEY, "Added to the cost of each unit, such as 1.00 CNY."),
        "freight": _described(_TEXT, "The way abroad of each unit, such as 12.00 CNY, or a name under freights."),
        "minimum_margin": _described(_SHARE, "The least profit, as a share of the price, such as 10 %."),
    },
    {
        **_AIM,
        "roles": _named("Other aims for routes with a role.", _section({}, _AIM)),
        "cost": _described({"enum": ["sku", "tier", "dropship"]}, "Which of the supplier's prices is the cost."),
        "quantity": _described(_whole(1), "With cost: tier, how many are bought at once."),
        "domestic_freight": _described(_MONEY, "To the relay address, unless the dropship price pays it."),
        "destination": _DESTINATION,
        "ads": _described(_SHARE, "Share of the price spent on advertising."),
        "affiliate": _described(_SHARE, "Share of the price paid to affiliates."),
        "payment_fee": _described(_SHARE, "Share of the price kept for payment and withdrawal."),
        "fx_spread": _described(_SHARE, "What the bank keeps of money it changes."),
        "minimum_price": _described(_MONEY, "No price is lower."),
        "maximum_price": _described(_MONEY, "A higher price is held."),
        "ending": _described(
            {"anyOf": [_ENDING, {"type": "array", "minItems": 1, "items": _ENDING}]},
            "Prices end so: 0.99 makes 12.37 into 12.99; of several the nearest upwards.",
        ),
        "countries": _named("Prices of their own.", _section({}, {**_AIM, "destination": _DESTINATION}), _COUNTRY),
    },
)

_STOCK = _extending(
    {
        "buffer": _described(_whole(0), "Kept back from what the supplier shows."),
        "cap": _described(_whole(1), "The most ever shown."),
    },
    {
        "suppliers": _described(
            {"enum": ["first", "sum"]},
            "Of a SKU with backups: the stock of the first supplier that has some, or of all together.",
        ),
    },
)

_ATTRIBUTE = _section({}, {"name_id": _ID, "value_id": _ID, "name": _TEXT, "value": _TEXT})

_LISTING = _extending(
    {
        "category": _described(_ID, "Id of the leaf category."),
        "freight_template": _described(_ID, "Id of the freight template in the seller centre."),
        "variant_property": _described(_ID, "Id of the category's attribute that tells variants apart."),
        "variant_values": _described(_list_of(_ID), "Value ids of that attribute, dealt out to the variants in order."),
    },
    {
        "attributes": _described(
            {"type": "array", "minItems": 1, "items": _ATTRIBUTE}, "Category attributes every listing gets."
        ),
        "locale": _described({"type": "string", "pattern": "^[a-z]{2}_[A-Z]{2}$"}, "Language of the listing: en_US."),
        "weight": _described({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? *(g|kg)$"}, "Such as 500 g or 0.5 kg."),
        "package": _described({"type": "string", "pattern": r"^\d+ *x *\d+ *x *\d+ *cm$"}, "Such as 20 x 15 x 5 cm."),
        "dispatch_days": _described(_whole(1), "Days until the parcel leaves."),
        "new_variants": _described(
            {"enum": ["ignore", "propose"]}, "Whether SKUs are planned for specs a supplier adds to a listed offer."
        ),
    },
)

_OTHER = _section(
    {
        "key": _described({"type": "string", "pattern": "^[Oo][Tt][Hh][Ee][Rr]"}, "The channel's key for any other."),
        "site": _described({"type": "string", "pattern": "^https?://"}, "Where its parcels are followed."),
        "carrier": _described(_TEXT, "The carrier's name."),
    }
)

_CHOICE: dict[str, _Schema] = {
    "lines": _described(_list_of(_TEXT), "The lines that may be taken, by their keys; leave out for any."),
    "prefer": _described({"enum": ["cheapest", "fastest"]}, "Which of them is taken: cheapest (default) or fastest."),
    "longest": _described({"type": "string", "pattern": "^[0-9]+ +days?$"}, "No slower line, such as 30 days."),
    "dearest": _described(_MONEY, "No dearer line, such as 60.00 CNY."),
}

_PARCELS = _extending(
    {
        "name_cn": _described({**_TEXT, "maxLength": 20}, "What the goods are, in Chinese."),
        "name_en": _described({**_TEXT, "maxLength": 60}, "The same in English."),
        "value": _described(
            {"anyOf": [_MONEY, {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]+)? *%$"}]},
            "Declared of one piece: an amount such as 3.00 USD, or a share of what the buyer paid such as 30 %.",
        ),
    },
    {
        "hs_code": _described(
            {"type": ["string", "integer"], "pattern": "^[0-9]{6,10}$"}, "HS code: 6 to 10 digits, in quotes."
        ),
        "material": _described(_TEXT, "What they are made of."),
        "battery": _described({"type": "boolean"}, "Whether they hold a battery; lines that take none fall out."),
        **_CHOICE,
        "countries": _named("What of the lines is otherwise, by country.", _section({}, _CHOICE), _COUNTRY),
    },
)

_ROUTE_KEYS = _extending(
    {
        "name": _described(_TEXT, "A name of your choice; reports and `rules explain` use it."),
        "prefix": _described(
            {"type": "string", "pattern": "^[A-Za-z0-9]{1,10}$"}, "SKU codes that start so take this route."
        ),
        "stores": _described(_list_of(_TEXT), "Accounts of the stores it is for."),
        "supplier": _described(_TEXT, "Account it buys from."),
        "buy": _described({"enum": ["auto", "confirm", "by_hand", "own_stock"]}, "Who sends the purchase, if anybody."),
        "relay": _described(_TEXT, "A name under relays."),
        "price": _described(_TEXT, "A name under prices."),
        "stock": _described(_TEXT, "A name under stocks."),
        "listing": _described(_TEXT, "A name under listings."),
    },
    {
        "ship": _described(
            {"enum": ["forwarder", "official", "label_first"]},
            "How parcels get abroad: by a forwarder (default), booked once the supplier's waybill is known, or booked "
            "before buying so that the supplier sticks the label on.",
        ),
        "parcels": _described(_TEXT, "A name under parcels; needed where parcels are booked."),
        "carrier": _described(
            _TEXT, "Account of who announces international numbers or books; left out, the store's channel books."
        ),
        "services": _described(
            {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [_TEXT, _OTHER]}},
            "That account's word for a carrier: the channel's key of it; for a carrier not on its list more.",
        ),
        "goods_code": _described(
            _TEXT, "Only offers whose goods code starts so are listed; leave out to take every offer."
        ),
        "role": _described(_TEXT, "A name under the roles of its price policy, such as traffic or profit."),
        "code": _described(
            {"enum": ["reference", "compact", "goods_code"]},
            "What follows the prefix in the code of a new SKU: a reference (default), the supplier's ids, or its "
            "goods code.",
        ),
        "pattern": _described(
            {"type": "string", "pattern": r"\{goods\}"},
            "How your old codes name the supplier's goods code, such as TY-{goods}-{any}; in quotes.",
        ),
        "destinations": _described(
            _list_of({"type": "string", "pattern": "^[A-Z]{2,3}$"}),
            "Countries whose orders take this route instead of the one without destinations, such as DE, FR, UK.",
        ),
        "merge": _described(
            {"type": "boolean"}, "Whether several orders of one buyer are bought as one; with buy: auto only."
        ),
    },
)

_ROUTE: _Schema = {
    **_ROUTE_KEYS,
    "if": {"required": ["ship"], "properties": {"ship": {"enum": ["official", "label_first"]}}},
    "then": _unless_extending("parcels"),
    "else": _unless_extending("carrier", "services"),
}

_PARTS: _Schema = {
    "type": "array",
    "minItems": 1,
    "maxItems": 50,
    "items": _section(
        {
            "offer": _described({"type": ["string", "integer"], "minLength": 1}, "Id of the offer."),
            "spec": _described(_TEXT, "Id of the spec in the offer."),
            "quantity": _described(_whole(1), "How many of it one sold unit takes."),
        }
    ),
}

_ALIAS: _Schema = {
    **_section(
        {"code": _described(_TEXT, "The old code, whole.")},
        {
            "stores": _described(_list_of(_TEXT), "Accounts of the stores it is for; leave out for every store."),
            "sku": _described(_TEXT, "The SKU code it stands for."),
            "offer": _described({"type": ["string", "integer"], "minLength": 1}, "Id of the offer it stands for."),
            "spec": _described(_TEXT, "Id of the spec in that offer."),
        },
    ),
    "oneOf": [{"required": ["sku"]}, {"required": ["offer", "spec"]}],
}

_SKU = _section(
    {"code": _described(_TEXT, "The SKU code, whole.")},
    {
        "stores": _described(_list_of(_TEXT), "Accounts of the stores it is for; leave out for every store."),
        "parts": _described(_PARTS, "What one sold unit is bought as; leave out for one of the spec it is bound to."),
        "backups": _described(
            {
                "type": "array",
                "minItems": 1,
                "items": _section(
                    {
                        "supplier": _described(_TEXT, "Account it is bought from then."),
                        "parts": _described(_PARTS, "What one sold unit is bought as there."),
                    }
                ),
            },
            "Where else to buy it, in the order to try.",
        ),
        "parcels": _described(_TEXT, "A name under parcels: what customs are told of it, instead of its route's."),
    },
)
