"""Which measures moved between two results: told for people to look at, never a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FACTOR = 1.5
"""Less than that is noise on most machines."""
_LEAST_S = 0.001
"""A time moved by more than that, or it did not move."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A measure whose median, or value, is another now."""

    requirement: str
    test: str
    name: str
    unit: str
    before: float
    now: float

    @property
    def ratio(self) -> float | None:
        """How many times the former figure the present one is; None where there is no such number."""
        return self.now / self.before if self.before else None

    def to_json(self) -> dict[str, Any]:
        """Return it as `schemas/results/difference.schema.json` describes it."""
        return {
            "requirement": self.requirement,
            "test": self.test,
            "name": self.name,
            "unit": self.unit,
            "before": self.before,
            "now": self.now,
        }


def moved(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Moved, ...]:
    """Return the measures of two results that differ by a factor of 1.5 or more, in the order of the later one."""
    was = _figures(before)
    pairs = ((key, was[key], figure) for key, figure in _figures(now).items() if key in was)
    return tuple(Moved(*key, old, new) for key, old, new in pairs if _differs(key[-1], old, new))


def _figures(result: Mapping[str, Any]) -> dict[tuple[str, str, str, str], float]:
    """Return the figure of each measure by requirement, test, name and unit: a quantity, or the median of times."""
    return {
        (record["requirement"], record["test"], each["name"], each["unit"]): each.get("value", each.get("p50"))
        for record in result["tests"]
        for each in record.get("measures", ())
    }


def _differs(unit: str, before: float, now: float) -> bool:
    least, most = sorted((abs(before), abs(now)))
    if unit == "s" and most - least <= _LEAST_S:
        return False
    return before * now < 0 or (most > 0 and most >= FACTOR * least)
