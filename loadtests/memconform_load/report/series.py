"""The timeline as columns that can be drawn: at most some hundred points, whatever the length of the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from memconform_load.report.sentences import Result

MOST_POINTS = 900
"""More could not be told apart on a screen."""

Row = Mapping[str, Any]
Column = Sequence[float | None]


class Columns:
    """The timeline of a result, several rows to a point where there are many.

    A point of a rate is the mean of its seconds, a point of anything else the worst of them, so that no peak is lost.
    """

    def __init__(self, result: Result, most: int = MOST_POINTS) -> None:
        rows: Sequence[Row] = result["timeline"]
        each = max(math.ceil(len(rows) / most), 1)
        row_s = int(result.get("timeline_width_s", 1))
        self.width_s = each * row_s
        """Seconds of one point."""
        self._groups = [rows[start : start + each] for start in range(0, len(rows), each)]
        self._row_s = row_s

    @property
    def seconds(self) -> list[float]:
        """The first second of each point."""
        return [group[0]["second"] for group in self._groups]

    @property
    def series(self) -> list[str]:
        """The names of operations with their drivers, in order."""
        return sorted({name for group in self._groups for row in group for name in row["operations"]})

    def rate(self, name: str) -> list[float]:
        """Return a count of the timeline as a rate a second."""
        return [round(sum(row.get(name, 0) for row in group) / (len(group) * self._row_s), 4) for group in self._groups]

    def total(self, name: str) -> list[float]:
        """Return the sums of a count of the timeline."""
        return [sum(row.get(name, 0) for row in group) for group in self._groups]

    def worst(self, name: str) -> Column:
        """Return the highest values of a gauge, None where it is not known."""
        return self._each(lambda row: row.get(name), max)

    def latency(self, series: str, figure: str) -> Column:
        """Return the worst of a percentile of one series, in ms: `p50_ms`, `p95_ms`, `p99_ms` or `max_ms`."""
        return self._each(lambda row: row["operations"].get(series, {}).get(figure), max)

    def failed(self, series: str) -> list[float]:
        """Return how many calls of one series failed."""
        return [sum(row["operations"].get(series, {}).get("failed", 0) for row in group) for group in self._groups]

    def any(self, name: str) -> bool:
        """Tell whether a column of the timeline has anything to show."""
        return any(row.get(name) for group in self._groups for row in group)

    def _each(self, value: Callable[[Row], float | None], fold: Callable[[Iterator[float]], float]) -> Column:
        found = ([known for row in group if (known := value(row)) is not None] for group in self._groups)
        return [fold(iter(values)) if values else None for values in found]
