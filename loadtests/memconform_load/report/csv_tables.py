"""The result as CSV: the timeline by second, the same by operation, and the operations hop by hop.

Columns and their order are stable; headings have units, cells that are not known are empty, times are in ms. Texts that
a spreadsheet would take for a formula get an apostrophe before them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from memconform_load.report.sentences import Result

_TIMELINE = {
    "second": "second_s",
    "intended": "intended_arrivals",
    "started": "started_arrivals",
    "ended": "ended_calls",
    "completed": "completed_calls",
    "failed": "failed_calls",
    "dropped": "dropped_arrivals",
    "violations": "violations",
    "in_flight": "in_flight_calls",
    "lag_p99_ms": "lag_p99_ms",
    "cpu_percent": "cpu_percent",
    "plugin_cpu_percent": "plugin_cpu_percent",
    "server_rss_mb": "server_rss_mb",
}
"""Members of the timeline, and their headings."""
_SERIES = {"count": "calls", "failed": "failed_calls", "p50_ms": "", "p95_ms": "", "p99_ms": "", "max_ms": ""}
_OPERATION = {
    "count": "calls",
    "failed": "failed_calls",
    "timed_out": "timed_out_calls",
    "unfinished": "unfinished_calls",
    "dropped": "dropped_arrivals",
    "per_second": "calls_per_second",
}
_SUMMARY = ("min_ms", "mean_ms", "p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")


def timeline_csv(result: Result) -> str:
    """Return a row for each row of the timeline."""
    return _csv(_TIMELINE.values(), ([row.get(name) for name in _TIMELINE] for row in result["timeline"]))


def timeline_by_operation_csv(result: Result) -> str:
    """Return a row for each second, operation and driver; latency is from the intended start."""
    heads = ["second_s", "operation", "driver", *(head or f"latency_{name}" for name, head in _SERIES.items())]
    rows = (
        [row["second"], *series.split(" ", 1), *(figures[name] for name in _SERIES)]
        for row in result["timeline"]
        for series, figures in row["operations"].items()
    )
    return _csv(heads, rows)


def operations_csv(result: Result) -> str:
    """Return a row for each operation, driver and hop; `hop_times` is how many times the hop's figures are of."""
    heads = ["operation", "driver", *_OPERATION.values(), "hop", "hop_times", *_SUMMARY]
    return _csv(heads, (cells for row in result["operations"] for cells in _hops(row)))


def _hops(row: Mapping[str, Any]) -> Iterable[list[Any]]:
    first = [row["operation"], row["driver"], *(row[name] for name in _OPERATION)]
    hops: Mapping[str, Mapping[str, Any]] = row["hops"] | ({"failures": row["failures"]} if "failures" in row else {})
    for hop, summary in hops.items():
        yield [*first, hop, summary["count"], *(summary[name] for name in _SUMMARY)]
    if not hops:
        yield [*first, None, 0, *[None] * len(_SUMMARY)]


def _csv(heads: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
