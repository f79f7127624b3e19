"""The recorder counts everything once, leaves nobody out, and merges across processes in any order."""

from __future__ import annotations

import itertools
import json
import random
import time
import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memconform_load.calls import Failed, Op
from memconform_load.histogram import Histogram
from memconform_load.recorder import KINDS_OF_ERRORS, Recorder

SHORT = st.floats(0, 30, allow_nan=False)
SERIES = st.tuples(st.sampled_from(["search", "add"]), st.sampled_from(["direct", "plugin"]))
FAILURES = st.none() | st.builds(Failed, st.sampled_from(["503 unavailable", "timed out"]), st.text("ab", max_size=2))
AT = st.floats(0, 300, allow_nan=False)
EVENTS = st.one_of(
    st.tuples(st.just("intended"), AT),
    st.tuples(st.just("started"), AT, SHORT),
    st.tuples(st.just("dropped"), AT, SERIES),
    st.tuples(st.just("record"), AT, SERIES, SHORT, SHORT, st.none() | SHORT, FAILURES, st.booleans()),
    st.tuples(st.just("unfinished"), AT, SERIES, SHORT),
    st.tuples(st.just("violation"), AT),
    st.tuples(st.just("cpu"), AT, st.floats(0, 100)),
)


def tell(recorder: Recorder, event: Sequence[Any]) -> None:
    """Tell a recorder of one event."""
    name, at, *rest = event
    match name:
        case "dropped":
            recorder.dropped(at, *rest[0])
        case "unfinished":
            recorder.unfinished(at, *rest[0], waited_s=rest[1])
        case "record":
            series, lag, service, server, failed, late = rest
            recorder.record(
                *series, at_s=at, lag_s=lag, service_s=service, server_s=server, failed=failed, timed_out=late
            )
        case _:
            getattr(recorder, name)(at, *rest)


def told(events: Sequence[Sequence[Any]]) -> Recorder:
    """Return a recorder that was told of events."""
    recorder = Recorder()
    for event in events:
        tell(recorder, event)
    return recorder


def seen(recorder: Recorder) -> dict[str, Any]:
    """Return all that a result takes from a recorder."""
    return {
        "counts": recorder.counts(),
        "operations": recorder.operations(60.0),
        "errors": recorder.errors(),
        "timeline": recorder.timeline(),
        "arrivals": recorder.arrivals_per_s(60.0),
    }


def shipped(recorder: Recorder) -> Any:
    """Return a delta as it comes out of JSON at the other end."""
    return json.loads(json.dumps(recorder.delta()))


@settings(deadline=None, max_examples=60)
@given(st.lists(EVENTS, max_size=40), st.lists(st.integers(0, 2), min_size=40, max_size=40), st.randoms())
def test_merged_deltas_are_one_recording(events: list[Any], owners: list[int], draw: random.Random) -> None:
    """However events are split over workers and reports, and in whatever order the reports come."""
    workers = [Recorder() for _ in range(3)]
    deltas = []
    for event, owner in zip(events, owners, strict=False):
        tell(workers[owner], event)
        if draw.random() < 0.3:
            deltas.append(shipped(workers[owner]))
    deltas += [shipped(worker) for worker in workers]
    draw.shuffle(deltas)
    master = Recorder()
    for delta in deltas:
        master.merge(delta)
    assert seen(master) == seen(told(events))
    assert seen(workers[0]) == seen(Recorder())


@settings(deadline=None, max_examples=40)
@given(*(st.lists(EVENTS, max_size=15) for _ in range(3)))
def test_merging_is_associative(a: list[Any], b: list[Any], c: list[Any]) -> None:
    """A master of masters sees the same."""
    left, middle = told(a), told(b)
    left.merge(shipped(told(b)))
    left.merge(shipped(told(c)))
    middle.merge(shipped(told(c)))
    right = told(a)
    right.merge(shipped(middle))
    assert seen(left) == seen(right)


@settings(deadline=None, max_examples=60)
@given(st.lists(EVENTS, max_size=60))
def test_nothing_is_lost_and_the_sums_agree(events: list[Any]) -> None:
    """Totals, series and timeline tell of the same calls, and every call is in the latencies."""
    recorder = told(events)
    counts, rows, timeline = recorder.counts(), recorder.operations(60.0), recorder.timeline()
    named = [event[0] for event in events]
    for name in ("intended", "started", "dropped", "unfinished"):
        assert counts[name] == named.count(name)
    assert counts["completed"] == named.count("record") == sum(row["completed"] for row in timeline)
    assert counts["failed"] == sum(row["failed"] for row in timeline) == sum(row["failed"] for row in rows)
    assert sum(row["ended"] for row in timeline) == counts["completed"]
    assert sum(row["dropped"] for row in timeline) == counts["dropped"]
    for row in rows:
        assert row["count"] == row["hops"]["latency"]["count"]
        failures = row.get("failures", {"count": 0})["count"]
        assert failures == row["failed"] + row["unfinished"]
    bad = counts["failed"] + counts["unfinished"] + counts["dropped"]
    assert sum(row["count"] for row in recorder.errors()) == bad
    in_the_end = timeline[-1]["in_flight"] if timeline else 0
    assert in_the_end == counts["unfinished"]
    assert all(row["in_flight"] >= 0 for row in timeline)


def test_hops_agree_with_exact_quantiles() -> None:
    """Latency is lag and service together, network is service without the server: three digits of numpy's quantiles."""
    draw = np.random.default_rng(4)
    lag, service = draw.exponential(0.001, 20_000), draw.lognormal(-4, 0.7, 20_000)
    recorder = Recorder()
    for number, (late, took) in enumerate(zip(lag.tolist(), service.tolist(), strict=True)):
        recorder.record("search", "direct", at_s=number / 100, lag_s=late, service_s=took, server_s=took * 0.75)
    (row,) = recorder.operations(200.0)
    exact = {
        "latency": lag + service,
        "service": service,
        "lag": lag,
        "server": service * 0.75,
        "network": service / 4,
    }
    assert row["hops"].keys() == exact.keys()
    for name, times in exact.items():
        for figure, quantile in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("p999_ms", 0.999)):
            expected = np.quantile(times, quantile, method="inverted_cdf") * 1e3
            assert row["hops"][name][figure] == pytest.approx(expected, rel=0.0006, abs=0.0006)
    assert row["per_second"] == 100


def test_survivors_are_not_all_that_is_reported() -> None:
    """90 quick calls, 6 that timed out after 30 s, 4 still waiting after 20 s: the p95 is 30 s, not 10 ms."""
    recorder = Recorder()
    for number in range(90):
        recorder.record("search", "direct", at_s=number / 10, lag_s=0, service_s=0.01)
    for _ in range(6):
        recorder.record("search", "direct", at_s=9, lag_s=0, service_s=30, timed_out=True)
    for _ in range(4):
        recorder.unfinished(9.5, "search", "direct", waited_s=20.0)
    (row,) = recorder.operations(10.0)
    latency = row["hops"]["latency"]
    assert (latency["count"], latency["p90_ms"]) == (100, pytest.approx(10, rel=0.001))
    assert latency["p95_ms"] == pytest.approx(30_000, rel=0.001)
    counts = {name: row[name] for name in ("count", "failed", "timed_out", "unfinished", "dropped")}
    assert counts == {"count": 100, "failed": 6, "timed_out": 6, "unfinished": 4, "dropped": 0}
    assert {error["kind"]: error["count"] for error in recorder.errors()} == {"timed out": 6, "unfinished": 4}
    assert Histogram.from_encoded(row["failures"]["hdr"]).quantile(0.01) == pytest.approx(20, rel=0.001)


def test_dropped_arrivals_are_counted_although_they_never_called() -> None:
    """They are errors with an example; an operation that was only dropped has a row without times."""
    recorder = Recorder()
    recorder.intended(1.5)
    recorder.dropped(1.5, "turn", "direct")
    (row,) = recorder.operations(10.0)
    assert (row["operation"], row["count"], row["dropped"], row["hops"]["latency"]["count"]) == ("turn", 0, 1, 0)
    assert recorder.errors()[0]["kind"] == "dropped"
    assert recorder.counts()["dropped"] == 1
    assert recorder.timeline()[1]["dropped"] == 1


def test_errors_have_their_first_example_whoever_reports_first() -> None:
    """One example a kind, operation and driver: the earliest by intended start."""
    late, early = Recorder(), Recorder()
    late.record("add", "direct", at_s=5, lag_s=0, service_s=0, failed=Failed("503", "the second"))
    early.record("add", "direct", at_s=2, lag_s=0, service_s=0, failed=Failed("503", "the first"))
    expected = [
        {"kind": "503", "operation": "add", "driver": "direct", "count": 2, "example": "the first", "first_at_s": 2}
    ]
    for order in itertools.permutations([late.delta(), early.delta()]):
        master = Recorder()
        for delta in order:
            master.merge(delta)
        assert master.errors() == expected


def test_kinds_of_errors_are_bounded() -> None:
    """A server that invents a new error each time fills no memory; each error is still counted."""
    recorder, master = Recorder(), Recorder()
    for number in range(3 * KINDS_OF_ERRORS):
        failed = Failed(f"kind {number}", "x")
        recorder.record("add", "direct", at_s=1, lag_s=0, service_s=0, failed=failed)
        if number % 100 == 0:
            master.merge(recorder.delta())
    master.merge(recorder.delta())
    errors = master.errors()
    assert len(errors) <= KINDS_OF_ERRORS + 1
    assert errors[0]["kind"] == "other"
    assert sum(error["count"] for error in errors) == 3 * KINDS_OF_ERRORS


def test_the_timeline_tells_of_a_stall() -> None:
    """Arrivals of the stalled seconds are slow, in flight until the server wakes, and all end then."""
    recorder = Recorder()
    for number in range(100):
        at = number / 10
        recorder.intended(at)
        recorder.started(at, 0.001)
        end = 6.0 if 4 <= at < 6 else at + 0.05
        recorder.record("search", "direct", at_s=at, lag_s=0.001, service_s=end - at - 0.001)
    rows = recorder.timeline()
    assert [row["intended"] for row in rows] == [10] * 10
    assert [row["ended"] for row in rows] == [10, 10, 10, 10, 0, 0, 30, 10, 10, 10]
    assert [row["in_flight"] for row in rows[3:7]] == [0, 10, 20, 0]
    slow = [row["operations"]["search direct"]["p50_ms"] for row in rows]
    assert slow[4] == pytest.approx(1500, rel=0.1)
    assert slow[6] == pytest.approx(50, rel=0.01)
    assert rows[0]["lag_p99_ms"] == 1
    assert rows[0]["cpu_percent"] is None
    wide = recorder.timeline(width_s=4)
    assert [(row["second"], row["intended"], row["in_flight"]) for row in wide] == [(0, 40, 0), (4, 40, 0), (8, 20, 0)]


def test_a_late_generator_is_seen_in_the_timeline_and_in_the_achieved_rate() -> None:
    """Arrivals that began after the load was over do not count as achieved."""
    recorder = Recorder()
    for number in range(100):
        recorder.intended(number / 10)
        recorder.started(number / 10, 0.0 if number < 50 else 8.0)
    assert recorder.arrivals_per_s(10.0) == {"intended": 10.0, "achieved": 5.0}
    assert [row["started"] for row in recorder.timeline()][5:8] == [0, 0, 0]
    assert recorder.arrivals_per_s(0.0) == {"intended": 0.0, "achieved": 0.0}


def test_gauges_keep_their_peaks() -> None:
    """Of a second, over all processes; the plugin's apart; a memory that nobody looked at is left out."""
    one, other = Recorder(), Recorder()
    one.cpu(0.5, 30.0)
    one.cpu(0.7, 0.0)
    other.cpu(0.2, 55.0)
    other.cpu(0.2, 99.0, plugin=True)
    other.server_rss(1.2, 120.5)
    one.merge(shipped(other))
    first, second = one.timeline()
    assert (first["cpu_percent"], first["plugin_cpu_percent"]) == (55.0, 99.0)
    assert (second["cpu_percent"], second["server_rss_mb"]) == (None, 120.5)
    assert "server_rss_mb" not in first


def test_live_figures_are_of_the_last_seconds() -> None:
    """Rates and percentiles of what ended lately, failures and violations of all; of a stall, no percentile at all."""
    recorder = Recorder()
    assert recorder.live()["p95_ms"] is None
    for number in range(200):
        at = number / 10
        recorder.intended(at)
        failed = Failed("503", "x") if at < 1 else None
        recorder.record("search", "direct", at_s=at, lag_s=0, service_s=0.5 if at < 10 else 0.02, failed=failed)
    recorder.violation(3.0)
    live = recorder.live()
    assert (live["at_s"], live["rate_per_s"], live["intended_per_s"]) == (19, 10, 10)
    assert live["p95_ms"] == pytest.approx(20, rel=0.001)
    assert (live["failed"], live["violations"]) == (10, 1)
    for number in range(200, 300):
        recorder.intended(number / 10)
    stalled = recorder.live()
    assert (stalled["rate_per_s"], stalled["p50_ms"]) == (0, None)


def test_hours_fit_into_little_memory() -> None:
    """Two hours of 20 calls a second, merged second by second: less than 20 MB, every call in its second."""
    tracemalloc.start()
    master, worker = Recorder(), Recorder()
    draw = random.Random(1)
    try:
        for second in range(7200):
            for number in range(20):
                at = second + number / 20
                worker.record("search", "direct", at_s=at, lag_s=0.0005, service_s=draw.lognormvariate(-4, 0.6))
            master.merge(worker.delta())
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 20e6
    master.record("search", "direct", at_s=3.5, lag_s=0, service_s=7000.0)
    rows = master.timeline()
    assert [row["completed"] for row in rows[:5]] == [20, 20, 20, 21, 20]
    assert all(row["in_flight"] >= 1 for row in rows[3:7000])
    assert rows[-1]["in_flight"] == 0
    assert master.counts()["completed"] == 7200 * 20 + 1


def test_operations_are_named_by_their_value() -> None:
    """An `Op` and its text are one series, in JSON too."""
    recorder = Recorder()
    recorder.record(Op.SEARCH, "direct", at_s=0, lag_s=0, service_s=0.1)
    recorder.record("search", "direct", at_s=0, lag_s=0, service_s=0.1)
    delta = shipped(recorder)
    assert [series[:2] for series in delta["measured"]] == [["search", "direct"]]
    assert recorder.operations(1.0) == []


def test_a_record_costs_little() -> None:
    """Under 100 µs a call on a busy machine, everything included; some 5 µs on an idle one."""
    recorder = Recorder()
    begin = time.process_time()
    for number in range(20_000):
        at = number / 500
        recorder.intended(at)
        recorder.started(at, 0.0002)
        recorder.record("search", "direct", at_s=at, lag_s=0.0002, service_s=0.01 + number / 1e6, server_s=0.008)
    assert (time.process_time() - begin) / 20_000 < 100e-6
