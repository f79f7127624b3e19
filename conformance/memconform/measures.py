"""What a test measures besides its verdict: times as distributions, other quantities as they are. Never a judgement."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

PERCENTILES = (50, 95, 99)
TIMES_KEPT = 200
"""So many single times of a distribution are kept in a result at most."""


@dataclass
class Measures:
    """The measures of one test, by name; reported whatever its outcome. Safe to use from several threads."""

    _samples: dict[str, list[float]] = field(default_factory=dict)
    _values: dict[str, tuple[float, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def observe(self, name: str, seconds: float) -> None:
        """Add one sample to a distribution of times."""
        with self._lock:
            self._samples.setdefault(name, []).append(seconds)

    def state(self, name: str, value: float, unit: str) -> None:
        """Say what a quantity is; a later statement of the same name takes its place."""
        with self._lock:
            self._values[name] = (value, unit)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the measures as the result file keeps them: distributions, then values, by first use."""
        with self._lock:
            samples = {name: sorted(seconds) for name, seconds in self._samples.items()}
            values = dict(self._values)
        return [
            *(
                {"name": name, "unit": "s", **distribution(ordered), "times": evenly_taken(ordered)}
                for name, ordered in samples.items()
            ),
            *({"name": name, "unit": unit, "value": value} for name, (value, unit) in values.items()),
        ]


def distribution(ordered: Sequence[float]) -> dict[str, Any]:
    """Return number, smallest, percentiles (nearest rank) and largest of ascending samples."""
    ranks = {f"p{share}": ordered[math.ceil(share / 100 * len(ordered)) - 1] for share in PERCENTILES}
    figures = {"min": ordered[0], **ranks, "max": ordered[-1]}
    return {"samples": len(ordered), **{name: round(value, 6) for name, value in figures.items()}}


def evenly_taken(ordered: Sequence[float], most: int = TIMES_KEPT) -> list[float]:
    """Return ascending samples to the microsecond: all, or `most` of them at even ranks, the outermost included."""
    if len(ordered) > most:
        ordered = [ordered[round(place * (len(ordered) - 1) / (most - 1))] for place in range(most)]
    return [round(value, 6) for value in ordered]
