"""How often and how long: the bounds a person may rely on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbridge.flows.jobs import JOBS
from syncbridge.rules.retry import HOUR, MINUTE, RetryPolicies, RetryPolicy

POLICIES = RetryPolicies()


@given(st.integers(1, 12), st.floats(0.1, 1000), st.floats(0.1, 100_000))
def test_a_wait_lies_between_nothing_and_its_doubling_or_the_cap(attempt: int, first: float, cap: float) -> None:
    waited = RetryPolicy(12, first, cap).wait(attempt)

    assert 0 <= waited <= min(cap, first * 2 ** (attempt - 1)) * 1.000001


def test_waits_are_spread_and_grow() -> None:
    policy = RetryPolicy(8, 10, 10_000)
    first, later = ([policy.wait(attempt) for _ in range(200)] for attempt in (1, 8))

    assert len(set(first)) > 100
    assert max(first) <= 10
    assert max(later) > 100


@pytest.mark.parametrize(
    ("policy", "most"), [(POLICIES.purchase, 22 * HOUR), (POLICIES.tracking, 76 * HOUR), (POLICIES.catalogue, 6 * HOUR)]
)
def test_all_waits_together_stay_within_what_is_promised(policy: RetryPolicy, most: float) -> None:
    longest = sum(min(policy.cap, policy.first * 2**n) for n in range(policy.attempts - 1))

    assert longest <= most
    assert policy.first >= 12 * MINUTE


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [
        ("purchase.place", 8),
        ("orders.take", 8),
        ("withdraw.order", 8),
        ("decisions.adopt", 8),
        ("fulfil.declare", 12),
        ("book.parcel", 12),
        ("publish.post", 6),
        ("import_.page", 6),
        ("orders.poll", 1),
        ("purchase.poll", 1),
        ("fulfil.collect", 1),
    ],
)
def test_each_sort_of_work_has_its_policy(kind: str, attempts: int) -> None:
    assert kind in JOBS
    assert POLICIES.of(kind).attempts == attempts
