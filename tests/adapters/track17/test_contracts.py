"""17TRACK keeps what everyone must who tells how far parcels are, and every source of webhooks."""

from __future__ import annotations

from syncbridge.adapters.track17.contracts import TestTrack17, TestTrack17Webhook

__all__ = ["TestTrack17", "TestTrack17Webhook"]
