"""Writes docs/reference/vendors.md: every call of every vendor, what of ours makes it, and the tests that drive it.

Nothing here is listed by hand but where each mock keeps its table. Which calls there are and which of them write comes
from the tables of the mocks, what our methods send from their source (`sent`), what they are for from the protocols in
`syncbridge.ports`, and the tests from the source of the tests (`driven`). ``python -m tests.adapters.vendor_calls``
writes the page; `test_vendor_calls.py` fails where it is out of date, and where no test drives a call of a mock.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, get_type_hints

from syncbridge import ports
from syncbridge.adapters.alibaba1688.mock import apis as mock_1688
from syncbridge.adapters.alibaba1688.mock import app as gateway_1688
from syncbridge.adapters.aliexpress.mock import api_list, oauth
from syncbridge.adapters.fourpx.mock import desk
from syncbridge.adapters.http import Call, Signer
from syncbridge.bootstrap import ENTRY_POINTS, contracts_of, find_adapter
from syncbridge.testing.clock import FixedClock
from tests.adapters import driven
from tests.adapters.sent import Reader, Sent, pattern_of

PAGE = driven.ROOT / "docs" / "reference" / "vendors.md"
_RENEWAL = "renewal of tokens"
_GATEWAYS = ("/sync", "/router/api/service")
"""Addresses behind which a table of calls lies."""
_TABLES: Mapping[str, Mapping[str, str]] = {
    "alibaba1688": {name: "writes" if one.writes else "reads" for name, one in mock_1688.ENDPOINTS.items()}
    | {gateway_1688.TIME: "reads"}
    | dict.fromkeys(gateway_1688.TOKENS, "opens"),
    "aliexpress": {name: "writes" if one.writes else "reads" for name, one in api_list.APIS.items()}
    | dict.fromkeys(oauth.SYSTEM_APIS, "opens"),
    "fourpx": dict.fromkeys(desk.METHODS, ""),
}
"""What each call does, by the mocks that have a table of them; of the others their routes are the calls."""
_TITLES = {
    "alibaba1688": "1688",
    "aliexpress": "AliExpress",
    "ecb": "European Central Bank",
    "fourpx": "4PX 递四方",
    "kuaidi100": "快递100",
    "track17": "17TRACK",
}
_INTRODUCTION = """# Every call of the vendors

This page is made by `make docs` from the code; a test fails where it is out of date, and where a call has no test.

- **Call**: as the vendor spells it, under its namespace. The mock answers every one of them.
- **Does**: *reads* may be repeated, since that changes nothing or, as with a subscription, nothing more; *writes* is
  sent once, and looked up if no clear answer came; *opens* has to do with access to the account. A call that only the
  mock knows is judged by whether the mock keeps anything of it.
- **Quota**: the share of the account's calls that ours counts against ([settings](settings.md)).
- **Ability**: the methods of [ports.py](../../src/syncbridge/ports.py) that make the call, or may where they have a
  choice. *None yet*: the mock answers it for other people's clients, and no feature of ours calls it yet; nor does one
  where a method is named with its class instead of a port.
- **Made by hand in**: the files of [tests/adapters](../../tests/adapters) that make the call by its name, as somebody
  else's client does.

Below the calls stand our abilities, with the test files that ask for them through the port.
"""


@dataclass
class Row:
    """What is told of one call."""

    name: str
    does: str
    answered: bool
    """Whether it is in the mock's table; what is not is a file somewhere."""
    abilities: list[str] = field(default_factory=list)
    quotas: set[str] = field(default_factory=set)
    tests: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ability:
    """A method of ours, and the calls it makes."""

    kind: type
    method: str
    name: str
    """With its port before it; of a method that belongs to none, with its class."""
    calls: Collection[Sent]


@functools.cache
def adapters() -> Collection[str]:
    """Those that are registered."""
    return sorted(entry.name for entry in entry_points(group=ENTRY_POINTS))


@functools.cache
def calls_of(adapter: str) -> Mapping[str, str]:
    """The calls its mock answers, and what each does; empty where only our own flag says that."""
    make = find_adapter(adapter).mock
    if make is None:
        return {}
    routes: Iterable[Any] = make(FixedClock(), _nobody_listens).asgi().routes  # type: ignore[attr-defined]
    plain = [route.path for route in routes if "{" not in route.path and not route.path.startswith("/_")]
    table = _TABLES.get(adapter, {})
    return {**dict.fromkeys(sorted({*plain} - {*_GATEWAYS}), "opens" if table else ""), **table}


@functools.cache
def abilities_of(adapter: str) -> Collection[Ability]:
    """Every method of ours that may be asked for, those among them that call nobody."""
    package = _package(adapter)
    reader = Reader(package, calls_of(adapter) or ["none"])
    found = [
        Ability(kind, method, name, reader.sent(kind, method))
        for kind, expected in _roots(adapter)
        for method, name in _methods(kind, expected)
    ]
    for kind in {kind for kind in _classes(package) if issubclass(kind, Signer)}:
        found.append(Ability(kind, "refresh_request", _RENEWAL, reader.sent(kind, "refresh_request")))
    return found


def _calling(adapter: str) -> list[Ability]:
    return [one for one in abilities_of(adapter) if one.calls]


def rows_of(adapter: str) -> Mapping[str, Row]:
    """Each call with all that is told of it."""
    rows = {name: Row(name, does, answered=True) for name, does in calls_of(adapter).items()}
    abilities = _calling(adapter)
    for ability in abilities:
        for sent in ability.calls:
            row = rows.setdefault(sent.name, Row(sent.name, "", answered=False))
            row.does = row.does or ("writes" if sent.writes else "reads")
            row.quotas |= {sent.group} - {""}
    for row in rows.values():
        users = [one for one in abilities if row.name in {sent.name for sent in one.calls}]
        row.abilities = [*dict.fromkeys(_in_short(users, abilities))]
    for file in _files(adapter) if rows else ():
        for name in driven.made_in(file, pattern_of(rows)):
            rows[name].tests.append(file.stem)
    return rows


def untold(call: Call, callers: Iterable[tuple[object, str]]) -> Iterator[str]:
    """What these callers send and the page does not tell."""
    for caller, method in callers:
        adapter = type(caller).__module__.removeprefix("syncbridge.adapters.").partition(".")[0]
        for ability in abilities_of(adapter) if adapter in adapters() else ():
            if (ability.kind, ability.method) == (type(caller), method):
                names = pattern_of(calls_of(adapter)).findall(call.url) or [call.api]
                sent = {Sent(name, call.write, call.group) for name in names}
                yield from (f"{ability.name} sends {one}" for one in sent - {*ability.calls})


def page() -> str:
    """The whole page."""
    silent = [name for name in adapters() if not _calling(name)]
    parts = [_INTRODUCTION, *(_section(name) for name in _by_size() if name not in silent)]
    parts.append(f"## Adapters that call nobody\n{', '.join(f'`{name}`' for name in silent)}\n")
    return "\n".join(parts)


def _by_size() -> list[str]:
    return sorted(adapters(), key=lambda name: -len(calls_of(name)))


def _section(adapter: str) -> str:
    rows = rows_of(adapter)
    used = sum(bool(row.abilities) for row in rows.values())
    parts = [f"## {_TITLES.get(adapter, adapter)} (`{adapter}`)\nCalls: {len(rows)}. Made by our adapter: {used}.\n"]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        groups["" if row.name.startswith("/") else row.name.rpartition("/")[0]].append(row)
    for namespace, its in groups.items():
        heading = f"### {namespace}\n" if namespace else ""
        parts.append(heading + _table(("Call", "Does", "Quota", "Ability", "Made by hand in"), map(_cells, its)))
    return "\n".join([*parts, _asked_of_us(adapter), *_helpers(adapter, rows.values())])


def _asked_of_us(adapter: str) -> str:
    """Our abilities; a call that each of them may make is told once."""
    abilities = [one for one in _calling(adapter) if one.name != _RENEWAL]
    each = [{sent.name for sent in one.calls} for one in abilities if not one.name.startswith("Authorizes.")]
    common = set.intersection(*each)
    common = common if all(calls - common for calls in each) else set()
    also = f"\nEach but those of `Authorizes` may also make {_listed(common)}.\n" if common else ""
    rows = (
        (
            f"`{one.name}`",
            _listed(sorted(_short(sent.name) for sent in one.calls if sent.name not in common)),
            _listed(_asking(adapter, one.method)),
        )
        for one in abilities
    )
    return f"### What our adapter makes of them\n{_table(('Ability', 'Calls', 'Asked for in'), rows)}{also}"


def _helpers(adapter: str, rows: Iterable[Row]) -> Iterator[str]:
    for helper in sorted({name for row in rows for name in row.tests if not name.startswith("test_")}):
        file = driven.TESTS / "adapters" / adapter / f"{helper}.py"
        yield f"`{helper}` is run by {_listed(sorted(test.stem for test in driven.importers(file)))}.\n"


def _short(name: str) -> str:
    """A call's name without its namespace; a path is told whole."""
    return name if name.startswith("/") else name.rpartition("/")[2]


def _cells(row: Row) -> tuple[str, ...]:
    where = "" if row.answered else " (at an address the vendor told)"
    quotas = ", ".join(sorted(row.quotas))
    return f"`{_short(row.name)}`{where}", row.does, quotas, _listed(row.abilities) or "none yet", _listed(row.tests)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _in_short(users: list[Ability], everyone: Collection[Ability]) -> Iterator[str]:
    """The methods; of a port all of whose methods make the call, the port."""
    for user in users:
        port = user.name.partition(".")[0]
        its = [one for one in everyone if one.name.partition(".")[0] == port]
        yield port if len(its) > 1 and all(one in users for one in its) else user.name


def _asking(adapter: str, method: str) -> list[str]:
    """The test files that ask for it."""
    return [name for name, methods in _asked(adapter).items() if method in methods]


@functools.cache
def _asked(adapter: str) -> Mapping[str, Collection[str]]:
    """What each test file asks for; one that inherits contracts asks for what they do."""
    asked = {file.stem: driven.asked_in(driven.tree_of(file)) for file in _files(adapter)}
    asked["test_contracts"] |= _asked_by_contracts(adapter)
    return asked


def _asked_by_contracts(adapter: str) -> set[str]:
    shipped = vars(import_module(contracts_of(adapter))).values()
    bases = {base for kind in shipped if inspect.isclass(kind) for base in inspect.getmro(kind)}
    contracts = {base for base in bases if base.__module__.startswith("syncbridge.testing.contracts.")}
    found: set[str] = set()
    for contract in contracts:
        tree = driven.tree_of(Path(inspect.getfile(contract)))
        found |= driven.asked_in(next(one for one in tree.body if getattr(one, "name", "") == contract.__name__))
    return found


def _files(adapter: str) -> list[Path]:
    folder = driven.TESTS / "adapters" / adapter
    return sorted(file for file in folder.glob("*.py") if file.name != "conftest.py")


def _roots(adapter: str) -> Iterator[tuple[type, list[type]]]:
    """The classes whose objects an account is connected as, each with the port it is there for."""
    made = find_adapter(adapter)
    expected = get_type_hints(ports.Connection)
    tree = driven.tree_of(Path(inspect.getfile(made.connect)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Connection":
            for one in node.keywords:
                kind = made.connect.__globals__.get(ast.unparse(getattr(one.value, "func", one.value)))
                if isinstance(kind, type):
                    yield kind, [port for port in expected[str(one.arg)].__args__ if port is not type(None)]
    if made.authorize is not None:
        assert isinstance(made.authorize, type)
        yield made.authorize, [ports.Authorizes]


def _methods(kind: type, expected: list[type]) -> Iterator[tuple[str, str]]:
    """Its public methods, each with the port it belongs to."""
    owners = {method: port for port in [*_optional(kind), *expected] for method in _public(port)}
    for method in _public(kind):
        yield method, f"{owners.get(method, kind).__name__}.{method}"


def _optional(kind: type) -> Iterator[type]:
    """The abilities it has beside."""
    for port in vars(ports).values():
        try:
            if isinstance(port, type) and Protocol in port.__bases__ and issubclass(kind, port):
                yield port
        except TypeError:  # not one to be asked for: whoever is connected as it, has it
            continue


def _public(kind: type) -> list[str]:
    return [name for name, member in vars(kind).items() if inspect.isfunction(member) and name[0] != "_"]


def _classes(package: str) -> Iterator[type]:
    root = import_module(package)
    for file in sorted(Path(str(root.__file__)).parent.glob("*.py")):
        if file.stem not in ("contracts", "mock"):
            members = vars(import_module(f"{package}.{file.stem}" if file.stem != "__init__" else package))
            yield from (one for one in members.values() if inspect.isclass(one) and one.__module__.startswith(package))


def _package(adapter: str) -> str:
    return find_adapter(adapter).connect.__module__


async def _nobody_listens(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return 0


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
