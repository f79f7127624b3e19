"""What the tests measured, drawn: each time as a dot on a logarithmic axis, each share as a bar; a table beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform.report.html.durations import duration

Result = Mapping[str, Any]

FIGURES = ("min", "p50", "p95", "p99", "max")
MIDDLE, STEP, ROOM = 22.0, 4.0, 16.0
"""Of a lane, in pixels: where its line is, how far stacked dots are apart, how far they go from the line."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One distribution: places are percent of the axis, `dots` have a height in pixels too."""

    requirement: str
    name: str
    samples: int
    figures: tuple[str, ...]
    low: float
    high: float
    median: float
    late: float
    """The place of p95."""
    dots: tuple[tuple[float, float], ...]
    allowed: tuple[float, str] | None
    """Where the declared bound is, and what it says."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is no time: its value in words and, of a share, the percent of a bar."""

    requirement: str
    name: str
    value: str
    percent: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """All measures of a result."""

    ticks: tuple[tuple[float, str], ...]
    lanes: tuple[Lane, ...]
    quantities: tuple[Quantity, ...]


def measured(result: Result) -> Measured:
    """Return the measures of all tests, by requirement."""
    times: list[tuple[str, Result]] = []
    quantities: list[tuple[str, Result]] = []
    for record in sorted(result["tests"], key=lambda record: str(record["requirement"])):
        for measure in record.get("measures", ()):
            (quantities if "value" in measure else times).append((record["requirement"], measure))
    bound = _bound(result)
    axis = _Axis.over([number for _, measure in times for number in (measure["min"], measure["max"])])
    return Measured(
        tuple((axis.place(tick), duration(tick)) for tick in axis.ticks()),
        tuple(_lane(requirement, measure, axis, bound) for requirement, measure in times),
        tuple(_quantity(requirement, measure) for requirement, measure in quantities),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis; times below a microsecond are drawn as one."""

    low: float
    high: float

    @classmethod
    def over(cls, seconds: Iterable[float]) -> _Axis:
        known = [max(each, 1e-6) for each in seconds] or [1e-3]
        low, high = math.log10(min(known)), math.log10(max(known))
        rim = max((high - low) * 0.06, 0.15)
        return cls(low - rim, high + rim)

    def place(self, seconds: float) -> float:
        """Return where a time is, in percent."""
        return round(100 * (math.log10(max(seconds, 1e-6)) - self.low) / (self.high - self.low), 2)

    def ticks(self) -> Iterator[float]:
        """Yield 1, 2, 5, 10 … in seconds, fewer of them where the axis is long."""
        decades = self.high - self.low
        steps = (1, 2, 5) if decades < 2 else (1, 3) if decades < 3 else (1,)
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            for step in steps:
                if self.low <= math.log10(step) + power <= self.high:
                    yield step * 10.0**power

    def holds(self, seconds: float) -> bool:
        """Return whether a time is on the axis."""
        return seconds > 0 and self.low <= math.log10(seconds) <= self.high


def _lane(requirement: str, measure: Result, axis: _Axis, bound: float | None) -> Lane:
    low, median, late, high = (axis.place(measure[name]) for name in ("min", "p50", "p95", "max"))
    allowed = None
    if bound is not None and measure["name"].startswith("search: time to"):
        place = axis.place(bound) if axis.holds(bound) else 100.0 if bound > measure["max"] else 0.0
        allowed = (place, f"declared: at most {duration(bound)}")
    return Lane(
        requirement,
        measure["name"],
        measure["samples"],
        tuple(duration(measure[name]) for name in FIGURES),
        low,
        high,
        median,
        late,
        tuple(_stacked([axis.place(each) for each in measure.get("times", ())])),
        allowed,
    )


def _stacked(places: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield ascending places with a height: dots that would cover each other go up and down from the middle."""
    column, number = -1.0, 0
    for place in places:
        if place - column > 0.7:
            column, number = place, 0
        else:
            number += 1
        away = math.ceil(number / 2) * STEP % (ROOM + STEP)
        yield place, MIDDLE + (away if number % 2 else -away)


def _quantity(requirement: str, measure: Result) -> Quantity:
    value, unit = measure["value"], measure["unit"]
    share = unit == "share" and 0 <= value <= 1
    said = f"{100 * value:.3g} %" if share else f"{value:,g} {unit}".rstrip()
    return Quantity(requirement, measure["name"], said, round(100 * value, 2) if share else None)


def _bound(result: Result) -> float | None:
    """Return within how many seconds the server declares that searches see a change; None where it does not say."""
    at: Any = result.get("server", {}).get("capabilities")
    for name in ("consistency", "search", "max_staleness_ms"):
        at = at.get(name) if isinstance(at, Mapping) else None
    return at / 1000 if isinstance(at, int | float) and at > 0 else None
