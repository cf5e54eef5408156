"""How the adoption of a store is shown: to people in their language, to programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from syncbridge.cli.output import plain, show

if TYPE_CHECKING:
    from syncbridge.model.adoption import Adoption, AdoptionState, Candidate, FoundSku
    from syncbridge.model.catalog import Spec
    from syncbridge.texts import Texts

    Specs = Mapping[tuple[str, str, str], Spec]

COMMANDS = {
    "by_rule": "syncbridge adopt approve --rule",
    "proposed": "syncbridge adopt show --proposed",
    "unclear": "syncbridge adopt show --unclear",
}
_KIND = "adopt"


def print_adoption(told: Adoption, unread: Sequence[tuple[str, str]], words: Texts) -> None:
    """How many SKUs stand where, what that means, and what to do next."""
    label = words.labels
    skus = sum(told.counts.values())
    show(f"{told.store}: {told.listings} {label['adopt_listings']}, {skus} {label['adopt_skus']}")
    for state, number in _in_order(told):
        command = f"  → {COMMANDS[state]}" if state in COMMANDS and number else ""
        show(f"{number:>7}  {label[f'adopt_{state}']}{command}")
        if state in ("unclear", "ignored"):
            for cause, some in sorted(told.causes.items(), key=lambda one: -one[1]):
                if (cause in _IGNORED) == (state == "ignored"):
                    show(f"{some:>11}  {words.of(cause, _KIND).cause} ({cause})")
    for listing, why in unread:
        show(plain(f"! {listing}: {why}"))
    show(label["adopt_nothing_yet"])


def adoption_as_json(told: Adoption, unread: Sequence[tuple[str, str]]) -> dict[str, object]:
    """The same for programs."""
    return {
        "store": told.store,
        "listings": told.listings,
        "skus": {str(state): number for state, number in _in_order(told)},
        "causes": dict(sorted(told.causes.items())),
        "unread": [{"listing": listing, "why": why} for listing, why in unread],
    }


def print_found(found: Sequence[FoundSku], specs: Specs, words: Texts) -> None:
    """SKUs by listing, each with what may feed it, the most like first."""
    for _, some in groupby(found, key=lambda one: one.listing.listing_id):
        skus = list(some)
        page = skus[0].listing
        show(plain(f"{page.listing_id} · {page.title} · {page.status}"))
        for one in skus:
            _print_sku(one, specs, words)
    if not found:
        show(words.labels["adopt_none"])


def found_as_json(found: FoundSku, specs: Specs, words: Texts) -> dict[str, object]:
    """A SKU for programs."""
    verdict = found.verdict
    text = words.of(verdict.cause, _KIND) if verdict.cause else None
    return {
        "listing": found.listing.listing_id,
        "key": found.sku.sku_key,
        "sku": found.sku.sku_code,
        "title": found.listing.title,
        "status": str(found.listing.status),
        "variant": variant_of(found),
        "price": str(found.sku.price),
        "stock": found.sku.stock,
        "state": str(verdict.state),
        "cause": verdict.cause or None,
        "why": text.cause if text else None,
        "next_step": text.todo if text else None,
        "figures": list(verdict.figures),
        "candidates": [
            {
                "supplier": one.supplier,
                "offer": one.offer_id,
                "spec": one.spec_id,
                "variant": spec_words(one, specs),
                "cost": cost_of(one, specs) or None,
                "score": one.score,
                "reasons": list(one.reasons),
            }
            for one in verdict.candidates
        ],
    }


def _print_sku(found: FoundSku, specs: Specs, words: Texts) -> None:
    verdict, label = found.verdict, words.labels
    name = found.sku.sku_code or str(found.place)
    head = [name, variant_of(found), str(found.sku.price), f"× {found.sku.stock}", label[f"adopt_{verdict.state}_sku"]]
    show("  " + plain(" · ".join(part for part in head if part)))
    if verdict.cause:
        figures = f" [{'; '.join(verdict.figures)}]" if verdict.figures else ""
        show(f"      {words.of(verdict.cause, _KIND).cause} ({verdict.cause}){plain(figures)}")
    for one in verdict.candidates:
        told = [f"{one.score:.2f}", one.offer_id, one.spec_id, spec_words(one, specs), cost_of(one, specs)]
        show("      " + plain(" · ".join(part for part in told if part) + f": {'; '.join(one.reasons)}"))
    if verdict.cause:
        show(f"      → {words.of(verdict.cause, _KIND).todo.replace('{id}', name)}")


_IGNORED = ("own_stock", "by_person")


def _in_order(told: Adoption) -> list[tuple[AdoptionState, int]]:
    from syncbridge.model.adoption import AdoptionState

    return [(state, told.counts.get(state, 0)) for state in AdoptionState if state is not AdoptionState.READ]


def variant_of(found: FoundSku) -> str:
    """What the seller calls the variant."""
    return " ".join(prop.name for prop in found.sku.properties if prop.name)


def spec_words(one: Candidate, specs: Specs) -> str:
    """What the supplier calls the spec."""
    spec = specs.get((one.supplier, one.offer_id, one.spec_id))
    return " ".join(value for _, value in spec.attributes) if spec else ""


def cost_of(one: Candidate, specs: Specs) -> str:
    """What it costs, if the supplier says so."""
    spec = specs.get((one.supplier, one.offer_id, one.spec_id))
    return str(spec.cost) if spec and spec.cost else ""
