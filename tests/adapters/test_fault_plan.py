"""Faults come when they were planned, and chance repeats itself."""

from __future__ import annotations

import pytest

from syncbridge.adapters.fault_plan import FaultPlan, Planned


def met(plan: FaultPlan, *apis: str) -> list[str | None]:
    return [plan.next(api) for api in apis]


def test_a_count_is_used_up_by_the_calls_it_meets() -> None:
    plan = FaultPlan()
    plan.add(Planned("a", "down", count=2))

    assert met(plan, "a", "b", "a", "a") == ["down", None, "down", None]


def test_a_call_is_counted_from_when_it_was_planned() -> None:
    plan = FaultPlan()
    met(plan, "a")
    plan.add(Planned("a", "down", call=2))
    plan.add(Planned("a", "slow", call=3))

    assert met(plan, "a", "b", "a", "a", "a") == [None, None, "down", "slow", None]


def test_a_star_is_any_api_but_those_spared() -> None:
    plan = FaultPlan()
    plan.add(Planned("*", "down", count=1))

    assert [plan.next("getToken", spared=("getToken",)), plan.next("a")] == [None, "down"]
    plan.add(Planned("getToken", "down", count=1))
    assert plan.next("getToken", spared=("getToken",)) == "down"


def test_of_two_that_are_due_the_first_planned_is_met_and_the_other_waits() -> None:
    plan = FaultPlan()
    plan.add(Planned("*", "down", count=1))
    plan.add(Planned("a", "slow", count=1))

    assert met(plan, "a", "a", "a") == ["down", "slow", None]


def test_the_same_seed_meets_the_same_calls() -> None:
    runs = []
    for seed in (7, 7, 8):
        plan = FaultPlan()
        plan.seed(seed)
        plan.add(Planned("*", "down", probability=0.3))
        runs.append(met(plan, *["a", "b"] * 50))

    assert runs[0] == runs[1] != runs[2]
    assert 15 <= runs[0].count("down") <= 45


@pytest.mark.parametrize(("probability", "hits"), [(0.0, 0), (1.0, 20)])
def test_never_is_never_and_always_is_always(probability: float, hits: int) -> None:
    plan = FaultPlan()
    plan.add(Planned("a", "down", probability=probability))

    assert met(plan, *["a"] * 20).count("down") == hits


@pytest.mark.parametrize(
    "moment",
    [
        {},
        {"call": 1, "count": 1},
        {"call": 0},
        {"count": 0},
        {"count": -1},
        {"probability": 1.1},
        {"probability": -0.1},
    ],
)
def test_a_plan_says_one_moment_that_can_be(moment: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a fault of a"):
        Planned("a", "down", **moment)  # type: ignore[arg-type]  # what nobody should say
