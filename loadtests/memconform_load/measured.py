"""All calls of one operation by one driver: counts, and distributions by hop; mergeable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from memconform_load.histogram import Counts, Histogram, add_counts
from memconform_load.timeline import Series, flat, pairs

HOPS = ("latency", "service", "lag", "server", "network")
"""Intended start to end; sent to answered; intended start to sent; the server's own word; service without server."""
NUMBERS = ("completed", "failed", "timed_out", "unfinished", "dropped")


class Measured:
    """All calls of one operation by one driver."""

    __slots__ = (*HOPS, *NUMBERS, "failures")

    def __init__(self) -> None:
        self.completed = self.failed = self.timed_out = self.unfinished = self.dropped = 0
        self.latency: Counts = defaultdict(int)
        self.service: Counts = defaultdict(int)
        self.lag: Counts = defaultdict(int)
        self.server: Counts = defaultdict(int)
        self.network: Counts = defaultdict(int)
        self.failures: Counts = defaultdict(int)
        """The latencies of calls that failed or stayed unfinished; they are in `latency` too."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        return {**numbers, **{name: flat(getattr(self, name)) for name in (*HOPS, "failures")}}

    def merge(self, document: Mapping[str, Any]) -> None:
        """Add what `as_json` gave."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + document[name])
        for name in (*HOPS, "failures"):
            add_counts(getattr(self, name), pairs(document[name]))

    def row(self, series: Series, load_s: float) -> dict[str, Any]:
        """Return it as results hold it."""
        optional = ("server", "network")
        hops = {
            name: Histogram(counts).summary()
            for name in HOPS
            if (counts := getattr(self, name)) or name not in optional
        }
        row = {
            "operation": series[0],
            "driver": series[1],
            "count": self.completed + self.unfinished,
            **{name: getattr(self, name) for name in ("failed", "timed_out", "unfinished", "dropped")},
            "per_second": round(self.completed / load_s, 4) if load_s else 0.0,
            "hops": hops,
        }
        return {**row, "failures": Histogram(self.failures).summary()} if self.failures else row
