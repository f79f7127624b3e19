"""What a result holds of the calls that an objective is about."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform_load.histogram import Histogram
from memconform_load.slo.objective import Objective


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one operation, or of all: those that were answered well, and how many were not."""

    what: str
    """Names them in a sentence: `search by plugin`, `all calls`."""
    rows: Sequence[Mapping[str, Any]]
    dropped: int

    @classmethod
    def of(cls, objective: Objective, result: Mapping[str, Any]) -> Calls:
        """Return the calls that an objective is about.

        An arrival that was dropped before anything was called (its row has no call) would have called: it counts.
        """
        ways = [row for row in result["operations"] if objective.driver in (None, row["driver"])]
        rows = [row for row in ways if objective.operation in (None, row["operation"])]
        never = [row for row in ways if row["count"] == 0 and row not in rows]
        what = objective.operation or "all calls"
        if objective.driver:
            what += f" by {objective.driver}"
        return cls(what, rows, sum(row.get("dropped", 0) for row in (*rows, *never)))

    def sum(self, name: str) -> int:
        """Return a count of all of them."""
        return sum(row.get(name, 0) for row in self.rows)

    @property
    def number(self) -> int:
        """Calls and dropped arrivals."""
        return self.sum("count") + self.dropped

    @property
    def bad(self) -> int:
        """How many of them failed, stayed unfinished or were dropped."""
        return self.sum("failed") + self.sum("unfinished") + self.dropped

    def hop(self, name: str) -> Histogram:
        """Return the times of a hop, of all calls."""
        return _merged(row["hops"].get(name) for row in self.rows)

    def answered(self) -> Histogram:
        """Return the latencies of the calls that were answered well."""
        return self.hop("latency").without(_merged(row.get("failures") for row in self.rows))

    def said_bad(self) -> str:
        """Say how many brought no good answer, and why."""
        counts = {
            "failed": self.sum("failed") - self.sum("timed_out"),
            "timed out": self.sum("timed_out"),
            "unfinished": self.sum("unfinished"),
            "dropped": self.dropped,
        }
        return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)


def said_ms(ms: float) -> str:
    """Return a time as people read it."""
    if not math.isfinite(ms):
        return "beyond any time"
    return f"{ms / 1000:.4g} s" if abs(ms) >= 10_000 else f"{ms:.4g} ms"


def _merged(summaries: Any) -> Histogram:
    merged = Histogram()
    for summary in summaries:
        if summary and summary["count"]:
            merged.merge(Histogram.from_encoded(summary["hdr"]))
    return merged
