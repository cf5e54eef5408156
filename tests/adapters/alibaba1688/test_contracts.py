"""What every supplier and every source of webhooks must do, against the mock 1688."""

from __future__ import annotations

from syncbridge.adapters.alibaba1688.contracts import TestAlibaba1688Supplier, TestAlibaba1688Webhook

__all__ = ["TestAlibaba1688Supplier", "TestAlibaba1688Webhook"]
