"""One operation of one client: when it began and ended, what it asked for, and what is known of its outcome."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Absent:
    """What a read saw where there was nothing."""

    def __repr__(self) -> str:
        """Return the word for it."""
        return "nothing"


ABSENT = Absent()


NEW = "nothing there"
"""The condition of a compare-and-set that demands that there is nothing yet (`If-None-Match: *`)."""


class Kind(StrEnum):
    """What an operation does to its object."""

    ADD = "add"
    """Creates it; `value` is what it is then."""
    SET = "set"
    """Creates it or replaces the whole of it."""
    WRITE = "write"
    """Replaces the whole of it; needs it to be there."""
    DELETE = "delete"
    APPEND = "append"
    """Puts the element `value` into a collection."""
    REMOVE = "remove"
    """Takes the element `value` out of a collection."""
    INCREMENT = "increment"
    """Adds `value` (1 when none is given) to a counter."""
    READ = "read"
    """Sees `value`, or `ABSENT`."""
    LIST = "list"
    """Sees the elements `value` of a collection, or `ABSENT`."""


READS = frozenset({Kind.READ, Kind.LIST})
CREATORS = frozenset({Kind.ADD, Kind.SET})
REPLACERS = frozenset({Kind.ADD, Kind.SET, Kind.WRITE})
"""Operations after which the object's value is theirs."""


class Outcome(StrEnum):
    """What the client knows. A time-out is unknown: it may have happened, at any time after its start."""

    OK = "ok"
    FAILED = "failed"
    """It was refused: it did not happen."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An invocation and its response; times in seconds on one monotonic clock.

    `condition` is the one tag that a compare-and-set demanded, or `NEW`; `tag` and `version` are what the answer said.
    """

    client: str
    kind: Kind
    object: str
    value: Any
    start: float
    end: float
    outcome: Outcome = Outcome.OK
    version: int | None = None
    tag: str | None = None
    condition: str | None = None

    @property
    def latest(self) -> float:
        """The last moment at which it may have happened."""
        return math.inf if self.outcome is Outcome.UNKNOWN else self.end

    @property
    def is_ok(self) -> bool:
        """Whether it was acknowledged."""
        return self.outcome is Outcome.OK

    @property
    def possible(self) -> bool:
        """Whether it may have happened."""
        return self.outcome is not Outcome.FAILED

    @property
    def is_read(self) -> bool:
        """Whether it only looked."""
        return self.kind in READS

    @property
    def shows_presence(self) -> bool:
        """Whether the object was there at some moment between its start and its end."""
        return self.is_ok and self.kind is not Kind.DELETE and self.value is not ABSENT


def key(value: Any) -> Hashable:
    """Return a value as something that a dictionary takes; equal values have equal keys."""
    return value if isinstance(value, (str, int, float, Absent)) else json.dumps(value, sort_keys=True, default=str)
