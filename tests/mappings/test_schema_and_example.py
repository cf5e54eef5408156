"""What ships in mappings/ is sound, and the schema and the reader know the same keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncbridge.errors import MappingError
from syncbridge.rules.mapping_cases import parse_cases, run_cases
from syncbridge.rules.mapping_check import check
from syncbridge.rules.mapping_file import parse
from syncbridge.rules.mapping_schema import json_schema

MAPPINGS = Path(__file__).parents[2] / "mappings"
EXAMPLE = (MAPPINGS / "example.yaml").read_text("utf-8")


def sections(schema: dict[str, object]) -> Iterator[tuple[str, list[str]]]:
    """A file with an unknown key in each section, and the keys the schema allows there."""
    top = schema["properties"]
    assert isinstance(top, dict)
    yield "zzz: 1", list(top)
    yield "routes:\n  - zzz: 1", list(top["routes"]["items"]["properties"])
    yield "aliases:\n  - zzz: 1", list(top["aliases"]["items"]["properties"])
    sku = top["skus"]["items"]["properties"]
    yield "skus:\n  - zzz: 1", list(sku)
    yield "skus:\n  - parts: [{zzz: 1}]", list(sku["parts"]["items"]["properties"])
    yield "skus:\n  - backups: [{zzz: 1}]", list(sku["backups"]["items"]["properties"])
    for name in ("relays", "prices", "stocks", "listings", "rates"):
        (inner,) = top[name]["patternProperties"].values()
        yield f"{name}:\n  CNY/USD:\n    zzz: 1", list(inner["properties"])
        if name == "listings":
            attribute = inner["properties"]["attributes"]["items"]
            yield "listings:\n  x:\n    attributes: [{zzz: 1}]", list(attribute["properties"])


@pytest.mark.parametrize(("text", "keys"), list(sections(json_schema())))
def test_schema_and_reader_know_the_same_keys(text: str, keys: list[str]) -> None:
    with pytest.raises(MappingError) as caught:
        parse({"x.yaml": text})

    assert f'there is no key "zzz" here; there are: {", ".join(sorted(keys))}' in str(caught.value)


def test_the_schema_file_is_the_schema() -> None:
    assert json.loads((MAPPINGS / "schema.json").read_text("utf-8")) == json_schema()


def test_the_example_names_the_schema_for_editors() -> None:
    assert EXAMPLE.startswith("# yaml-language-server: $schema=schema.json\n")


def test_the_example_has_nothing_to_object_to() -> None:
    assert check(parse({"example.yaml": EXAMPLE}, ("toys", "main", "byhand", "forwarder"))) == []


def test_the_example_deals_out_at_least_twenty_variants() -> None:
    listing = parse({"example.yaml": EXAMPLE}).routes[0].listing

    assert len(listing.variant_value_ids) >= 20


def test_the_worked_examples_come_out_as_written() -> None:
    cases = parse_cases({file.name: file.read_text("utf-8") for file in (MAPPINGS / "cases").glob("*.yaml")})

    assert cases
    assert run_cases(cases, parse({"example.yaml": EXAMPLE})) == []
