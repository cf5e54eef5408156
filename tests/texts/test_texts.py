"""Every cause the code can give has words in both languages, and the language is the one that was asked for."""

from __future__ import annotations

import ast
import functools
import string
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from syncbridge import errors
from syncbridge.adapters.alibaba1688.answers import BUSINESS, GATEWAY
from syncbridge.adapters.aliexpress import refusals
from syncbridge.adapters.kuaidi100 import answers as kuaidi100
from syncbridge.adapters.track17 import answers as track17
from syncbridge.flows.decisions import APPROVABLE
from syncbridge.flows.new_variants import FIELD
from syncbridge.model.catalog import ChangeState
from syncbridge.rules.plan_totals import Totals
from syncbridge.rules.planning import RUN_GUARDS
from syncbridge.store.plans import WORDS
from syncbridge.texts import LANGUAGES, OTHER, choose, texts

SRC = Path(errors.__file__).parent
UNSAID = {"mock", "testing", "demo"}
"""Parts of the source that say nothing to a seller."""
GIVES = {"Park": 0, "Snooze": 1, "Retry": 0, "Halt": 0, "Wait": 1, "open_hold": 1, "_hold": 1}
"""What gives a cause, and which of its arguments is the code."""


@functools.cache
def modules() -> list[ast.Module]:
    files = (file for file in sorted(SRC.rglob("*.py")) if not UNSAID & set(file.relative_to(SRC).parts))
    return [ast.parse(file.read_text("utf-8")) for file in files]


def constants() -> dict[str, str]:
    """Module-level names that stand for a code."""
    found = {}
    for module in modules():
        for node in module.body:
            match node:
                case ast.Assign(targets=[ast.Name(name)], value=ast.Constant(str(text))):
                    found[name] = text
    return found


@functools.cache
def given() -> set[str]:
    """Every code that is written where a cause is given."""
    known = constants()
    return {code for module in modules() for node in ast.walk(module) for code in _codes(node, known)}


def _codes(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called == "Envelope":  # whose code is the name of a vendor's field
        return
    if called == "Alarm" and isinstance(node.args[0], ast.Constant):
        yield f"alarm_{node.args[0].value!s}"
    place = GIVES.get(called)
    told = [node.args[place]] if place is not None and len(node.args) > place else []
    told += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
    for value in told:
        match value:
            case ast.Constant(str(code)) if code:
                yield code
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in known and name.isupper():
                yield known[name]


def test_every_code_in_the_source_has_words_in_both_languages() -> None:
    classes = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and kind.__module__ == errors.__name__
    }
    vendors = {*BUSINESS, *GATEWAY, *refusals._CODES, *track17.CODES}
    vendors |= {f"kuaidi100.{code}" for codes in kuaidi100.CODES.values() for code in codes}
    for language in LANGUAGES:
        words = texts(language)
        said_by_none = words.of("a code nobody ever gave")
        untold = {code for code in given() | vendors if words.of(code) == said_by_none}
        assert untold == set(), f"write a cause and a todo for each in texts/{language}.toml, or name it in codes.toml"
        assert {name for name in classes if words.of(name) == said_by_none} == {"SyncBridgeError", "VendorError"}


def test_the_codes_are_found_where_they_are_given() -> None:
    assert {"margin", "cap", "unknown", "unrouted", "by_hand", "line_refused", "cool_off", "no_answer"} <= given()


def test_both_languages_say_the_same_things() -> None:
    one, other = (texts(language) for language in LANGUAGES)

    assert one.causes.keys() == other.causes.keys()
    assert one.labels.keys() == other.labels.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_written_and_names_only_the_id(language: str) -> None:
    for code, words in texts(language).causes.items():
        fields = [field for _, field, _, _ in string.Formatter().parse(words.todo) if field is not None]
        assert (bool(words.cause), bool(words.todo), set(fields) <= {"id"}) == (True, True, True), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_person_may_let_pass_says_how(language: str) -> None:
    assert all("queue approve {id}" in texts(language).of(code).todo for code in APPROVABLE)


def test_chinese_is_chinese() -> None:
    for words in texts("zh").causes.values():
        assert any("\u4e00" <= sign <= "\u9fff" for sign in words.cause)
        assert any("\u4e00" <= sign <= "\u9fff" for sign in words.todo)


def test_labels_take_the_same_figures_in_both_languages() -> None:
    def taken(label: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(label) if name is not None}

    one, other = (texts(language).labels for language in LANGUAGES)
    assert {name: taken(label) for name, label in one.items()} == {name: taken(label) for name, label in other.items()}


def test_every_state_field_and_total_of_a_plan_has_a_label() -> None:
    states = {f"change_{state}" for state in (*ChangeState, "auditing", "waiting")}
    changed = {f"field_{name}" for name in (*RUN_GUARDS, *WORDS, FIELD, "listing", "status")}
    sums = {f"total_{total.name}" for total in fields(Totals)}

    assert states | changed | sums <= texts("en").labels.keys()


def test_every_sentence_that_has_words_is_one_that_is_said() -> None:
    said = {node.value for module in modules() for node in ast.walk(module) if isinstance(node, ast.Constant)}

    for language in LANGUAGES:
        assert texts(language).sentences.keys() <= said
    assert texts("zh").sentences


def test_a_kind_of_job_may_have_words_of_its_own() -> None:
    words = texts("en")

    assert words.of("unknown", "purchase.place") != words.of("unknown", "purchase.pay") == words.of("unknown")


def test_case_does_not_tell_a_vendors_codes_apart() -> None:
    assert (
        texts("en").of("IllegalAccessToken")
        == texts("en").of("illegalaccesstoken")
        == texts("en").causes["access_expired"]
    )


def test_a_code_nobody_wrote_about_sends_the_person_to_the_reason() -> None:
    assert texts("en").of("isv.whatever") == texts("en").causes[OTHER]


@pytest.mark.parametrize(
    ("wanted", "environ", "language"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LC_MESSAGES": "en_GB", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_locales(
    wanted: str | None, environ: dict[str, str], language: str
) -> None:
    assert choose(wanted, environ) == language
