"""What happened to one memory that is updated or set: judged by the suite's history checker, forgotten in time.

Only as much is kept as later reads can be judged by. What is dropped is evidence; what may still excuse the server is
not: a write of unknown outcome stays for ever, and the last acknowledged write stays with all that overlaps it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from memconform.histories import ABSENT, Kind, Law, Operation, Outcome, Violation, check
from memconform.histories.operation import REPLACERS
from memconform.histories.violation import shown

CHECKED_EVERY = 32
"""Operations between two checks."""
_MOST_UNKNOWN = 200
_MOST = 1_024
"""So many operations are kept at most; where more would be needed, the memory is not judged any more."""
_TOLD_FIRST = {Law.LOST_UPDATE: 0, Law.RESURRECTION: 1}
"""Of several laws that one operation gives away, the first of these is told."""
_MOST_FOUND = 20
"""So many rounds of violations are told of at one check."""
_EXCERPT = 40


class Breach(NamedTuple):
    """A violation in words, with its timeline."""

    violation: Violation
    said: str
    lines: list[str]


@dataclass(slots=True, eq=False)
class Erasure:
    """A person's erasure: requested, and done at some time or never."""

    start: float
    requested: float
    """When the request was acknowledged; infinity where it was not."""
    operation_id: str | None = None
    done: float = math.inf


class Story:
    """The operations on one register: a memory by id, or what is set under a key. Texts stand as their hashes."""

    __slots__ = ("blind", "excerpts", "floor", "ids", "judged", "key", "object", "operations")

    def __init__(self, name: str, key: str | None = None) -> None:
        self.object = name
        self.key = key
        self.ids: set[str] = set()
        """The ids under which it has been known."""
        self.operations: list[Operation] = []
        self.excerpts: dict[int, str] = {}
        """How texts begin, by their hashes."""
        self.judged = 0
        """How many of the operations were there at the last check."""
        self.floor = 0.0
        """What began before this moment is not evidence: others that overlapped it may be forgotten."""
        self.blind = False

    @property
    def due(self) -> bool:
        """Whether it is time for a check."""
        return len(self.operations) - self.judged >= CHECKED_EVERY

    def note(self, operation: Operation, text: str | None = None) -> None:
        """Take an operation that has ended."""
        if self.blind:
            return
        if operation.start < self.floor:
            if operation.is_read:
                return
            operation = replace(operation, outcome=Outcome.UNKNOWN)
        if text is not None and operation.value not in self.excerpts:
            self.excerpts[operation.value] = text[:_EXCERPT]
        self.operations.append(operation)

    def enter(self, erasure: Erasure, *, certain: bool) -> None:
        """Take an erasure of all that the person has; when it is done, it replaces the one of unknown outcome.

        What was written while it went on may have stayed; then, or unless it is `certain`, its outcome remains unknown.
        """
        writes = [each for each in self.operations if each.kind in REPLACERS]
        done = certain and not math.isinf(erasure.done) and all(each.latest < erasure.start for each in writes)
        end, outcome = (erasure.done, Outcome.OK) if done else (erasure.start, Outcome.UNKNOWN)
        self.operations = [each for each in self.operations if each.value is not erasure]
        self.note(Operation("erasure", Kind.DELETE, self.object, erasure, erasure.start, end, outcome))

    def knows(self, value: int) -> bool:
        """Tell whether a text is one that was written, as far as that is remembered."""
        return any(each.value == value for each in self.operations if not each.is_read)

    def check(self, pending: Iterable[Operation], now: float, zero: float) -> list[Breach]:
        """Return what the operations break, those on their way counted as unknown; forget what is settled.

        Times in witnesses count from `zero`.
        """
        on_their_way = list(pending)
        found: list[Breach] = []
        for _ in range(_MOST_FOUND):
            more = self._disarmed(check([*self.operations, *on_their_way]))
            found += [Breach(each, self._said(each), list(self._lines(each, zero))) for each in more]
            if not more:
                break
        self._forget(min([now, *(each.start for each in on_their_way)]))
        self.judged = len(self.operations)
        return found

    def _disarmed(self, violations: Sequence[Violation]) -> list[Violation]:
        """Return one violation for each operation that gives it away, and take that one out of the evidence."""
        told: list[Violation] = []
        for violation in sorted(violations, key=lambda each: _TOLD_FIRST.get(each.law, len(_TOLD_FIRST))):
            certain = [each for each in violation.witness if each.is_ok]
            reads = [each for each in certain if each.is_read]
            culprit = (reads or certain or [violation.witness[-1]])[-1]
            if culprit not in self.operations:
                continue  # told of already
            place = self.operations.index(culprit)
            if culprit.is_read:
                del self.operations[place]
            else:
                self.operations[place] = replace(culprit, outcome=Outcome.UNKNOWN)
            told.append(violation)
        return told

    def settled(self) -> Operation | None:
        """Return the last write where it is certain that the text is now its text."""
        writes = [each for each in self.operations if not each.is_read]
        if not writes or any(each.outcome is Outcome.UNKNOWN for each in writes):
            return None
        last = max(writes, key=lambda each: each.start)
        clear = all(each is last or each.end < last.start for each in writes)
        return last if clear and last.kind is not Kind.DELETE else None

    def _forget(self, moment: float) -> None:
        """Drop what was over before everything that is kept began: the last write, what overlaps it, and later ones."""
        certain = [each for each in self.operations if each.is_ok]
        writes = [each for each in certain if not each.is_read and each.end < moment]
        floor = max((each.start for each in writes), default=moment)
        while True:
            earlier = min((each.start for each in certain if each.end >= floor), default=floor)
            if earlier >= floor:
                break
            floor = earlier
        unknown = [each for each in self.operations if not each.is_ok]
        values = {each.value for each in unknown if each.kind is not Kind.DELETE}
        excuses = [
            replace(each, outcome=Outcome.UNKNOWN) for each in certain if each.value in values and not each.is_read
        ]
        kept = [each for each in certain if each.end >= floor]
        forgotten = [each for each in excuses if each.end < floor]
        self.operations = [*unknown, *forgotten, *kept]
        self.floor = max([self.floor, *(each.end for each in certain if each.end < floor)])
        if len(self.operations) > _MOST or len(unknown) + len(forgotten) > _MOST_UNKNOWN:
            self.blind, self.operations = True, []
        live = {each.value for each in self.operations}
        self.excerpts = {value: text for value, text in self.excerpts.items() if value in live}

    def _said(self, violation: Violation) -> str:
        """Return what was broken, with texts in the place of their hashes."""
        said = violation.said
        for each in violation.witness:
            if isinstance(each.value, int):
                said = said.replace(shown(each.value), repr(self.excerpts.get(each.value, "a text")))
        return f"{self.object}: {said}"

    def _lines(self, violation: Violation, zero: float) -> Iterator[str]:
        """Yield the witness of a violation as a timeline."""
        for each in violation.witness:
            told = "nothing" if each.value is ABSENT else repr(self.excerpts.get(each.value, "a text"))
            arrow = "→ " if each.is_read else ""
            text = "" if each.kind is Kind.DELETE else f" {arrow}{told}"
            unknown = "" if each.is_ok else " (no answer)"
            version = "" if each.version is None else f" version {each.version}"
            ended = f"{each.end - zero:9.4f}" if each.is_ok else "        ?"
            yield f"{each.start - zero:9.4f} – {ended} s  {each.client}  {each.kind}{text}{version}{unknown}"
