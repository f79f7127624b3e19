"""Latency side by side: for each operation a row for each server, the quickest first, and where its bars lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memconform.matrix.document import Matrix

DRIVERS: Mapping[str, str] = {"direct": "direct", "plugin": "by plugin"}
"""What the ways of calls are called."""

FIRST = ("search", "add")
"""The operations that agents wait for; the others come after them."""

Times = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A server's times of one operation, by driver; a driver that was not used is absent."""

    load: Mapping[str, Any]
    times: Mapping[str, Times]

    @property
    def p95_ms(self) -> float:
        """The time to sort by: of direct calls where there are any."""
        return float(next(self.times[name] for name in DRIVERS if name in self.times)["p95_ms"])


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its rows, and the powers of ten in ms from and to which its axis goes."""

    name: str
    rows: tuple[Row, ...]
    first_power: int
    last_power: int

    def place(self, milliseconds: float) -> float:
        """Return where a time lies on the axis, which is logarithmic, from 0 to 1."""
        power = math.log10(max(milliseconds, 10.0**self.first_power))
        return (power - self.first_power) / (self.last_power - self.first_power)

    @property
    def powers(self) -> range:
        """The powers of ten that get a line."""
        return range(self.first_power, self.last_power + 1)


def operations(matrix: Matrix) -> list[Operation]:
    """Return every operation that any load measured."""
    seen = {each["operation"] for load in matrix["loads"] for each in load["times"]}
    names = [name for name in FIRST if name in seen] + sorted(seen - set(FIRST))
    return [_operation(name, matrix) for name in names]


def _operation(name: str, matrix: Matrix) -> Operation:
    rows = [
        Row(load, {each["driver"]: each for each in load["times"] if each["operation"] == name})
        for load in matrix["loads"]
    ]
    rows = sorted((row for row in rows if row.times), key=lambda row: row.p95_ms)
    all_ms = [each[member] for row in rows for each in row.times.values() for member in ("p50_ms", "p99_ms")]
    lowest, highest = max(min(all_ms), 0.001), max(*all_ms, 0.01)
    first, last = math.floor(math.log10(lowest)), math.ceil(math.log10(highest))
    return Operation(name, tuple(rows), first, max(last, first + 1))


def settings(matrix: Matrix) -> list[str]:
    """Return the loads under which was measured; only times of one can be compared."""
    return list(dict.fromkeys(load["setting"] for load in matrix["loads"]))


def p95_of(matrix: Matrix, server: str, operation: str) -> float | None:
    """Return the p95 of a server's direct calls in ms, None where it was not measured, or under several loads."""
    found = [
        each["p95_ms"]
        for load in matrix["loads"]
        if load["server"] == server
        for each in load["times"]
        if (each["operation"], each["driver"]) == (operation, "direct")
    ]
    return found[0] if len(found) == 1 else None


def three_digits(milliseconds: float | None) -> str:
    """Return a time in ms as people compare them: three significant digits, thousands apart."""
    if milliseconds is None:
        return "–"
    return f"{milliseconds:.3g}" if milliseconds < 1000 else f"{float(f'{milliseconds:.3g}'):,.0f}"
