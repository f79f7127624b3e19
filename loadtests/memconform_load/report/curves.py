"""Percentile curves: how long a share of the calls took at most, on an axis that stretches towards 100 %.

The axis counts nines: 0 is the smallest, 1 is 90 %, 2 is 99 %, 3 is 99.9 %. A curve ends where its sample does: of a
hundred calls, nothing is known beyond 99 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from memconform_load.histogram import Histogram
from memconform_load.report.sentences import series_name

STEPS = 32
"""Points for each nine."""
FLOOR_MS = 0.001
"""The least that is drawn, in ms, as an axis of powers of ten has no zero: the resolution of the histograms."""

HOPS = ("latency", "service", "server", "network", "lag")


def curves(summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return several curves over one axis: `x` in nines, and for each name its milliseconds, None beyond its sample.

    Summaries without a time are left out. The last point of a curve is its largest time.
    """
    known = {name: each for name, each in summaries.items() if each["count"]}
    longest = max((_points(each["count"]) for each in known.values()), default=0)
    return {
        "x": [round(step / STEPS, 4) for step in range(longest)],
        "series": [{"name": name, "values": _values(each, longest)} for name, each in known.items()],
    }


def hop_curves(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the curves of one operation by one driver, hop by hop."""
    return curves({hop: row["hops"][hop] for hop in HOPS if hop in row["hops"]})


def latency_curves(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the latency of every operation and driver beside each other."""
    return curves({series_name(row): row["hops"]["latency"] for row in rows if "latency" in row["hops"]})


def _points(count: int) -> int:
    """Return how many points the sample is good for."""
    return max(math.floor(math.log10(count) * STEPS), 1) + 1


def _values(summary: Mapping[str, Any], length: int) -> list[float | None]:
    own = _points(summary["count"])
    quantiles = Histogram.from_encoded(summary["hdr"]).quantiles(1 - 10 ** (-step / STEPS) for step in range(own - 1))
    times = [max(round(seconds * 1000, 4), FLOOR_MS) for seconds in quantiles]
    return [*times, max(summary["max_ms"], FLOOR_MS), *[None] * (length - own)]
