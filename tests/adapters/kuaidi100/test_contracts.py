"""快递100 keeps what everyone must who tells how far parcels are, and every source of webhooks."""

from __future__ import annotations

from syncbridge.adapters.kuaidi100.contracts import TestKuaidi100, TestKuaidi100Webhook

__all__ = ["TestKuaidi100", "TestKuaidi100Webhook"]
