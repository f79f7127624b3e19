"""What scenarios conclude: slopes, recovery, isolation, fairness and drifts, from data with a known truth."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from memconform_load.conclusions import broken, calls, drifts, figure, measured, percentiles
from memconform_load.disturbance import ALONE, BESIDE, disturbed, fairness, isolation, window
from memconform_load.histogram import Histogram
from memconform_load.portable import export_of
from memconform_load.recorder import Recorder
from memconform_load.recovery import after_peak, recovery
from memconform_load.trends import course, fitted


def _times(*seconds: float) -> Histogram:
    histogram = Histogram()
    for each in seconds:
        histogram.record(each)
    return histogram


def _result(**named: Histogram) -> dict[str, Any]:
    """Return a result that measured these; underscores stand for blanks."""
    return {"measured": [{"name": name.replace("_", " "), "summary": each.summary()} for name, each in named.items()]}


def _timeline(latency: Callable[[int], float], seconds: int, rate: int = 20, seed: int = 1) -> list[dict[str, Any]]:
    """Return the timeline of searches that took about what a function says of their second."""
    draw, recorder = random.Random(seed), Recorder()
    for second in range(seconds):
        for call in range(rate):
            at = second + call / rate
            recorder.intended(at)
            recorder.started(at)
            recorder.record("search", "direct", at_s=at, lag_s=0, service_s=latency(second) * draw.uniform(0.9, 1.1))
    return recorder.timeline()


# Lines


def test_a_line_finds_the_slope_that_is_there() -> None:
    """The interval holds the true slope in about 95 of 100 cases, and says that a steep line rises."""
    draw, held = random.Random(3), 0
    x = [float(each) for each in range(20)]
    for _ in range(200):
        line = fitted(x, [5 + 0.5 * each + draw.gauss(0, 1) for each in x])
        assert line is not None
        assert line.rises
        held += line.low <= 0.5 <= line.high
    assert 180 <= held <= 199


def test_weights_count() -> None:
    """A point with hardly any weight does not bend the line."""
    line = fitted([1, 2, 3, 4, 5], [1, 2, 3, 4, 100], [10, 10, 10, 10, 1e-9])
    assert line is not None
    assert line.slope == pytest.approx(1, abs=1e-3)
    assert (line.start, line.end) == pytest.approx((1, 5), abs=1e-2)


def test_a_line_needs_points() -> None:
    """Fewer than four points, or points at one place, make no line."""
    assert fitted([1, 2, 3], [1, 2, 3]) is None
    assert fitted([2, 2, 2, 2], [1, 2, 3, 4]) is None
    assert course([], []) is None


def test_a_leak_is_shown() -> None:
    """Memory that grows by 36 MB an hour under noise is said to grow, at about that rate."""
    draw = random.Random(4)
    line = course(range(600), [100 + 0.01 * at + draw.gauss(0, 0.5) for at in range(600)])
    assert line is not None
    assert line.rises
    assert line.slope == pytest.approx(36, rel=0.3)
    assert line.low <= 36 <= line.high


def test_warming_up_is_no_leak() -> None:
    """Memory that fills and stays, or that only scatters, is not said to grow."""
    filling = course(range(600), [100 + 50 * (1 - math.exp(-at / 30)) for at in range(600)])
    assert filling is not None
    assert filling.slope < 36
    stepped = course(range(600), [100 if at < 250 else 110 for at in range(600)])
    assert stepped is not None
    assert not stepped.rises


def test_noise_is_seldom_called_a_leak() -> None:
    """Of courses whose neighbours are alike and that go nowhere, at most some 5 of 100 are called rising."""
    draw, risen = random.Random(5), 0
    for _ in range(100):
        values, level = [], 0.0
        for _ in range(300):
            level = 0.7 * level + draw.gauss(0, 1)
            values.append(100 + level)
        line = course(range(300), values)
        risen += line is not None and line.rises
    assert risen <= 8


def test_drifts_are_said() -> None:
    """Latency and memory that grow are said to grow, in units an hour; what was not watched is said to be missing."""
    rows = _timeline(lambda second: 0.010 + second * 1e-5, 200)
    latency, memory = drifts({"timeline": rows, "load_s": 200.0})
    assert latency["value"] == pytest.approx(36, rel=0.2)
    assert "it grows" in latency["said"]
    assert memory["value"] is None
    assert "--server-pid" in memory["said"]
    for row in rows:
        row["server_rss_mb"] = 80.0 + row["second"] % 3 * 0.1
    assert "no growth shown" in drifts({"timeline": rows, "load_s": 200.0})[1]["said"]


# Recovery


@pytest.mark.parametrize(("tail", "expected"), [(0, 0), (4, 4), (100, None)])
def test_recovery_is_counted_from_the_end_of_the_peak(tail: int, expected: int | None) -> None:
    """Latency that stays high for some seconds after a peak has recovered after them; or never, if it stays."""
    rows = _timeline(lambda second: 0.2 if 10 <= second < 15 + tail else 0.02, 40)
    found = recovery(rows, 10, 15, 40)
    assert found is not None
    assert found.seconds == expected
    assert found.before_ms == pytest.approx(22, rel=0.1)
    assert found.during_ms == pytest.approx(220, rel=0.1)


def test_failures_are_no_recovery() -> None:
    """Seconds in which calls fail, however fast, do not count as recovered."""
    rows = _timeline(lambda _: 0.02, 30)
    for row in rows[15:19]:
        row["failed"] = 3
    found = recovery(rows, 10, 15, 30)
    assert found is not None
    assert found.seconds == 4


def test_nothing_to_compare_with() -> None:
    """Without calls before the peak, or seconds after it, nothing is known of a recovery."""
    rows = _timeline(lambda _: 0.02, 20)
    assert recovery(rows, 0, 5, 20) is None
    assert recovery(rows, 10, 20, 20) is None


def _peaked(rates: list[float]) -> dict[str, Any]:
    stages = [{"rate_from": rate, "rate_to": rate, "seconds": 10.0} for rate in rates]
    return {"plan": {"schedule": {"stages": stages}, "warm_up_s": 0.0}, "load_s": 30.0}


def test_the_peak_is_the_schedules() -> None:
    """The recovery time counts from the end of the highest stage; a schedule without one has no recovery time."""
    rows = _timeline(lambda second: 0.2 if 10 <= second < 23 else 0.02, 30)
    figures = after_peak({**_peaked([10, 100, 10]), "timeline": rows})
    assert figures[0]["value"] == 3
    assert "10 times the rate" in figures[0]["said"]
    (none,) = after_peak({**_peaked([10]), "timeline": rows})
    assert none["value"] is None
    assert "no peak" in none["said"]


# Disturbance


def test_windows_take_turns() -> None:
    """Even windows are undisturbed, odd ones disturbed, and what comes just after a change belongs to neither."""
    assert [window(at, 5) for at in (0, 4.9, 5.1, 6, 9.9, 10.4, 11)] == [
        ALONE,
        ALONE,
        None,
        BESIDE,
        BESIDE,
        None,
        ALONE,
    ]
    assert [disturbed(at, 5) for at in (0, 5, 10)] == [False, True, False]


def test_isolation_tells_a_difference_from_noise() -> None:
    """Searches that take three times as long are said to; two samples of the same are not called different."""
    draw = random.Random(6)
    calm, same = (_times(*(draw.lognormvariate(-5, 0.3) for _ in range(400))) for _ in range(2))
    slow = _times(*(3 * draw.lognormvariate(-5, 0.3) for _ in range(400)))
    ratio = isolation(_result(search_alone=calm, search_beside=slow), "search", "searches", "noise")[0]
    assert ratio["value"] == pytest.approx(3, rel=0.25)
    assert "times as long" in ratio["said"]
    nothing = isolation(_result(search_alone=calm, search_beside=same), "search", "searches", "noise")[0]
    assert "no difference shown" in nothing["said"]
    (few,) = isolation(_result(search_alone=calm), "search", "searches", "noise")
    assert few["value"] is None


def test_fairness_is_jains_index() -> None:
    """Equal shares give 1, one who gets ten times what the other nine get gives what the formula says."""
    assert fairness(_times(*[0.01] * 10)) == pytest.approx(1)
    shares = [0.01] * 9 + [0.1]
    expected = sum(shares) ** 2 / (10 * sum(each * each for each in shares))
    assert fairness(_times(*shares)) == pytest.approx(expected, rel=0.01)
    assert fairness(Histogram()) is None


# Figures


def test_figures_have_no_infinities() -> None:
    """What is no number becomes None, since JSON has neither infinities nor NaN."""
    values = [figure("a", value, "", "said")["value"] for value in (1.23456, math.inf, math.nan, None)]
    assert values == [1.2346, None, None, None]


def test_percentiles_of_something_and_of_nothing() -> None:
    """Two figures, in milliseconds; None, and said so, where nothing was measured."""
    some = percentiles("wait", measured(_result(wait=_times(0.01, 0.02, 0.03)), "wait"), "waiting")
    assert [(each["name"], each["value"]) for each in some] == [
        ("wait p50", pytest.approx(20, rel=0.01)),
        ("wait p95", pytest.approx(30, rel=0.01)),
    ]
    none = percentiles("wait", measured(_result(), "wait"), "waiting")
    assert [each["value"] for each in none] == [None, None]
    assert "nothing was measured" in none[0]["said"]


def test_counts_from_a_result() -> None:
    """Calls that ended well are counted by operation, breaches by law."""
    row = {"operation": "add", "count": 10, "failed": 2, "unfinished": 1}
    found = [{"law": "lost write", "count": 3}, {"law": "stale read", "count": 4}]
    result: Mapping[str, Any] = {"operations": [row], "violations": {"found": found}}
    assert (calls(result, "add", "batch"), calls(result, "search")) == (7, 0)
    assert (broken(result, "lost write"), broken(result, "stale read", "lost write"), broken(result, "duplicate")) == (
        3,
        7,
        0,
    )


def test_exports_are_whole() -> None:
    """An export says how many records follow and their checksum, and fits into the room that there is."""
    memories = [(f"id-{number}", f"tea № {number} 🍵") for number in range(50)]
    document, number = export_of("ann", memories, 1_800_000_000.0, 5_000)
    manifest, *records = document.splitlines(keepends=True)
    assert len(document) <= 5_000
    assert 0 < number == len(records) == json.loads(manifest)["count"] < 50
    assert json.loads(manifest)["sha256"] == hashlib.sha256(b"".join(records)).hexdigest()
    assert json.loads(records[0])["content"] == "tea № 0 🍵"
