"""Reads of a register against the real-time order of what was written to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from memconform.histories.evidence import first_sight, happened_by, writers_of
from memconform.histories.intervals import LastBefore
from memconform.histories.operation import ABSENT, REPLACERS, Kind, Operation, key
from memconform.histories.violation import Law, Violation, shown

_OTHERS = frozenset({Kind.APPEND, Kind.REMOVE, Kind.INCREMENT, Kind.LIST})


def register_violations(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield reads of a value that something else had replaced for certain, and of one that was refused."""
    if any(each.kind in _OTHERS for each in operations):
        return
    yield from _ghosts(operations)
    yield from _stale(operations)


def _ghosts(operations: Sequence[Operation]) -> Iterator[Violation]:
    if not any(each.kind is Kind.ADD and each.is_ok for each in operations):
        return  # what was there before may have been just that
    possible = writers_of(operations)
    refused = {key(each.value): each for each in operations if each.kind in REPLACERS and not each.possible}
    ghosts = refused.keys() - possible.keys()
    for read in operations:
        if read.kind is Kind.READ and key(read.value) in ghosts:
            said = f"a read shows {shown(read.value)}, whose writing was refused"
            yield Violation.of(Law.GHOST, said, refused[key(read.value)], read)
            return


def _stale(operations: Sequence[Operation]) -> Iterator[Violation]:
    writers, happened, sights = writers_of(operations), happened_by(operations), first_sight(operations)
    changes = [each for each in operations if each.possible and (each.kind in REPLACERS or each.kind is Kind.DELETE)]
    clients = {each.client for each in operations}
    last_change = LastBefore(changes, happened)
    last_own = {name: LastBefore((each for each in changes if each.client == name), happened) for name in clients}
    seen = {key(each.value) for each in operations if each.kind is Kind.READ}
    for read in operations:
        if read.kind is not Kind.READ or read.value is ABSENT or key(read.value) not in writers:
            continue
        wrote = max(writers[key(read.value)], key=happened)
        for newer in dict.fromkeys((last_own[read.client](read.start), last_change(read.start))):
            if newer is not None and newer.start > happened(wrote):
                yield from _replaced((wrote, newer, read), sights, lost=newer.is_ok and key(newer.value) not in seen)


def _replaced(
    three: tuple[Operation, Operation, Operation], sights: dict[Operation, Operation], *, lost: bool
) -> Iterator[Violation]:
    """Yield what it means that a read shows what was written, although a newer change came after it.

    `three` are the write, the newer change and the read; `lost` tells that no read at all shows the newer one.
    """
    wrote, newer, read = three
    proofs = [sights[each] for each, by in ((wrote, newer.start), (newer, read.start)) if each.latest >= by]
    witness = (wrote, *proofs, newer, read)
    if newer.kind is Kind.DELETE:
        yield Violation.of(Law.RESURRECTION, f"a read shows {shown(read.value)}, which had been deleted", *witness)
        return
    told = f"a read shows {shown(read.value)}, which {shown(newer.value)} had replaced"
    if lost:
        said = f"{shown(newer.value)} was acknowledged and is in no later read, although nothing replaced it"
        yield Violation.of(Law.LOST_UPDATE, said, *witness)
    if newer.client == read.client:
        yield Violation.of(Law.READ_YOUR_WRITES, told, *witness)
    yield Violation.of(Law.MONOTONIC, told, *witness)
