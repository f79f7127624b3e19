"""Elements of a collection: what was appended is in every later list, once, until something may have removed it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from memconform.histories.intervals import FirstThreat, LastBefore, ReachOf
from memconform.histories.operation import ABSENT, REPLACERS, Kind, Operation, key
from memconform.histories.violation import Law, Violation, shown

_ENOUGH = 100
"""So many lists that miss an element are looked at."""


@dataclass
class _Element:
    """What happened to one element. `lists` are the places of the lists that show it, in the order of their starts."""

    appends: list[Operation] = field(default_factory=list)
    removes: list[Operation] = field(default_factory=list)
    refused: list[Operation] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)
    most: tuple[int, int] = (0, -1)
    """How often one list shows it at most, and that list's place."""

    def happened(self, append: Operation, lists: Sequence[Operation]) -> float:
        """Return the last moment at which an append may have happened."""
        if len(self.appends) > 1 or not self.lists:
            return append.latest
        first = min(lists[at].end for at in self.lists)
        return max(append.start, min(append.latest, first))


def collection_violations(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Yield elements that are missing, twice, back, or there although they were refused."""
    lists = [each for each in operations if each.kind is Kind.LIST and each.value is not ABSENT]
    if not lists:
        return
    around = _Around(lists, operations)
    for name, element in _elements(operations, lists).items():
        yield from _too_often(name, element, around)
        if element.appends:
            yield from _missing(element, around)
            yield from _back(element, around)


class _Around:
    """What concerns every element: the lists, and what replaced or deleted the whole collection."""

    def __init__(self, lists: Sequence[Operation], operations: Sequence[Operation]) -> None:
        self.lists = lists
        self.starts = [each.start for each in lists]
        replacers = [each for each in operations if each.possible and each.kind in REPLACERS]
        deletes = [each for each in operations if each.possible and each.kind is Kind.DELETE]
        self.threat = FirstThreat([*replacers, *deletes])
        self.brought_by = ReachOf(replacers)
        self.opaque = any(not isinstance(each.value, (list, tuple)) for each in replacers)
        """Whether something replaced the collection by what is no list of elements."""
        self.brought = Counter(key(one) for each in replacers if not self.opaque for one in each.value)


def _elements(operations: Sequence[Operation], lists: Sequence[Operation]) -> Mapping[Hashable, _Element]:
    elements: defaultdict[Hashable, _Element] = defaultdict(_Element)
    for each in operations:
        if each.kind is Kind.APPEND:
            element = elements[key(each.value)]
            (element.appends if each.possible else element.refused).append(each)
        elif each.kind is Kind.REMOVE and each.possible:
            elements[key(each.value)].removes.append(each)
    for place, each in enumerate(lists):
        for name, number in Counter(map(key, each.value)).items():
            if name in elements:
                elements[name].lists.append(place)
                elements[name].most = max(elements[name].most, (number, place))
    return elements


def _too_often(name: Hashable, element: _Element, around: _Around) -> Iterator[Violation]:
    number, place = element.most
    if place < 0 or around.opaque:
        return
    listed = around.lists[place]
    began = [each for each in element.appends if each.start < listed.end]
    if not began and element.refused and not around.brought[name]:
        yield Violation.of(Law.GHOST, f"{shown(name)} was refused and is there", element.refused[0], listed)
    elif began and number > len(began) + around.brought[name]:
        said = f"{shown(name)} is there {number} times; it was appended {len(began)} times at most"
        yield Violation.of(Law.DUPLICATE, said, *began, listed)


def _missing(element: _Element, around: _Around) -> Iterator[Violation]:
    """Yield lists without the element between its append and whatever may have removed it."""
    acknowledged = [each for each in element.appends if each.is_ok]
    if not acknowledged:
        return
    append = min(acknowledged, key=lambda each: each.end)
    removed = (each.start for each in element.removes if each.latest > append.start)
    until = min(around.threat(append.start), min(removed, default=math.inf))
    gaps = _gaps(element.lists, bisect_right(around.starts, append.end), bisect_left(around.starts, until))
    misses = [around.lists[place] for place in islice(gaps, _ENOUGH) if around.lists[place].end < until]
    if not misses:
        return
    told = f"{shown(append.value)} was acknowledged"
    if not any(around.lists[place].end > append.end for place in element.lists):
        yield Violation.of(Law.LOST_UPDATE, f"{told} and is in no later list", append, misses[0])
    own = next((each for each in misses if each.client == append.client), None)
    if own is not None:
        yield Violation.of(Law.READ_YOUR_WRITES, f"{told} and is not in a later list of its own client", append, own)
    yield Violation.of(Law.MONOTONIC, f"{told} and is not in a later list", append, misses[0])


def _gaps(seen: Sequence[int], first: int, last: int) -> Iterator[int]:
    """Yield the places from `first` to before `last` that are not among the ascending `seen`."""
    within = seen[bisect_left(seen, first) : bisect_left(seen, last)]
    for before, after in pairwise([first - 1, *within, max(first, last)]):
        yield from range(before + 1, after)


def _back(element: _Element, around: _Around) -> Iterator[Violation]:
    """Yield a list that shows the element after its acknowledged removal, when nothing can have appended it again."""
    last_gone = LastBefore(each for each in element.removes if each.is_ok)
    again = ReachOf(element.appends, lambda each: element.happened(each, around.lists))
    for place in element.lists:
        listed = around.lists[place]
        gone = last_gone(listed.start)
        if gone is None or again.within(gone.start, listed.end) or around.brought_by.within(gone.start, listed.end):
            continue
        yield Violation.of(
            Law.RESURRECTION, f"{shown(gone.value)} was removed, and a later list shows it", gone, listed
        )
        return
