"""Waiting for reads that may lag."""

from __future__ import annotations

import time

import pytest

from memconform.measures import Measures
from memconform.scene import eventually as module
from memconform.scene.eventually import LONGEST_BOUND, MOST_PROBES, eventually, settle
from memconform.verdict import Inconclusive


class Clock:
    """A clock that moves only when somebody sleeps, and a hundredth of a millisecond at each look."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        """Return the time."""
        self.now += 1e-5
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock under the module that costs no time."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_strong_reads_get_one_look(clock: Clock) -> None:
    """With a bound of zero the very next look counts, and nobody sleeps."""
    looks = iter([False, True])
    assert eventually(lambda: next(looks), bool, 0) is False
    assert clock.pauses == []
    assert next(looks) is True


def test_stops_at_the_first_look_that_is_accepted(clock: Clock) -> None:
    """What is seen early is returned early."""
    looks = iter(range(10))
    assert eventually(lambda: next(looks), lambda seen: seen == 2, 60) == 2
    assert clock.now - 1000 < 1


def test_the_last_look_begins_after_the_bound(clock: Clock) -> None:
    """What never shows is looked for once more when the whole bound has elapsed, and not again."""
    began: list[float] = []

    def look() -> bool:
        began.append(clock.now - 1000)
        return False

    assert eventually(look, bool, 0.3) is False
    assert began[-1] >= 0.3
    assert all(moment < 0.3 for moment in began[:-1])
    assert began[-1] < 0.31


@pytest.mark.parametrize("bound", [0.01, 0.3, 2, 60, LONGEST_BOUND])
def test_looks_are_few(clock: Clock, bound: float) -> None:
    """No bound costs more looks than announced, and never more than fifteen in a second."""
    began: list[float] = []

    def look() -> bool:
        began.append(clock.now)
        return False

    eventually(look, bool, bound)
    assert 2 <= len(began) <= MOST_PROBES
    assert max(sum(1 for other in began if 0 <= other - one < 1) for one in began) <= 15


def test_a_bound_beyond_all_patience_proves_nothing(clock: Clock) -> None:
    """A server that declares an hour is not held to less, and the judge does not wait for it."""
    with pytest.raises(Inconclusive, match="3600 s"):
        eventually(lambda: False, bool, 3600)
    assert clock.now - 1000 < LONGEST_BOUND + 1
    assert eventually(lambda: True, bool, 3600) is True


def test_settling_takes_exactly_the_bound(clock: Clock) -> None:
    """Strong reads are settled at once, others when the bound has elapsed, some never."""
    settle(0)
    assert clock.pauses == []
    settle(0.3)
    assert sum(clock.pauses) == pytest.approx(0.3, abs=1e-3)
    with pytest.raises(Inconclusive):
        settle(3600)


def test_the_real_clock_is_used() -> None:
    """Without a test's clock, the time that passes is real."""
    started = time.monotonic()
    settle(0.02)
    assert eventually(lambda: False, bool, 0.02) is False
    assert time.monotonic() - started >= 0.04


def test_the_time_to_visibility_is_a_measure(clock: Clock) -> None:
    """The time until the accepted look is one sample; what never shows gives none."""
    measures = Measures()
    looks = iter(range(10))
    eventually(lambda: next(looks), lambda seen: seen == 2, 60, measures=measures)
    eventually(lambda: None, bool, 0, measures=measures, name="never")
    (measure,) = measures.to_json()
    assert (measure["name"], measure["samples"]) == ("time to visibility", 1)
    assert measure["max"] == pytest.approx(0.05, abs=0.01)
    assert clock.now - 1000 == pytest.approx(measure["max"], abs=0.01)
