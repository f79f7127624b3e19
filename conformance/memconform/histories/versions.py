"""Versions only grow in real time, and a version has one value."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from memconform.histories.anew import Anew
from memconform.histories.operation import REPLACERS, Kind, Operation, key
from memconform.histories.violation import Law, Violation, shown


def version_violations(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield versions that go back and versions with two values. After a deletion they may begin anew."""
    said = [each for each in operations if each.shows_presence and each.version is not None]
    anew = Anew(operations)
    yield from _backwards(said, anew)
    yield from _two_values(said, anew)


def _backwards(said: Sequence[Operation], anew: Anew) -> Iterator[Violation]:
    by_end = sorted(said, key=lambda each: each.end)
    highest: Operation | None = None
    ended = 0
    for later in said:
        while ended < len(by_end) and by_end[ended].end < later.start:
            if highest is None or _version(by_end[ended]) > _version(highest):
                highest = by_end[ended]
            ended += 1
        if highest is None or _version(later) >= _version(highest):
            continue
        if anew.possible(highest, later):
            highest = None  # perhaps another object by now
            continue
        told = f"version {later.version} after version {highest.version}"
        yield Violation.of(Law.MONOTONIC, told, highest, later)
        return


def _two_values(said: Sequence[Operation], anew: Anew) -> Iterator[Violation]:
    known: dict[int, Operation] = {}
    for each in said:
        if each.kind is not Kind.READ and each.kind not in REPLACERS:
            continue
        first = known.setdefault(_version(each), each)
        if _value(first) != _value(each) and not anew.possible(first, each):
            told = f"version {each.version} is {shown(first.value)} and {shown(each.value)}"
            law = Law.MONOTONIC if first.is_read or each.is_read else Law.LOST_UPDATE
            yield Violation.of(law, told, first, each)
            return


def _version(operation: Operation) -> int:
    return operation.version or 0


def _value(operation: Operation) -> Hashable:
    return key(operation.value)
