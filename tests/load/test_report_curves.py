"""What is drawn is what was measured: curves agree with percentiles, columns of long runs lose no peak."""

from __future__ import annotations

import pytest

from memconform_load.histogram import Histogram
from memconform_load.report.curves import STEPS, curves, hop_curves, latency_curves
from memconform_load.report.series import Columns

from .example_result import empty_run, open_run, summary


def test_a_curve_passes_through_the_percentiles() -> None:
    """At no nine stands the smallest time, at one nine p90, at two p99, and the last point is the largest."""
    times = summary([(1 + n) / 1000 for n in range(5000)])
    drawn = curves({"latency": times})
    values = drawn["series"][0]["values"]
    assert drawn["x"][::STEPS] == [0, 1, 2, 3]
    assert values[0] == times["min_ms"]
    assert [values[STEPS], values[2 * STEPS], values[3 * STEPS]] == [times["p90_ms"], times["p99_ms"], times["p999_ms"]]
    assert values[-1] == times["max_ms"]
    assert values == sorted(values)


def test_a_curve_ends_with_its_sample() -> None:
    """Beside 5,000 times, 100 times say nothing beyond 99 %: there their curve has no points."""
    drawn = curves({"many": summary([0.01] * 5000), "few": summary([0.02] * 100), "none": summary([])})
    assert [line["name"] for line in drawn["series"]] == ["many", "few"]
    many, few = (line["values"] for line in drawn["series"])
    assert None not in many
    assert few[: 2 * STEPS + 1].count(None) == 0
    assert set(few[2 * STEPS + 1 :]) == {None}


def test_one_time_is_a_curve() -> None:
    """A single time is drawn, from 0 % on; a time of zero is drawn at the resolution, for an axis of powers of ten."""
    drawn = curves({"one": summary([0.25]), "zero": summary([0.0])})
    assert drawn["series"][0]["values"] == pytest.approx([250, 250], rel=0.001)
    assert drawn["series"][1]["values"] == [0.001, 0.001]


def test_hops_come_in_the_order_of_the_way() -> None:
    """Latency first, then its parts; operations beside each other have operation and driver as names."""
    result = open_run(5, 40.0)
    assert [line["name"] for line in hop_curves(result["operations"][0])["series"]] == [
        "latency",
        "service",
        "server",
        "network",
        "lag",
    ]
    assert [line["name"] for line in latency_curves(result["operations"])["series"]] == [
        "add direct",
        "add plugin",
        "search direct",
        "search plugin",
    ]


def test_short_runs_are_drawn_second_by_second() -> None:
    """A point a second: the columns are those of the timeline."""
    result = open_run(20, 30.0)
    columns = Columns(result)
    assert columns.width_s == 1
    assert columns.rate("intended") == [row["intended"] for row in result["timeline"]]
    p99 = [row["operations"].get("search direct", {}).get("p99_ms") for row in result["timeline"]]
    assert columns.latency("search direct", "p99_ms") == p99


def test_long_runs_keep_peaks_and_sums() -> None:
    """Several seconds to a point: rates are means, counts are sums, times are the worst: no peak is lost."""
    result = open_run(100, 20.0)
    result["timeline"][57]["lag_p99_ms"] = 77.7
    result["timeline"][57]["violations"] = 3
    columns = Columns(result, most=10)
    rows = result["timeline"]
    assert len(columns.seconds) <= 10
    assert columns.width_s == -(-len(rows) // 10)
    assert max(value for value in columns.worst("lag_p99_ms") if value is not None) == 77.7
    assert sum(columns.total("violations")) == 3
    sent = sum(rate * columns.width_s for rate in columns.rate("started")[:-1])
    assert sent == pytest.approx(sum(row["started"] for row in rows[: 9 * columns.width_s]), rel=0.01)
    worst = max(row["operations"].get("add direct", {}).get("max_ms") or 0 for row in rows)
    assert max(value for value in columns.latency("add direct", "max_ms") if value is not None) == worst


def test_wide_rows_are_rates_a_second() -> None:
    """Where a row of the timeline is ten seconds already, a rate is still one a second."""
    result = open_run(5, 20.0) | {"timeline_width_s": 10}
    columns = Columns(result)
    assert columns.width_s == 10
    assert columns.rate("intended") == [row["intended"] / 10 for row in result["timeline"]]


def test_a_run_without_calls_has_nothing_to_draw() -> None:
    """No operation ended: no series, no curve, and no error."""
    result = empty_run()
    assert Columns(result).series == []
    assert latency_curves(result["operations"]) == {"x": [], "series": []}
    assert Histogram().count == 0
