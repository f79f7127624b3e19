"""Whether an object may have been deleted and created anew between two operations: then tags begin anew, too."""

from __future__ import annotations

from collections.abc import Sequence

from memconform.histories.intervals import ReachOf
from memconform.histories.operation import CREATORS, Kind, Operation


class Anew:
    """Knows the deletions and creations of one object that may have happened."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Take the history of one object."""
        self._deletes = ReachOf(each for each in operations if each.kind is Kind.DELETE and each.possible)
        self._creators = ReachOf(each for each in operations if each.kind in CREATORS and each.possible)

    def possible(self, one: Operation, two: Operation) -> bool:
        """Tell whether both a deletion and a creation may have happened during one or the other, or between them."""
        after, before = min(one.start, two.start), max(one.end, two.end)
        return self._deletes.within(after, before) and self._creators.within(after, before)
