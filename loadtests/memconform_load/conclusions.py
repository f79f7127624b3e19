"""What scenarios conclude from a result: figures with a sentence each, and what several of them look at alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from memconform_load.histogram import Histogram, middle_us
from memconform_load.trends import course

Result = Mapping[str, Any]
Figure = dict[str, Any]

LEAST = 20
"""Calls that a 95th percentile takes, at least."""


def figure(name: str, value: float | None, unit: str, said: str) -> Figure:
    """Return a figure; what is no number becomes None."""
    known = value if value is not None and math.isfinite(value) else None
    return {"name": name, "value": None if known is None else round(known, 4), "unit": unit, "said": said}


def measured(result: Result, name: str) -> Histogram:
    """Return a distribution that the scenario or the judge measured; an empty one where it did not."""
    found = (row["summary"] for row in result["measured"] if row["name"] == name)
    summary = next((each for each in found if each["count"]), None)
    return Histogram.from_encoded(summary["hdr"]) if summary else Histogram()


def percentiles(name: str, times: Histogram, what: str) -> list[Figure]:
    """Return p50 and p95 of a distribution as figures; `what` says of what they are."""
    if not times.counts:
        return [figure(f"{name} {each}", None, "ms", f"{what}: nothing was measured") for each in ("p50", "p95")]
    half, most = (value * 1e3 for value in times.quantiles((0.5, 0.95)))
    said = f"{what}: half within {half:.4g} ms, 95 % within {most:.4g} ms, all within {_longest(times):.4g} ms"
    number = f" ({times.count:,} seen)"
    return [figure(f"{name} p50", half, "ms", said + number), figure(f"{name} p95", most, "ms", said + number)]


def broken(result: Result, *laws: str) -> int:
    """Return how often laws were broken, by their names."""
    return sum(row["count"] for row in result["violations"]["found"] if row["law"] in laws)


def calls(result: Result, *operations: str) -> int:
    """Return how many calls of these operations ended well."""
    rows = (row for row in result["operations"] if row["operation"] in operations)
    return sum(row["count"] - row["failed"] - row["unfinished"] for row in rows)


def latencies(row: Mapping[str, Any]) -> Histogram:
    """Return the latencies of all calls whose intended start lies in a row of the timeline."""
    whole = Histogram()
    for cell in row["operations"].values():
        if cell["count"] and "hdr" in cell:
            whole.merge(Histogram.from_encoded(cell["hdr"]))
    return whole


def drifts(result: Result) -> list[Figure]:
    """Return how latency (p50) and the server's memory change an hour, with their intervals."""
    rows = [row for row in result["timeline"] if row["second"] < result["load_s"]]
    halves = [(row["second"], latencies(row)) for row in rows]
    times = [(second, seen.quantile(0.5) * 1e3) for second, seen in halves if seen.counts]
    memory = [(row["second"], row["server_rss_mb"]) for row in rows if "server_rss_mb" in row]
    unseen = "the server's memory was not watched: give --server-pid PID where it runs on this machine"
    return [
        _drift("latency drift", times, "ms", "the median latency", "too few seconds with calls"),
        _drift("memory growth", memory, "MB", "the server's memory", unseen if not memory else "too few seconds"),
    ]


def _drift(name: str, seen: list[tuple[float, float]], unit: str, what: str, why_not: str) -> Figure:
    line = course([at for at, _ in seen], [value for _, value in seen])
    if line is None:
        return figure(name, None, f"{unit}/h", f"{what}: {why_not}")
    verdict = "it grows" if line.rises else "no growth shown"
    between = f"95 % confidence {line.low:+.3g} to {line.high:+.3g}"
    said = f"{what}: {line.slope:+.3g} {unit}/h ({between}): {verdict}; from {line.start:.4g} to {line.end:.4g} {unit}"
    return figure(name, line.slope, f"{unit}/h", said)


def _longest(times: Histogram) -> float:
    return middle_us(max(times.counts)) / 1e3
