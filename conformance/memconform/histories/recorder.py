"""Writes down what concurrent clients ask and hear, on one clock, from any number of threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from memconform.histories.operation import Kind, Operation, Outcome

_UNSAID = object()


@dataclass
class Call:
    """An invocation: recorded from the start of its block to the end. What is not said about it stays unknown."""

    recorder: Recorder
    client: str
    kind: Kind
    target: str
    value: Any
    condition: str | None
    outcome: Outcome = Outcome.UNKNOWN
    version: int | None = None
    tag: str | None = None
    start: float = 0.0

    def ok(self, *, value: Any = _UNSAID, version: int | None = None, tag: str | None = None) -> None:
        """Take note that it was acknowledged. A read says what it saw as `value`: `ABSENT` where there was nothing.

        An add sets `target` to the id of what it made.
        """
        self.outcome, self.version, self.tag = Outcome.OK, version, tag
        self.value = self.value if value is _UNSAID else value

    def failed(self) -> None:
        """Take note that it was refused: it did not happen."""
        self.outcome = Outcome.FAILED

    def __enter__(self) -> Self:
        """Begin."""
        self.start = self.recorder.clock()
        return self

    def __exit__(self, *_: object) -> None:
        """Write it down; an exception goes on its way."""
        end = self.recorder.clock()
        known = (self.start, end, self.outcome, self.version, self.tag, self.condition)
        self.recorder.add(Operation(self.client, self.kind, self.target, self.value, *known))


@dataclass
class Recorder:
    """The history so far. `clock` is monotonic, and one for all clients."""

    clock: Callable[[], float] = time.monotonic
    _operations: list[Operation] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, client: str, kind: Kind, target: str, value: Any = None, *, condition: str | None = None) -> Call:
        """Return a context that records one operation on the object `target`."""
        return Call(self, client, kind, target, value, condition)

    def add(self, operation: Operation) -> None:
        """Take an operation that has ended."""
        with self._lock:
            self._operations.append(operation)

    def history(self) -> list[Operation]:
        """Return what has ended so far, by start."""
        with self._lock:
            return sorted(self._operations, key=lambda operation: operation.start)
