"""Which spec feeds which SKU of an existing store: named by its code, else the most like one, never guessed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz, process

from syncbridge.errors import MappingError
from syncbridge.model.adoption import AdoptionState, Candidate, SkuPlace, Verdict
from syncbridge.model.catalog import Listing, Offer, Sku, Spec
from syncbridge.rules import likeness
from syncbridge.rules.codes import Says, readings, reference_code
from syncbridge.rules.likeness import Pictures, bare
from syncbridge.rules.mapping import BuyMode, CodeStyle, Route, Rules
from syncbridge.rules.routing import route_for, rule_of

LEAST_LEAD = 0.03
"""By so much what is proposed must be more like than the next."""
MOST_CANDIDATES = 5
MOST_OFFERS = 8
"""Whose titles are most like: their specs are looked at, and those of offers with like pictures."""
LIKE_PICTURES = 10
"""Bits of 64 that may differ."""
_ALL = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a store's SKUs are held against."""

    store: str
    rules: Rules
    offers: Mapping[str, Sequence[Offer]]
    """As last read, by supplier account."""
    taken: Mapping[str, str] = field(default_factory=dict)
    """SKU codes of the store that are bound already, with the listing each is in."""
    ignored: Collection[SkuPlace] = frozenset()
    """What a person said to leave alone."""
    pictures: Pictures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Goods:
    """A spec, and where it is sold."""

    supplier: str
    offer: Offer
    spec: Spec

    def named(self, why: str) -> Candidate:
        return Candidate(self.supplier, self.offer.offer_id, self.spec.spec_id, 1.0, (why,))


def propose(listings: Sequence[Listing], known: Known) -> dict[SkuPlace, Verdict]:
    """A verdict on each SKU of these listings, which are all of the store that is not bound yet."""
    matcher = _Matcher(listings, known)
    verdicts: dict[SkuPlace, Verdict] = {}
    for listing in listings:
        verdicts |= _unshared({_place(listing, sku): matcher.verdict(listing, sku) for sku in listing.skus})
    return verdicts


def wanted_pictures(listings: Iterable[Listing], verdicts: Mapping[SkuPlace, Verdict], known: Known) -> list[str]:
    """Addresses of the pictures that would make proposals surer, the most useful first: of what no code names."""
    offers = {(supplier, offer.offer_id): offer for supplier, some in known.offers.items() for offer in some}
    urls: dict[str, None] = {}
    for listing in listings:
        verdict_of = [verdicts[_place(listing, sku)] for sku in listing.skus]
        open_ = [one for one in verdict_of if one.state in (AdoptionState.PROPOSED, AdoptionState.UNCLEAR)]
        if not open_:
            continue
        urls |= dict.fromkeys(likeness.pictures_of(listing))
        for verdict in open_:
            for candidate in verdict.candidates:
                urls |= dict.fromkeys(likeness.pictures_of_offer(offers[candidate.supplier, candidate.offer_id]))
    if urls:
        for offer in offers.values():
            if not likeness.prepared(offer.title):  # only a picture can find it
                urls |= dict.fromkeys(likeness.pictures_of_offer(offer))
    return [url for url in urls if url not in known.pictures]


def _place(listing: Listing, sku: Sku) -> SkuPlace:
    return SkuPlace(listing.listing_id, sku.sku_key)


def _unclear(cause: str, candidates: Iterable[Candidate] = (), figures: Iterable[str] = ()) -> Verdict:
    return Verdict(AdoptionState.UNCLEAR, cause, tuple(candidates)[:MOST_CANDIDATES], tuple(figures))


_Page = tuple[_Goods, tuple[likeness.Sign, likeness.Sign]]
"""A spec, and what its page and a listing say of each other."""


class _Matcher:
    """The offers known, by what may name them."""

    def __init__(self, listings: Sequence[Listing], known: Known) -> None:
        self._known = known
        self._goods_codes: dict[tuple[str, str], list[_Goods]] = defaultdict(list)
        self._titles: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        self._offers: dict[tuple[str, str], Offer] = {}
        for supplier, offers in known.offers.items():
            for offer in offers:
                self._shelve(supplier, offer)
        self._references = dict(self._derived())
        self._uses: dict[str, list[SkuPlace]] = defaultdict(list)
        for listing in listings:
            for sku in listing.skus:
                if _place(listing, sku) not in known.ignored:
                    self._uses[sku.sku_code].append(_place(listing, sku))
        self._pages: dict[tuple[str, str], list[_Page]] = {}

    def verdict(self, listing: Listing, sku: Sku) -> Verdict:
        """By the code if it names one spec, else the most like."""
        if _place(listing, sku) in self._known.ignored:
            return Verdict(AdoptionState.IGNORED, "by_person")
        route = route_for(sku.sku_code, self._known.store, self._known.rules)
        if route is not None and route.buy is BuyMode.OWN_STOCK:
            return Verdict(AdoptionState.IGNORED, "own_stock")
        named, how = self._named(sku)
        problem, figures = self._unusable(listing, sku, route)
        if problem:
            found = [goods.named(how) for goods in named] or self._like(listing, sku, route, ())
            return _unclear(problem, found, figures)
        if len(named) == 1:
            return Verdict(AdoptionState.BY_RULE, how, (named[0].named(f"{sku.sku_code} names it"),))
        if len({(goods.supplier, goods.offer.offer_id) for goods in named}) > 1:
            return _unclear("ambiguous", [goods.named(how) for goods in named], [f"{len(named)} specs"])
        return _most_like(self._like(listing, sku, route, named))

    def _unusable(self, listing: Listing, sku: Sku, route: Route | None) -> tuple[str, list[str]]:
        """Why no binding can be made whatever feeds the SKU, for orders name nothing but its code."""
        if not sku.sku_code:
            return "no_code", []
        others = {place.listing_id for place in self._uses[sku.sku_code] if place != _place(listing, sku)}
        others |= {self._known.taken[sku.sku_code]} if sku.sku_code in self._known.taken else set()
        if others:
            return "repeated", [f"also in listing {', '.join(sorted(others))}"]
        if route is None:
            return "unrouted_code", []
        rule = rule_of(sku.sku_code, self._known.store, self._known.rules)
        if rule is not None and rule.parts:
            return "bundle", [f"its parts are at {rule.place}"]
        return "", []

    def _named(self, sku: Sku) -> tuple[Sequence[_Goods], str]:
        """What the code names, and in which way; the surest way that leads to anything counts."""
        if not sku.sku_code:
            return (), ""
        for says in readings(sku.sku_code, self._known.store, self._known.rules):
            if found := self._meant(says):
                return found, says.through.name.lower()
        goods = self._references.get(sku.sku_code)
        return ((goods,), "reference") if goods else ((), "")

    def _meant(self, says: Says) -> list[_Goods]:
        """The specs a reading fits; signs that channels do not take in codes are no difference."""
        if says.goods_code:
            alike = self._goods_codes.get((says.supplier, bare(says.goods_code)), [])
            return [goods for goods in alike if says.fits(goods.offer, goods.spec)] or alike
        offer = self._offers.get((says.supplier, says.offer_id))
        specs = offer.specs if offer else ()
        return [_Goods(says.supplier, offer, spec) for spec in specs if offer and says.fits(offer, spec)]

    def _like(self, listing: Listing, sku: Sku, route: Route | None, among: Sequence[_Goods]) -> list[Candidate]:
        """Specs that may feed the SKU, the most like first: of those its code leaves open, or of all."""
        pictures, rates = self._known.pictures, self._known.rules.rates
        pages = [(goods, likeness.page_signs(listing, goods.offer, pictures)) for goods in among]
        found = [
            likeness.candidate(sku, goods.supplier, goods.offer, goods.spec, page, rates)
            for goods, page in pages or self._pages_like(listing, route.supplier if route else _ALL)
        ]
        return sorted(found, key=lambda one: (-one.score, one.offer_id, one.spec_id))

    def _pages_like(self, listing: Listing, supplier: str) -> list[_Page]:
        """The specs of the offers most like a listing as a whole; worked out once for all its SKUs."""
        key = (listing.listing_id, supplier)
        if key not in self._pages:
            titles = self._titles[supplier]
            title = likeness.prepared(listing.title)
            near = process.extract(title, titles, scorer=fuzz.token_set_ratio, processor=None, limit=MOST_OFFERS)
            chosen = dict.fromkeys([which for _, _, which in near] + self._pictured(listing, titles))
            self._pages[key] = [
                (_Goods(which[0], self._offers[which], spec), page)
                for which in chosen
                for page in [likeness.page_signs(listing, self._offers[which], self._known.pictures)]
                for spec in self._offers[which].specs
            ]
        return self._pages[key]

    def _pictured(self, listing: Listing, among: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Offers with a picture like one of the listing's."""
        ours = [url for url in likeness.pictures_of(listing) if self._known.pictures.get(url)]
        if not ours:
            return []
        apart = {
            which: likeness.nearest(ours, likeness.pictures_of_offer(self._offers[which]), self._known.pictures)
            for which in among
        }
        return [which for which, bits in apart.items() if bits is not None and bits <= LIKE_PICTURES]

    def _shelve(self, supplier: str, offer: Offer) -> None:
        which = (supplier, offer.offer_id)
        self._offers[which] = offer
        for name in (supplier, _ALL):
            self._titles[name][which] = likeness.prepared(offer.title)
        for spec in offer.specs:
            code = bare(spec.goods_code or offer.goods_code or "")
            if code:
                self._goods_codes[supplier, code].append(_Goods(supplier, offer, spec))

    def _derived(self) -> Iterable[tuple[str, _Goods]]:
        """The references we would give: what the store got from us once, before the database was lost or restored."""
        rules, store = self._known.rules, self._known.store
        for route in rules.routes:
            if store not in route.stores or route.code is not CodeStyle.REFERENCE or route.destinations:
                continue
            for offer in self._known.offers.get(route.supplier, ()):
                for spec in offer.specs:
                    try:
                        code = reference_code(route, store, offer.offer_id, spec.spec_id, rules)
                    except MappingError:
                        break  # another route takes all its codes
                    yield code, _Goods(route.supplier, offer, spec)


def _most_like(found: Sequence[Candidate]) -> Verdict:
    if not found or found[0].score < likeness.LEAST_SCORE:
        return _unclear("unlike", found)
    if len(found) > 1 and found[0].score - found[1].score < LEAST_LEAD:
        return _unclear("close", found, [f"{found[0].score:.2f} and {found[1].score:.2f}"])
    return Verdict(AdoptionState.PROPOSED, "score", tuple(found)[:MOST_CANDIDATES])


def _unshared(verdicts: dict[SkuPlace, Verdict]) -> dict[SkuPlace, Verdict]:
    """SKUs of one listing are different things: a spec proposed for two of them is wrong for one."""
    first = Counter(_first(one) for one in verdicts.values() if one.state is AdoptionState.PROPOSED)
    return {
        place: replace(one, state=AdoptionState.UNCLEAR, cause="shared")
        if one.state is AdoptionState.PROPOSED and first[_first(one)] > 1
        else one
        for place, one in verdicts.items()
    }


def _first(verdict: Verdict) -> tuple[str, str, str]:
    one = verdict.candidates[0]
    return one.supplier, one.offer_id, one.spec_id
