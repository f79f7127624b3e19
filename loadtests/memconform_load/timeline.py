"""What happened in each second of a run, mergeable, in bounded memory: seconds that have gone quiet are packed.

A second has two faces. Calls, failures, drops, violations and generator lag belong to the second of the *intended*
start; `started` and `ended` count what began and ended in a second, so that a late generator and a recovering server
can be seen.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from memconform_load.histogram import Histogram, add_counts

Series = tuple[str, str]
"""An operation and a driver."""
OPEN_SECONDS = 120
"""So many seconds stay ready for more; those before them are packed, and unpacked when a late call belongs there."""
_NUMBERS = ("intended", "started", "ended", "dropped", "violations", "ended_badly")
_PEAKS = ("cpu_percent", "plugin_cpu_percent", "server_rss_mb")


def flat(counts: Mapping[int, int]) -> list[int]:
    """Return counts as index, number, index, number…: what any encoding of messages carries."""
    return [number for pair in sorted(counts.items()) for number in pair]


def pairs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Return what `flat` made flat."""
    return zip(numbers[::2], numbers[1::2], strict=True)


class Cell:
    """The calls of one series whose intended start lies in one second."""

    __slots__ = ("completed", "failed", "latency")

    def __init__(self) -> None:
        self.completed = 0
        self.failed = 0
        self.latency: dict[int, int] = defaultdict(int)
        """Of completed and of unfinished calls."""

    @property
    def count(self) -> int:
        """Completed and unfinished calls."""
        return sum(self.latency.values())


class Second:
    """One second of a run."""

    __slots__ = (*_NUMBERS, *_PEAKS, "answers", "cells", "lag")

    def __init__(self) -> None:
        self.intended = self.started = self.ended = self.dropped = self.violations = self.ended_badly = 0
        self.cpu_percent: float | None = None
        self.plugin_cpu_percent: float | None = None
        self.server_rss_mb: float | None = None
        self.lag: dict[int, int] = defaultdict(int)
        self.answers: dict[int, int] = defaultdict(int)
        """Latencies of the calls that ended in this second, for live progress."""
        self.cells: dict[Series, Cell] = defaultdict(Cell)

    def peak(self, name: str, value: float) -> None:
        """Keep the highest value of a gauge."""
        before = getattr(self, name)
        setattr(self, name, value if before is None else max(before, value))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values, without what is not known."""
        numbers = {name: value for name in (*_NUMBERS, *_PEAKS) if (value := getattr(self, name)) is not None}
        distributions = {name: flat(counts) for name in ("lag", "answers") if (counts := getattr(self, name))}
        cells = [[*series, cell.completed, cell.failed, flat(cell.latency)] for series, cell in self.cells.items()]
        return {**numbers, **distributions, "cells": cells}

    def merge(self, document: Mapping[str, Any]) -> None:
        """Add what `as_json` gave."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + document.get(name, 0))
        for name in _PEAKS:
            if name in document:
                self.peak(name, document[name])
        for name in ("lag", "answers"):
            add_counts(getattr(self, name), pairs(document.get(name, [])))
        for operation, driver, completed, failed, latency in document["cells"]:
            cell = self.cells[operation, driver]
            cell.completed += completed
            cell.failed += failed
            add_counts(cell.latency, pairs(latency))


class Timeline:
    """The seconds of a run, by their number from the start of the load."""

    def __init__(self) -> None:
        self._open: dict[int, Second] = {}
        self._packed: dict[int, bytes] = {}

    def __getitem__(self, number: int) -> Second:
        second = self._open.get(number)
        return self._opened(number) if second is None else second

    def _opened(self, number: int) -> Second:
        if len(self._open) >= OPEN_SECONDS:
            for old in sorted(self._open)[: OPEN_SECONDS // 2]:
                self._packed[old] = _pack(self._open.pop(old))
        second = self._open[number] = _unpack(self._packed.pop(number, None))
        return second

    def open(self) -> list[tuple[int, Second]]:
        """Return the latest seconds that something belongs to, in their order."""
        return sorted(self._open.items())

    def all(self) -> Iterator[tuple[int, Second]]:
        """Yield every second from 0 to the last one that something belongs to, in their order."""
        for number in range(max((*self._open, *self._packed), default=-1) + 1):
            yield number, self._open.get(number) or _unpack(self._packed.get(number))

    def delta(self) -> list[list[Any]]:
        """Return pairs of a number and a second as JSON values, and start anew."""
        numbers = sorted((*self._open, *self._packed))
        seconds = [[number, self[number].as_json()] for number in numbers]
        self._open, self._packed = {}, {}
        return seconds

    def merge(self, seconds: Iterable[list[Any]]) -> None:
        """Add what `delta` gave."""
        for number, document in seconds:
            self[number].merge(document)

    def rows(self, width_s: int = 1) -> list[dict[str, Any]]:
        """Return the timeline as results hold it; rows of more than one second for runs of many hours."""
        rows = []
        begun = ended = 0
        row = Second()
        last = -1
        for number, second in self.all():
            row.merge(second.as_json())
            last = number
            if (number + 1) % width_s == 0:
                begun, ended = begun + _calls(row), ended + row.ended
                rows.append(_row(number + 1 - width_s, row, begun - ended))
                row = Second()
        if (last + 1) % width_s:
            rows.append(_row(last - last % width_s, row, begun + _calls(row) - ended - row.ended))
        return rows


def _calls(second: Second) -> int:
    return sum(cell.count for cell in second.cells.values())


def _row(number: int, second: Second, in_flight: int) -> dict[str, Any]:
    lag = Histogram(second.lag)
    row = {
        "second": number,
        "intended": second.intended,
        "started": second.started,
        "completed": sum(cell.completed for cell in second.cells.values()),
        "failed": sum(cell.failed for cell in second.cells.values()),
        "ended": second.ended,
        "dropped": second.dropped,
        "violations": second.violations,
        "in_flight": in_flight,
        "lag_p99_ms": round(lag.quantile(0.99) * 1e3, 4) if lag.counts else None,
        "cpu_percent": second.cpu_percent,
        "operations": {" ".join(series): _cell_row(cell) for series, cell in sorted(second.cells.items())},
    }
    optional = {name: value for name in _PEAKS[1:] if (value := getattr(second, name)) is not None}
    return {**row, **optional}


def _cell_row(cell: Cell) -> dict[str, Any]:
    summary = Histogram(cell.latency).summary()
    figures = {name: summary[name] for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms", "hdr")}
    return {"count": summary["count"], "failed": cell.failed, **figures}


def _pack(second: Second) -> bytes:
    second.answers.clear()
    return zlib.compress(json.dumps(second.as_json(), separators=(",", ":")).encode(), 1)


def _unpack(packed: bytes | None) -> Second:
    second = Second()
    if packed is not None:
        second.merge(json.loads(zlib.decompress(packed)))
    return second
