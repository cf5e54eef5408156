"""What listens, sent what its document allows and what it does not: it answers as the document says, and no more."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import schemathesis
import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.adapter import OperationParameter, ResponsesContainer
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from syncbridge.bootstrap import App, assemble, open_database
from syncbridge.settings import load_settings
from syncbridge.store import db as store
from syncbridge.web.receiver import Receiver
from tests.web.conftest import (
    FORM,
    Caller,
    alibaba_push,
    aliexpress_push,
    kept,
    signed_by_aliexpress,
    write_settings,
)

DOCUMENT = schemathesis.openapi.from_path(Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml")
Operation = APIOperation[OperationParameter, ResponsesContainer[object], object, BaseSchema]
WEBHOOK, LIVE, READY = "/webhooks/{account}", "/health/live", "/health/ready"
AS_DOCUMENTED = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """The loop that everything of this module waits on."""
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture(scope="module")
def seller(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    chosen = load_settings(write_settings(tmp_path_factory.mktemp("seller")), environ={})
    assembled = portal.call(assemble, chosen, open_database(chosen))
    yield assembled
    portal.call(assembled.close)


@pytest.fixture(scope="module")
def surface(seller: App) -> BaseSchema:
    """The document, and what answers to it."""
    DOCUMENT.app = Receiver(seller, lambda: None).asgi()
    return DOCUMENT


@pytest.fixture(scope="module")
def caller_of_all(portal: BlockingPortal, seller: App) -> Iterator[Caller]:
    called = Caller(seller)
    yield called
    portal.call(called.close)


def test_every_route_and_method_is_in_the_document(surface: BaseSchema) -> None:
    routes = [route for route in surface.app.routes if isinstance(route, Route)]

    assert {route.path: (route.methods or set()) - {"HEAD"} for route in routes} == {
        WEBHOOK: {"POST"},
        LIVE: {"GET"},
        READY: {"GET"},
    }
    operations = surface.get_all_operations()
    assert {one.ok().label for one in operations} == {  # type: ignore[union-attr]  # an error has none, and fails here
        f"POST {WEBHOOK}",
        f"GET {LIVE}",
        f"GET {READY}",
    }


def calls(operation: Operation, mode: GenerationMode) -> st.SearchStrategy[Case[Operation]]:
    """Calls that fit the document, or do not; many are for an account there is."""

    def call(case: Case[Operation], account: str | None) -> Case[Operation]:
        if account is not None:
            case.path_parameters["account"] = account
        return case

    return st.builds(call, operation.as_strategy(generation_mode=mode), st.sampled_from([None, "toys", "main"]))


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("calls_made", [60, pytest.param(1500, marks=pytest.mark.long)])
def test_what_no_vendor_signed_is_refused_as_the_document_says_and_nothing_of_it_is_kept_told_or_logged(
    surface: BaseSchema, portal: BlockingPortal, seller: App, mode: GenerationMode, calls_made: int
) -> None:
    answers: Counter[int] = Counter()

    @settings(max_examples=calls_made, derandomize=True)
    @given(calls(surface[WEBHOOK]["POST"], mode))
    def refused(case: Case[Operation]) -> None:
        with structlog.testing.capture_logs() as logs:
            answer = case.call_and_validate()
        answers[answer.status_code] += 1
        assert answer.content == b""
        assert all(entry.keys() == {"event", "account", "times", "log_level"} for entry in logs)

    refused()

    assert answers.keys() == {401, 404}
    assert answers.total() >= calls_made
    assert portal.call(seller.bridge.db.read, kept) == []


@pytest.mark.parametrize("path", [LIVE, READY])
def test_health_is_told_as_the_document_says(surface: BaseSchema, path: str) -> None:
    assert surface[path]["GET"].Case().call_and_validate().status_code == 200


words = st.text(max_size=20).map(lambda text: f"canary{text}")
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=10,
)
of_aliexpress = st.fixed_dictionaries(
    {"message_type": st.just(53) | anything, "timestamp": st.integers() | anything},
    optional={
        "data": st.fixed_dictionaries({}, optional={"orderId": anything, "orderStatus": anything}) | anything,
        "seller_id": anything,
    },
)
of_1688 = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["FENXIAO_PRICE_CHANGE", "ORDER_BATCH_PAY", "LOGISTICS_MAIL_NO_CHANGE"]) | anything,
        "data": st.fixed_dictionaries(
            {},
            optional={
                "orderId": anything,
                "productId": anything,
                "productIds": anything,
                "batchPay": anything,
                "OfferInventoryChangeList": anything,
                "OrderLogisticsTracingModel": anything,
            },
        )
        | anything,
    },
    optional={"msgId": anything, "gmtBorn": anything},
)


@pytest.mark.parametrize("calls_made", [150, pytest.param(2500, marks=pytest.mark.long)])
def test_whatever_a_vendor_signs_is_taken_and_its_words_are_in_no_answer_and_no_log(
    portal: BlockingPortal, caller_of_all: Caller, calls_made: int
) -> None:
    taken = []

    @settings(max_examples=calls_made, derandomize=True, database=None)
    @given(
        account=st.sampled_from(["toys", "main"]), of_one=of_aliexpress, of_other=of_1688, raw=st.none() | st.binary()
    )
    def is_taken(account: str, of_one: object, of_other: object, raw: bytes | None) -> None:
        if account == "toys":
            body = json.dumps(of_one).encode() if raw is None else raw
            headers = signed_by_aliexpress(body)
        else:
            body = alibaba_push(json.dumps(of_other) if raw is None else raw.decode("latin-1"))
            headers = FORM

        with structlog.testing.capture_logs() as logs:
            answer = portal.call(caller_of_all.post, account, body, headers)

        assert (answer.status_code, answer.content) == (200, b"")
        assert "canary" not in str(logs)
        taken.append(answer)

    is_taken()

    assert len(taken) >= calls_made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are told soon."""
    monkeypatch.setattr(store, "BUSY_MS", 50)


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_what_cannot_be_kept_is_told_as_the_document_says(caller: Caller, tmp_path: Path) -> None:
    body = aliexpress_push()

    with closing(sqlite3.connect(tmp_path / "syncbridge.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = await caller.post("toys", body, signed_by_aliexpress(body))
        unready = await caller.get(READY)

    assert (refused.status_code, unready.status_code) == (503, 503)
    conforms(DOCUMENT[WEBHOOK]["POST"], refused)
    conforms(DOCUMENT[READY]["GET"], unready)


def conforms(operation: Operation, answer: httpx.Response) -> None:
    operation.Case(path_parameters={"account": "toys"}).validate_response(answer, checks=AS_DOCUMENTED)
