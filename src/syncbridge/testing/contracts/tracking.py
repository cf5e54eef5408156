"""What everyone must do who tells how far parcels are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Protocol

import pytest

from syncbridge.errors import Transient
from syncbridge.model.shipping import Movement, Track, Trail
from syncbridge.ports import Clock, Tracks, Watches
from syncbridge.testing.faults import Fault

TOLD = [movement for movement in Movement if movement is not Movement.UNKNOWN]
ONE, OTHER = "RR000000001CN", "RR000000002CN"


class TrackingHarness(Protocol):
    """The tracker's side of the table."""

    @property
    def tracks(self) -> Tracks:
        """Our side of it."""

    @property
    def clock(self) -> Clock:
        """The tracker's time, and ours."""

    @property
    def carrier(self) -> str:
        """The channel's key of a carrier the tracker knows."""

    def move(self, number: str, movement: Movement, said: str) -> None:
        """Its carrier tells this of a parcel, now."""

    def mumble(self, number: str) -> Movement:
        """Its carrier tells something of a parcel by a word no document knows; answers what that is taken for.

        `UNKNOWN`, or `MOVING` where whatever is told of a parcel shows that it was seen.
        """

    def pass_time(self) -> None:
        """So much that every parcel may be asked for again."""

    def spoil(self, fault: Fault) -> None:
        """Let every answer from now on fail so."""


class WatchingHarness(TrackingHarness, Protocol):
    """A tracker's side that sends messages."""

    def unwatchable(self) -> Trail:
        """A parcel about which no messages can be had."""


class TrackingContract:
    """What everyone must do who has the ability `Tracks`."""

    pytestmark = pytest.mark.anyio

    @pytest.mark.parametrize("movement", TOLD)
    async def test_each_movement_is_told_as_it_is(self, harness: TrackingHarness, movement: Movement) -> None:
        """With the carrier's words and a time in UTC."""
        now = harness.clock.now().replace(microsecond=0)
        harness.move(ONE, movement, "到达 Koltsovo")
        (track,) = await _told(harness, ONE)
        (sighting,) = track.sightings
        assert (track.number, track.movement, sighting.movement) == (ONE, movement, movement)
        assert (sighting.said, sighting.at) == ("到达 Koltsovo", now)
        assert sighting.at.tzinfo is UTC

    async def test_the_newest_comes_first(self, harness: TrackingHarness) -> None:
        """And says how far the parcel is."""
        for movement in (Movement.MOVING, Movement.OUT_FOR_DELIVERY, Movement.DELIVERED):
            harness.move(ONE, movement, movement)
            harness.pass_time()
        (track,) = await _told(harness, ONE)
        assert track.movement is Movement.DELIVERED
        assert [sighting.said for sighting in track.sightings] == ["delivered", "out_for_delivery", "moving"]

    async def test_a_number_nobody_knows_is_unknown_or_left_out(self, harness: TrackingHarness) -> None:
        """And the others are told."""
        harness.move(OTHER, Movement.MOVING, "left")
        told = {track.number: track.movement for track in await _told(harness, ONE, OTHER)}
        assert told.pop(ONE, Movement.UNKNOWN) is Movement.UNKNOWN
        assert told == {OTHER: Movement.MOVING}

    async def test_a_word_nobody_knows_says_nothing(self, harness: TrackingHarness) -> None:
        """But that the parcel is on its way, least of all that it was delivered; and the others are told."""
        taken_for = harness.mumble(ONE)
        harness.move(OTHER, Movement.DELIVERED, "signed")
        told = {track.number: track.movement for track in await _told(harness, ONE, OTHER)}
        assert taken_for in (Movement.UNKNOWN, Movement.MOVING)
        assert told == {ONE: taken_for, OTHER: Movement.DELIVERED}

    async def test_any_number_of_parcels_may_be_asked_for(self, harness: TrackingHarness) -> None:
        """Each is told once, though it was asked for twice."""
        numbers = [f"RR{number:09d}CN" for number in range(90)]
        for number in numbers:
            harness.move(number, Movement.MOVING, "left")
        told = await _told(harness, *numbers, *numbers[:3])
        assert sorted(track.number for track in told) == numbers

    async def test_nothing_asked_is_nothing_told(self, harness: TrackingHarness) -> None:
        """Without a call."""
        harness.spoil(Fault.CONNECT)
        assert list(await harness.tracks.track([])) == []

    @pytest.mark.parametrize("fault", [Fault.CONNECT, Fault.UNAVAILABLE, Fault.RESET, Fault.HTML, Fault.TRUNCATE])
    async def test_what_is_no_answer_may_pass(self, harness: TrackingHarness, fault: Fault) -> None:
        """A page or half of a text is no parcel."""
        harness.move(ONE, Movement.DELIVERED, "signed")
        await _told(harness, ONE)
        harness.pass_time()
        harness.spoil(fault)
        with pytest.raises(Transient):
            await harness.tracks.track([_trail(harness, ONE)])


class WatchingContract(TrackingContract):
    """What everyone must do who has the ability `Watches` too."""

    async def test_watching_twice_changes_nothing(self, harness: WatchingHarness) -> None:
        """Both times it can be done."""
        trails = [_trail(harness, ONE), _trail(harness, OTHER)]
        assert await _watched(harness, trails) == {}
        harness.pass_time()
        assert await _watched(harness, trails) == {}

    async def test_what_cannot_be_watched_is_named_with_a_reason(self, harness: WatchingHarness) -> None:
        """And the others are watched."""
        bad = harness.unwatchable()
        ((number, why),) = (await _watched(harness, [_trail(harness, ONE), bad, _trail(harness, OTHER)])).items()
        assert number == bad.number
        assert why

    async def test_what_is_no_answer_watches_nothing(self, harness: WatchingHarness) -> None:
        """It is worth another try later."""
        harness.spoil(Fault.HTML)
        with pytest.raises(Transient):
            await _watched(harness, [_trail(harness, ONE)])


def _trail(harness: TrackingHarness, number: str) -> Trail:
    return Trail(harness.carrier, number, "8172481060036440", "RU")


async def _told(harness: TrackingHarness, *numbers: str) -> Sequence[Track]:
    trails = [_trail(harness, number) for number in numbers]
    if isinstance(harness.tracks, Watches):  # who tells only of parcels that it was asked to look after
        await harness.tracks.watch(trails)
    return await harness.tracks.track(trails)


async def _watched(harness: WatchingHarness, trails: Sequence[Trail]) -> dict[str, str]:
    assert isinstance(harness.tracks, Watches)
    return dict(await harness.tracks.watch(trails))
