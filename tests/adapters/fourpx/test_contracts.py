"""4PX keeps what every carrier must, and everybody whose lines take parcels."""

from __future__ import annotations

from syncbridge.adapters.fourpx.contracts import TestFourPxBooks, TestFourPxBooksInTexts, TestFourPxCarrier

__all__ = ["TestFourPxBooks", "TestFourPxBooksInTexts", "TestFourPxCarrier"]
