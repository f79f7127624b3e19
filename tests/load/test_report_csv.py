"""CSV: stable headings with units, a row for each second or hop, empty cells for what is not known, no formulas."""

from __future__ import annotations

import csv
import io

import pytest

from memconform_load.report.csv_tables import operations_csv, timeline_by_operation_csv, timeline_csv

from .example_result import RUNS, open_run

TIMELINE = (
    "second_s,intended_arrivals,started_arrivals,ended_calls,completed_calls,failed_calls,dropped_arrivals,violations,"
    "in_flight_calls,lag_p99_ms,cpu_percent,plugin_cpu_percent,server_rss_mb"
)
BY_OPERATION = (
    "second_s,operation,driver,calls,failed_calls,latency_p50_ms,latency_p95_ms,latency_p99_ms,latency_max_ms"
)
OPERATIONS = (
    "operation,driver,calls,failed_calls,timed_out_calls,unfinished_calls,dropped_arrivals,calls_per_second,hop,hop_times,"
    "min_ms,mean_ms,p50_ms,p75_ms,p90_ms,p95_ms,p99_ms,p999_ms,max_ms"
)


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV text by their headings."""
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", RUNS)
def test_headings_are_stable(kind: str) -> None:
    """Whatever the run, the headings are the same and every row has all cells: whoever plots relies on it."""
    result = RUNS[kind]()
    for text, heads in (
        (timeline_csv(result), TIMELINE),
        (timeline_by_operation_csv(result), BY_OPERATION),
        (operations_csv(result), OPERATIONS),
    ):
        lines = list(csv.reader(io.StringIO(text)))
        assert text.splitlines()[0] == heads
        assert {len(line) for line in lines} == {len(heads.split(","))}


def test_the_timeline_has_a_row_for_each_second() -> None:
    """Counts are those of the timeline; what is not known is an empty cell."""
    result = open_run(10, 30.0)
    result["timeline"][3]["cpu_percent"] = None
    found = rows(timeline_csv(result))
    assert [int(row["started_arrivals"]) for row in found] == [row["started"] for row in result["timeline"]]
    assert found[3]["cpu_percent"] == ""
    assert found[3]["server_rss_mb"] == ""
    assert float(found[4]["cpu_percent"]) > 0


def test_operations_by_second_add_up() -> None:
    """The long table has a row for each second, operation and driver; its calls add up to those of the operations."""
    result = open_run(10, 30.0)
    found = rows(timeline_by_operation_csv(result))
    for row in result["operations"]:
        own = [each for each in found if (each["operation"], each["driver"]) == (row["operation"], row["driver"])]
        assert sum(int(each["calls"]) for each in own) == row["count"]


def test_operations_have_a_row_for_each_hop() -> None:
    """All five hops, and the failures where there are any; an operation of which nothing was measured is there too."""
    result = open_run(10, 30.0)
    found = rows(operations_csv(result))
    search = [row for row in found if row["operation"] == "search" and row["driver"] == "direct"]
    assert [row["hop"] for row in search][:5] == ["latency", "service", "lag", "server", "network"]
    hops = result["operations"][2]["hops"]
    assert float(search[0]["p999_ms"]) == hops["latency"]["p999_ms"]
    assert {(row["operation"], row["calls"]) for row in rows(operations_csv(RUNS["empty"]()))} == {("search", "0")}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_is_no_formula(text: str) -> None:
    """A name that a spreadsheet would calculate gets an apostrophe; commas, quotes and line feeds are quoted."""
    result = open_run(3, 20.0)
    result["operations"][0]["operation"] = f'{text},"a"\nb'
    assert rows(operations_csv(result))[0]["operation"] == f'\'{text},"a"\nb'
