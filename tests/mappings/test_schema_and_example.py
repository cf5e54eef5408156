"""What ships in mappings/ is sound, and the schema and the reader know the same keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

from syncbridge.errors import MappingError
from syncbridge.rules.mapping import CodeStyle
from syncbridge.rules.mapping_cases import parse_cases, run_cases
from syncbridge.rules.mapping_check import check, warnings
from syncbridge.rules.mapping_file import parse
from syncbridge.rules.mapping_schema import json_schema

MAPPINGS = Path(__file__).parents[2] / "mappings"
EXAMPLE = (MAPPINGS / "example.yaml").read_text("utf-8")


def named(top: dict[str, Any], section: str) -> dict[str, Any]:
    """The keys of the things a section names."""
    (inner,) = top[section]["patternProperties"].values()
    return dict(inner["properties"])


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
    (rate,) = top["rates"]["patternProperties"].values()
    yield "rates:\n  CNY/USD:\n    zzz: 1", list(rate["anyOf"][0]["properties"])
    (row,) = named(top, "freights")["destinations"]["patternProperties"].values()
    yield "freights:\n  x:\n    destinations: {US: {zzz: 1}}", list(row["properties"])
    for name in ("roles", "countries"):
        (inner,) = named(top, "prices")[name]["patternProperties"].values()
        yield f"prices:\n  x:\n    {name}: {{US: {{zzz: 1}}}}", list(inner["properties"])
    (ways,) = named(top, "parcels")["countries"]["patternProperties"].values()
    yield "parcels:\n  x:\n    countries: {US: {zzz: 1}}", list(ways["properties"])
    for name in ("relays", "freights", "commissions", "prices", "stocks", "listings", "parcels"):
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


SHOPS = [MAPPINGS, *sorted(folder.parent for folder in MAPPINGS.glob("*/cases"))]


def texts(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in sorted(folder.glob("*.yaml"))}


def test_there_are_worked_folders_for_four_sorts_of_shops() -> None:
    names = ["mappings", "adopted-shop", "priced-shop", "single-supplier", "two-stores"]
    assert [shop.name for shop in SHOPS] == names


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.name)
def test_the_worked_examples_come_out_as_written_and_nothing_is_to_be_said_against_them(shop: Path) -> None:
    rules, cases = parse(texts(shop)), parse_cases(texts(shop / "cases"))

    assert cases
    assert run_cases(cases, rules) == []
    assert [*check(rules), *warnings(rules)] == []


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.name)
def test_worked_files_fit_the_schema_and_name_it_for_editors(shop: Path) -> None:
    for name, text in texts(shop).items():
        jsonschema_rs.validate(json_schema(), as_an_editor_reads(text))
        line = text.splitlines()[0]
        assert (shop / line.removeprefix("# yaml-language-server: $schema=")).resolve() == MAPPINGS / "schema.json", (
            name
        )


@pytest.mark.parametrize(
    "text",
    [
        "stocks: {a: {buffer: 1}}",
        "routes: [{name: a, prefix: TY}]",
        "aliases: [{code: a}]",
        "aliases: [{code: a, sku: b, offer: c, spec: d}]",
        "relays: {a: {extend: b}}",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text: str) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(json_schema(), as_an_editor_reads(text))
    with pytest.raises(MappingError):
        parse({"x.yaml": text})


class AsJson(SafeConstructor):
    """Days stay the text they are in JSON."""


AsJson.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def as_an_editor_reads(text: str) -> object:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = AsJson
    return yaml.load(text)


def words_of(schema: object) -> set[str]:
    """Every key that a mapping file may have."""
    if isinstance(schema, list):
        return {word for inner in schema for word in words_of(inner)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own | {word for inner in schema.values() for word in words_of(inner)}


@given(st.sampled_from(SHOPS[1:]), st.data())
def test_a_worked_file_however_damaged_is_rules_or_a_mapping_error_and_nothing_else(
    shop: Path, data: st.DataObject
) -> None:
    text = "\n".join(texts(shop).values())
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 30))
    put = data.draw(
        st.text(max_size=8) | st.sampled_from(["[]", "{}", "~", "- ", ": ", "extends: toys", "*a", "{goods}"])
    )

    with suppress(MappingError):
        rules = parse({"x.yaml": text[:at] + put + text[at + cut :]})
        check(rules)
        warnings(rules)


REFERENCE = MAPPINGS.parent / "docs" / "reference"
PAGE = "\n".join((REFERENCE / name).read_text("utf-8") for name in ("mapping-files.md", "prices.md"))


def rows(section: str) -> dict[str, str]:
    """The keys that a section of the page explains, each with its example."""
    text = PAGE.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {key: row[-1].strip() for row in cells if len(row) == 4 for key in row[0].split("`")[1::2]}


def test_the_reference_page_explains_every_key_of_every_section_with_an_example() -> None:
    top = json_schema()["properties"]
    assert isinstance(top, dict)

    explained = {section: rows(f"`{section}`") for section in top}
    explained["every"] = rows("A file's sections") | rows("`extends`")

    assert set(top) | {"extends"} == set(explained["every"])
    for section, schema in top.items():
        assert words_of(schema) - {"extends"} == set(explained[section]), section
    assert all(example.startswith("`") for section in explained.values() for example in section.values())
    assert all(f"`{style}`" in PAGE for style in CodeStyle)
