"""Whether an object was there when it must have been, and gone when it must have been."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from memconform.histories.evidence import happened_by
from memconform.histories.intervals import LastBefore, ReachOf
from memconform.histories.operation import ABSENT, CREATORS, Kind, Operation
from memconform.histories.violation import Law, Violation


def presence_violations(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield reads that miss what was there, and operations that find what was gone."""
    yield from _vanished(operations)
    yield from _returned(operations)


def _vanished(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield reads that see nothing after something showed that it is there, when nothing can have deleted it."""
    present = [each for each in operations if each.shows_presence]
    last_present = LastBefore(present)
    deletes = ReachOf(each for each in operations if each.kind is Kind.DELETE and each.possible)
    last_seen = max((each.end for each in present if each.is_read), default=0.0)
    for read in operations:
        if read.value is not ABSENT:
            continue
        shown = last_present(read.start)
        if shown is None or deletes.within(shown.start, read.end):
            continue
        if not shown.is_read and last_seen <= shown.end:
            yield Violation.of(Law.LOST_UPDATE, f"the acknowledged {shown.kind} is in no later read", shown, read)
        if not shown.is_read and shown.client == read.client:
            said = f"its own acknowledged {shown.kind} is not in what {read.client} reads next"
            yield Violation.of(Law.READ_YOUR_WRITES, said, shown, read)
        yield Violation.of(Law.MONOTONIC, "it was there, and a later read does not show it", shown, read)


def _returned(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield what finds the object after it was gone, when nothing can have created it between."""
    happened = happened_by(operations)
    last_present = LastBefore(each for each in operations if each.shows_presence)
    gone = [each for each in operations if each.kind is Kind.DELETE and each.is_ok]
    gone += [each for each in operations if each.value is ABSENT and last_present(each.start) is not None]
    last_gone = LastBefore(gone)
    creators = ReachOf((each for each in operations if each.kind in CREATORS and each.possible), happened)
    for found in operations:
        if not found.shows_presence or found.kind in CREATORS:
            continue
        missing = last_gone(found.start)
        if missing is None or creators.within(missing.start, found.end):
            continue
        before = last_present(missing.start) if missing.value is ABSENT else None
        said = f"it was gone, and a later {found.kind} finds it"
        yield Violation.of(Law.RESURRECTION, said, *([before] if before else []), missing, found)
