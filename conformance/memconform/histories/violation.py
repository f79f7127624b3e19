"""A law that a history breaks, with the fewest operations that show it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from memconform.histories.operation import ABSENT, Kind, Operation, Outcome

_SHOWN = 40


class Law(StrEnum):
    """What every history of a linearizable store obeys."""

    LOST_UPDATE = "lost update"
    READ_YOUR_WRITES = "read your writes"
    MONOTONIC = "real-time order"
    ONE_WINNER = "one winner"
    RESURRECTION = "resurrection"
    DUPLICATE = "duplicate"
    GHOST = "ghost of a refused change"


@dataclass(frozen=True)
class Violation:
    """What was broken on which object, in words, and the witness: operations by start."""

    law: Law
    object: str
    said: str
    witness: tuple[Operation, ...]

    @classmethod
    def of(cls, law: Law, said: str, *witness: Operation) -> Violation:
        """Return the violation that these operations show, each named once."""
        ordered = sorted(dict.fromkeys(witness), key=lambda operation: (operation.start, operation.end))
        return cls(law, ordered[0].object, said, tuple(ordered))

    def __str__(self) -> str:
        """Return the violation with its timeline."""
        return "\n".join([f"{self.law} on {self.object}: {self.said}", *timeline(self.witness)])


def timeline(operations: Iterable[Operation]) -> list[str]:
    """Return a line for each operation; times count from the first start."""
    ordered = list(operations)
    zero = min((operation.start for operation in ordered), default=0.0)
    wide = max((len(operation.client) for operation in ordered), default=0)
    return [
        f"  {operation.start - zero:8.4f} – {_end(operation, zero)} s  {operation.client:<{wide}}  {_told(operation)}"
        for operation in ordered
    ]


def _end(operation: Operation, zero: float) -> str:
    return "       ?" if operation.outcome is Outcome.UNKNOWN else f"{operation.end - zero:8.4f}"


def _told(operation: Operation) -> str:
    words = [operation.kind.value]
    if operation.is_read:
        words.append("→")
    if operation.value is not None:
        words.append(shown(operation.value))
    if operation.condition is not None:
        words.append(f"if {operation.condition}")
    if operation.outcome is not Outcome.OK:
        words.append(f"({operation.outcome})")
    if operation.version is not None:
        words.append(f"version {operation.version}")
    if operation.tag is not None and operation.kind is not Kind.DELETE:
        words.append(f"tag {operation.tag}")
    return " ".join(words)


def shown(value: Any) -> str:
    """Return a value for people: as JSON, cut."""
    text = "nothing" if value is ABSENT else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
