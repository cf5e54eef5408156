"""What every supplier and every source of webhooks must do, against the mock 1688."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from syncbridge.adapters.alibaba1688.webhook import Alibaba1688Webhook
from syncbridge.model.events import EventKind, RawRequest
from syncbridge.testing.contracts.receiving import ConfirmsContract, TracksDomesticContract
from syncbridge.testing.contracts.searching import SearchesContract
from syncbridge.testing.contracts.supplier import SupplierContract
from syncbridge.testing.contracts.webhook import WebhookContract
from syncbridge.testing.contracts.withdrawing import CancelsContract, RefundsContract, UrgesContract

if TYPE_CHECKING:
    from tests.adapters.alibaba1688.conftest import Bench

(PUSH,) = [
    each
    for each in json.loads(Path(__file__).with_name("vectors.json").read_text())
    if each["name"] == "push-order-pay"
]


class WebhookHarness:
    """The vendor's own signed message."""

    webhook = Alibaba1688Webhook(SecretStr(PUSH["secret"]))

    def genuine(self) -> RawRequest:
        headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return RawRequest(headers, "", PUSH["form_body"].encode())

    def kind(self) -> EventKind:
        return EventKind.PURCHASE_CHANGED


class TestAlibaba1688Supplier(
    SupplierContract,
    CancelsContract,
    RefundsContract,
    UrgesContract,
    SearchesContract,
    TracksDomesticContract,
    ConfirmsContract,
):
    @pytest.fixture
    def harness(self, bench: Bench) -> Bench:
        bench.mock.state.switches.refund_delay_seconds = None
        return bench


class TestAlibaba1688Webhook(WebhookContract):
    @pytest.fixture
    def harness(self) -> WebhookHarness:
        return WebhookHarness()
