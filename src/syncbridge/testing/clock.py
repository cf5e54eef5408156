"""Time that passes when nobody waits for anything else: hours of trade in milliseconds, the same each run."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from syncbridge.ports import Clock

T = TypeVar("T")
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class VirtualClock:
    """The running loop's own time as UTC, from a fixed start. Real on a real loop, virtual on a virtual one."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start

    def now(self) -> datetime:
        """The start plus the loop's time."""
        return self._start + timedelta(seconds=self.passed())

    def passed(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Let the loop's time pass."""
        await asyncio.sleep(seconds)


class SteppedClock:
    """Another clock as a machine shows it whose own is wrong, and may be set while it runs."""

    def __init__(self, right: Clock) -> None:
        self._right = right
        self._wrong_by = timedelta(0)

    def now(self) -> datetime:
        """What the machine shows."""
        return self._right.now() + self._wrong_by

    def passed(self) -> float:
        """As much as by the right clock."""
        return self._right.passed()

    async def sleep(self, seconds: float) -> None:
        """Time passes the same whatever is shown."""
        await self._right.sleep(seconds)

    def step(self, seconds: float) -> None:
        """Set it forward, or back."""
        self._wrong_by += timedelta(seconds=seconds)


class FixedClock:
    """Stands still, but for what sleeps and `advance` add; needs no loop."""

    def __init__(self, at: datetime = START) -> None:
        self._at = at

    def now(self) -> datetime:
        """The time it was set to."""
        return self._at

    def passed(self) -> float:
        """Seconds since the epoch, as it stands."""
        return self._at.timestamp()

    def advance(self, seconds: float) -> None:
        """Set it forward."""
        self._at += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.advance(seconds)
        await asyncio.sleep(0)


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for the next timer, jumps to it."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Poll, and pass the timeout as virtual time."""
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("everything waits and no timer is set: the simulated world is stuck")
        self.time += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.time

    def run_in_executor(self, executor: object, func: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Run at once instead of in a thread, so that a run replays exactly."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  it belongs to whoever awaits
            future.set_exception(error)
        return future


def run_virtual(main: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end on a fresh virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
