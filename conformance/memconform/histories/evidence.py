"""By when a change must have happened: by its acknowledgement, or by the end of the first read that shows its value."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from memconform.histories.operation import ABSENT, REPLACERS, Kind, Operation, key


def writers_of(operations: Iterable[Operation]) -> dict[Hashable, list[Operation]]:
    """Return, for each value, the operations that may have written it."""
    writers: defaultdict[Hashable, list[Operation]] = defaultdict(list)
    for each in operations:
        if each.kind in REPLACERS and each.possible:
            writers[key(each.value)].append(each)
    return dict(writers)


def first_sight(operations: Sequence[Operation]) -> dict[Operation, Operation]:
    """Return, for each change that alone wrote its value, the read that shows it and ends first."""
    writers = writers_of(operations)
    seen: dict[Operation, Operation] = {}
    for read in operations:
        if read.kind is not Kind.READ or read.value is ABSENT:
            continue
        who = writers.get(key(read.value), [])
        if len(who) == 1 and read.end < (seen[who[0]].end if who[0] in seen else math.inf):
            seen[who[0]] = read
    return seen


def happened_by(operations: Sequence[Operation]) -> Callable[[Operation], float]:
    """Return a function from a change to the last moment at which it may have happened."""
    seen = first_sight(operations)

    def moment(change: Operation) -> float:
        sight = seen.get(change)
        return change.latest if sight is None else max(change.start, min(change.latest, sight.end))

    return moment
