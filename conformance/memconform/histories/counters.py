"""A counter holds every acknowledged increment, and no more than were asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from memconform.histories.intervals import LastBefore
from memconform.histories.operation import ABSENT, Kind, Operation
from memconform.histories.violation import Law, Violation

_ENOUGH = 20
"""So many violations of one counter are looked at to find the one with the smallest witness."""


def counter_violations(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield two looks at a counter that differ by less, or by more, than was counted between them."""
    steps = [each for each in operations if each.kind is Kind.INCREMENT and each.possible]
    looks = [each for each in operations if each.is_ok and each.kind in (Kind.READ, Kind.ADD) and _is_count(each.value)]
    others = any(each.possible and each.kind in (Kind.SET, Kind.WRITE, Kind.DELETE) for each in operations)
    if not steps or others or any(_amount(each) < 0 for each in steps):
        return
    counted = _Counted(steps)
    last_look = LastBefore(looks)
    pairs = ((earlier, later) for later in looks for earlier in dict.fromkeys((last_look(later.start), looks[0])))
    found = (
        violation
        for earlier, later in pairs
        if earlier is not None and earlier.end < later.start
        for violation in _compared(earlier, later, counted)
    )
    yield from islice(found, _ENOUGH)


def _compared(earlier: Operation, later: Operation, counted: _Counted) -> Iterator[Violation]:
    grown = later.value - earlier.value
    if grown < 0:
        yield Violation.of(Law.MONOTONIC, f"it shrank from {earlier.value} to {later.value}", earlier, later)
    elif grown < counted.at_least(earlier, later):
        enough = counted.witness(earlier, later, grown)
        said = f"it grew by {grown}, although more was acknowledged in between"
        yield Violation.of(Law.LOST_UPDATE, said, earlier, *enough, later)
    most = counted.at_most(earlier, later)
    if grown > most:
        said = f"it grew by {grown}, although at most {most} was asked for in between"
        yield Violation.of(Law.DUPLICATE, said, earlier, *counted.possible(earlier, later), later)


class _Counted:
    """Sums of increments by start and by end."""

    def __init__(self, steps: Sequence[Operation]) -> None:
        self.steps = steps
        self.acknowledged = [each for each in steps if each.is_ok]
        self._ok_ends, self._ok_by_end = _sums(self.acknowledged, by_end=True)
        self._ok_starts, self._ok_by_start = _sums(self.acknowledged, by_end=False)
        self._starts, self._by_start = _sums(steps, by_end=False)
        self._ends, self._by_end = _sums(steps, by_end=True)

    def at_least(self, earlier: Operation, later: Operation) -> int:
        """Return how much was acknowledged from the end of one look to the start of the other, or less."""
        over = self._ok_by_end[bisect_left(self._ok_ends, later.start)]
        return over - self._ok_by_start[bisect_right(self._ok_starts, earlier.end)]

    def at_most(self, earlier: Operation, later: Operation) -> int:
        """Return how much can have happened between two looks."""
        began = self._by_start[bisect_left(self._starts, later.end)]
        return began - self._by_end[bisect_right(self._ends, earlier.start)]

    def witness(self, earlier: Operation, later: Operation, grown: int) -> list[Operation]:
        """Return acknowledged increments between two looks that together exceed what the counter grew by."""
        chosen: list[Operation] = []
        between = [each for each in self.acknowledged if each.start > earlier.end and each.end < later.start]
        for each in sorted(between, key=_amount, reverse=True):
            if sum(map(_amount, chosen)) > grown:
                break
            chosen.append(each)
        return chosen

    def possible(self, earlier: Operation, later: Operation) -> list[Operation]:
        """Return the increments that can have happened between two looks."""
        return [each for each in self.steps if each.latest > earlier.start and each.start < later.end]


def _sums(steps: Sequence[Operation], *, by_end: bool) -> tuple[list[float], list[int]]:
    ordered = sorted(steps, key=lambda each: each.latest if by_end else each.start)
    moments = [each.latest if by_end else each.start for each in ordered]
    return moments, list(accumulate(map(_amount, ordered), initial=0))


def _amount(step: Operation) -> int:
    return 1 if step.value is None else int(step.value)


def _is_count(value: object) -> bool:
    return value is not ABSENT and isinstance(value, int) and not isinstance(value, bool)
