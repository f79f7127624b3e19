"""Compare-and-set: of the changes that demanded one tag, at most one can have found it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from memconform.histories.anew import Anew
from memconform.histories.operation import NEW, Kind, Operation
from memconform.histories.violation import Law, Violation


def winner_violations(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield two acknowledged changes on one tag. After a deletion a new object may bear the old one's tags."""
    winners: defaultdict[str, list[Operation]] = defaultdict(list)
    for each in operations:
        if each.condition is not None and each.is_ok and _changes(each):
            winners[each.condition].append(each)
    anew = Anew(operations)
    for tag, several in winners.items():
        for one, two in pairwise(several):
            if not anew.possible(one, two):
                yield Violation.of(Law.ONE_WINNER, f"two changes were acknowledged on the tag {tag}", one, two)


def _changes(operation: Operation) -> bool:
    """Tell whether an acknowledged operation changed something for certain: writing what was there does not."""
    if operation.kind in (Kind.DELETE, Kind.APPEND, Kind.INCREMENT) or operation.condition == NEW:
        return True
    return operation.tag is not None and operation.tag != operation.condition
