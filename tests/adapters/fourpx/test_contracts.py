"""4PX keeps what every carrier must, and everybody whose lines take parcels."""

from __future__ import annotations

import pytest

from syncbridge.testing.contracts.booking import BookingContract
from syncbridge.testing.contracts.carrier import CarrierContract


class TestFourPxCarrier(CarrierContract):
    @pytest.fixture
    def harness(self, forwarder):
        return forwarder


class TestFourPxBooks(BookingContract):
    @pytest.fixture
    def harness(self, forwarder):
        return forwarder


class TestFourPxBooksInTexts(BookingContract):
    """The same where data are text, an unknown number is an empty list, and a late label is a refusal."""

    @pytest.fixture
    def harness(self, forwarder):
        forwarder.mock.data_as_text = True
        forwarder.mock.desk.unknown_number = "empty"
        forwarder.mock.desk.late_label = "refused"
        return forwarder
