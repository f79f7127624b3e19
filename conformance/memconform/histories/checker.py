"""Checks a history object by object. Sound: a history that any linearizable store could have given is clean.

Each check compares pairs of operations in real-time order, so the cost is a sort; none searches for a whole order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from memconform.histories.collections import collection_violations
from memconform.histories.counters import counter_violations
from memconform.histories.operation import Operation
from memconform.histories.presence import presence_violations
from memconform.histories.registers import register_violations
from memconform.histories.versions import version_violations
from memconform.histories.violation import Violation
from memconform.histories.winners import winner_violations

Check = Callable[[Sequence[Operation]], Iterator[Violation]]

CHECKS: tuple[Check, ...] = (
    winner_violations,
    presence_violations,
    register_violations,
    collection_violations,
    counter_violations,
    version_violations,
)


def check(history: Iterable[Operation], *, staleness: float = 0.0) -> list[Violation]:
    """Return what the history breaks: at most one violation of each law on each object, the smallest witness first.

    `staleness` is how many seconds a read may lag: it may show any state since so long before its start.
    """
    objects: defaultdict[str, list[Operation]] = defaultdict(list)
    recorded: dict[Operation, Operation] = {}
    for operation in history:
        if operation.is_read and not operation.is_ok:
            continue
        judged = _lagging(operation, staleness)
        recorded[judged] = operation
        objects[operation.object].append(judged)
    found: list[Violation] = []
    for operations in objects.values():
        found += _of_object(sorted(operations, key=lambda operation: operation.start))
    told = [replace(each, witness=tuple(recorded[operation] for operation in each.witness)) for each in found]
    return sorted(told, key=lambda violation: len(violation.witness))


def _of_object(operations: Sequence[Operation]) -> Iterator[Violation]:
    smallest: dict[str, Violation] = {}
    for each in CHECKS:
        for violation in each(operations):
            known = smallest.get(violation.law)
            if known is None or len(violation.witness) < len(known.witness):
                smallest[violation.law] = violation
    yield from smallest.values()


def _lagging(read: Operation, staleness: float) -> Operation:
    return replace(read, start=read.start - staleness) if staleness and read.is_read else read
