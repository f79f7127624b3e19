"""Questions about many intervals, each answered in logarithmic time: what was over by a moment, what may reach it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate

from memconform.histories.operation import Operation

Moment = Callable[[Operation], float]


def _latest(operation: Operation) -> float:
    return operation.latest


def _later_start(one: Operation, two: Operation) -> Operation:
    return one if one.start >= two.start else two


class LastBefore:
    """Among operations that were over before a moment, the one that began last."""

    def __init__(self, operations: Iterable[Operation], end: Moment = _latest) -> None:
        """Order the operations by `end`, the moment by which each had happened."""
        ordered = sorted(operations, key=end)
        self._ends = [end(operation) for operation in ordered]
        self._last: list[Operation] = list(accumulate(ordered, _later_start))

    def __call__(self, moment: float) -> Operation | None:
        """Return it; None when none was over."""
        at = bisect_left(self._ends, moment)
        return self._last[at - 1] if at else None


class ReachOf:
    """Among operations that began before a moment, the latest moment at which any of them may have happened."""

    def __init__(self, operations: Iterable[Operation], end: Moment = _latest) -> None:
        """Order the operations by start."""
        ordered = sorted(operations, key=lambda operation: operation.start)
        self._starts = [operation.start for operation in ordered]
        self._reach = list(accumulate((end(operation) for operation in ordered), max))

    def __call__(self, moment: float) -> float:
        """Return that moment; minus infinity when none began."""
        at = bisect_left(self._starts, moment)
        return self._reach[at - 1] if at else -math.inf

    def within(self, after: float, before: float) -> bool:
        """Tell whether any may have happened after one moment and before another."""
        return self(before) > after


class FirstThreat:
    """Among operations that may happen after a moment, the start of the one that began first."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        """Order the operations by the last moment at which they may have happened."""
        ordered = sorted(operations, key=_latest)
        self._latest = [operation.latest for operation in ordered]
        backwards = accumulate((operation.start for operation in reversed(ordered)), min)
        self._first = list(backwards)[::-1]

    def __call__(self, moment: float) -> float:
        """Return that start; infinity when none may happen any more."""
        at = bisect_right(self._latest, moment)
        return self._first[at] if at < len(self._first) else math.inf
