"""AliExpress keeps what every channel and every source of webhooks must."""

from __future__ import annotations

from syncbridge.adapters.aliexpress import adapter
from syncbridge.adapters.aliexpress.contracts import (
    TestAliExpressBooks,
    TestAliExpressBooksInLists,
    TestAliExpressChannel,
    TestAliExpressChannelInLists,
    TestAliExpressTracks,
    TestAliExpressWebhook,
)

__all__ = [
    "TestAliExpressBooks",
    "TestAliExpressBooksInLists",
    "TestAliExpressChannel",
    "TestAliExpressChannelInLists",
    "TestAliExpressTracks",
    "TestAliExpressWebhook",
]


def test_the_adapter_goes_by_its_entry_point_name() -> None:
    assert adapter.name == "aliexpress"
