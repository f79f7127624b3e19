"""What a calibration server knows of each request: when its bytes were there, when it was due, when it was answered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WORK = "work"
"""The operation of the plain path, for generators that do not speak the memory API."""


@dataclass(slots=True)
class Journal:
    """Every request in the order of arrival. Times are seconds of `time.monotonic()`, which processes share."""

    operations: list[str] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    due: list[float] = field(default_factory=list)
    """When the answer was due by the law; infinity where it should never come."""
    completed: list[float] = field(default_factory=list)
    """When the answer was written; NaN where it was not: the server died, or the client went away."""

    def arrives(self, operation: str, arrived: float, due: float) -> int:
        """Note a request and return its number."""
        self.operations.append(operation)
        self.arrived.append(arrived)
        self.due.append(due)
        self.completed.append(math.nan)
        return len(self.completed) - 1

    def only(self, *operations: str) -> Journal:
        """Return the requests of these operations."""
        wanted = [number for number, operation in enumerate(self.operations) if operation in operations]
        columns: tuple[Sequence[Any], ...] = (self.operations, self.arrived, self.due, self.completed)
        return Journal(*([column[number] for number in wanted] for column in columns))

    @property
    def answered(self) -> int:
        """How many were answered."""
        return sum(not math.isnan(moment) for moment in self.completed)

    @property
    def late(self) -> list[float]:
        """By how many seconds each answer was later than due: the server's own inaccuracy."""
        return [end - due for end, due in zip(self.completed, self.due, strict=True) if not math.isnan(end)]

    def latencies(self, intended: Sequence[float]) -> list[float]:
        """Return what each user of an ascending schedule saw, in seconds; infinity where nothing was answered.

        The schedule's times count from any moment: it is laid so that the most punctual request arrived just as it was
        intended. Raise `ValueError` where there are more or fewer requests than the schedule has.
        """
        begun = min(there - meant for there, meant in zip(self.arrived, intended, strict=True))
        ends = (math.inf if math.isnan(end) else end for end in self.completed)
        return [end - begun - meant for end, meant in zip(ends, intended, strict=True)]

    def as_json(self) -> dict[str, list[Any]]:
        """Return it as JSON values; what never came is null."""
        return {
            "operations": self.operations,
            "arrived": [round(moment, 7) for moment in self.arrived],
            "due": [round(moment, 7) if math.isfinite(moment) else None for moment in self.due],
            "completed": [None if math.isnan(moment) else round(moment, 7) for moment in self.completed],
        }

    @classmethod
    def from_json(cls, document: dict[str, list[Any]]) -> Journal:
        """Return the journal that `as_json` gave."""
        due = [math.inf if moment is None else moment for moment in document["due"]]
        completed = [math.nan if moment is None else moment for moment in document["completed"]]
        return cls(list(document["operations"]), list(document["arrived"]), due, completed)
