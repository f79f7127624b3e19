"""What a judge knows of a person and of each of that person's memories: as little as will do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from memconform_load.calls import Op, Request
from memconform_load.invariants.findings import Case
from memconform_load.invariants.stories import Erasure, Story
from memconform_load.workload.population import number_of


class Known:
    """A memory that is there: some 300 bytes with its id. Texts are kept as their hashes.

    Unequal hashes are unequal texts for certain, so a hash never blames; equal ones may, once in 2 ** 61, hide a fault.
    """

    __slots__ = ("changed", "end", "seen", "start", "story", "text")

    def __init__(self, text: int, start: float, end: float) -> None:
        self.text = text
        """Hash of the text that was acknowledged last."""
        self.start = start
        """When the call that made it began."""
        self.end = end
        """When that was acknowledged; infinity where it never was, and an answer showed it all the same."""
        self.changed = 0.0
        """When its last update was acknowledged; 0 where it was never updated."""
        self.seen = 0.0
        """When the last read that showed it began."""
        self.story: Story | None = None
        """What was written to it and read from it, where it is being updated."""


@dataclass(slots=True)
class Gone:
    """A memory that is not to be seen any more: deleted, erased, or missed before."""

    since: float
    """When its end was acknowledged."""
    by: str
    """What ended it, for people: `delete`, `erase`, or `lost`."""
    start: float
    """When the call that ended it began."""
    case: Case | None = None
    """Of a memory that was missed: the case that tells of it."""
    known: Known | None = None
    """Of a memory that was missed: what was known of it."""
    told: bool = False
    """Whether it was seen since and told of."""


@dataclass(slots=True)
class Attempt:
    """An add whose memory is not known by its id: unknown, refused, or acknowledged by a driver that tells no id."""

    key: str | None
    """The idempotency key, where the server heeds it."""
    start: float
    end: float
    """When it was acknowledged; infinity where it was not."""
    refused: bool = False
    many: bool = False
    """Whether it may have been sent more than once without the server knowing that it is the same."""


@dataclass(slots=True)
class Walk:
    """A list that is being read page by page."""

    start: float
    last: float
    """When the last page had been read."""
    ids: set[str] = field(default_factory=set)
    texts: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Person:
    """A person and all that a judge keeps of them."""

    name: str
    number: int | None
    known: dict[str, Known] = field(default_factory=dict)
    gone: dict[str, Gone] = field(default_factory=dict)
    pending: dict[int, tuple[Request, float]] = field(default_factory=dict)
    """Writes on their way, by the identity of the request, with the moment at which they left."""
    waived: set[str] = field(default_factory=set)
    """Memories of which it is not known what they hold or whether they are there: not judged any more."""
    doubts: dict[str, float] = field(default_factory=dict)
    """Memories that a deletion without an answer may have ended, and when it left."""
    erasures: list[Erasure] = field(default_factory=list)
    walks: dict[str, Walk | None] = field(default_factory=dict)
    attempts: dict[int, list[Attempt]] = field(default_factory=dict)
    """By the hash of the text."""
    keyed: dict[str, Story] = field(default_factory=dict)
    last_write: float = 0.0
    inferred: bool = False
    """Whether an ingestion may have added, changed or deleted memories."""
    muddled: bool = False
    """Whether evidence about repeats was forgotten, or a driver may have repeated adds unseen."""

    @classmethod
    def of(cls, name: str) -> Person:
        """Return a person of whom nothing is known yet."""
        return cls(name, number_of(name))

    def waive(self, memory_id: str) -> None:
        """Judge a memory no more."""
        self.known.pop(memory_id, None)
        self.gone.pop(memory_id, None)
        self.waived.add(memory_id)

    @property
    def uncertain(self) -> bool:
        """Whether an ingestion, which may have been asked for or is on its way, may change anything."""
        return self.inferred or any(True for _ in self.on_their_way(Op.INGEST))

    def touch_unknown(self, memory_id: str) -> None:
        """Take note that a memory is being updated which is not known to be there."""
        gone = self.gone.get(memory_id)
        if gone is None:
            self.waive(memory_id)  # its add is not acknowledged yet, if it ever is
        else:
            gone.known = None  # if it was only missed, its text is not known any more

    def altered(self, text: int, start: float) -> None:
        """Take note that a server made a text of its own: how many memories may have it is not known."""
        self.attempts.setdefault(text, []).append(Attempt(None, start, math.inf, many=True))

    def first_try(self, content: str, start: float) -> float:
        """Return when the first call began that may have made a memory with this text, at `start` or before."""
        if not self.pending and not self.attempts:
            return start
        tries = [each.start for each in self.attempts.get(hash(content), ()) if not each.refused]
        tries += [since for request, since in self.pending.values() if content == request.text]
        return min([start, *tries])

    def is_writing(self, content: str) -> bool:
        """Tell whether a text is on its way."""
        return any(content == request.text or content in request.texts for request, _ in self.pending.values())

    def on_their_way(self, *ops: Op) -> Iterator[tuple[Request, float]]:
        """Yield the writes of these kinds that have not ended."""
        return (each for each in self.pending.values() if each[0].op in ops)

    def forget_erasures(self) -> None:
        """Forget the erasures that are done and excuse nothing any more: all that is there was written later."""
        starts = [each.start for each in self.known.values()]
        starts += [since for _, since in self.pending.values()]
        starts += [each.start for several in self.attempts.values() for each in several]
        earliest = min(starts, default=math.inf)
        self.erasures = [each for each in self.erasures if math.isinf(each.done) or each.requested >= earliest]

    def may_be_gone(self, memory_id: str, known: Known) -> bool:
        """Tell whether anything that this person asked for may have ended a memory."""
        if self.uncertain or memory_id in self.doubts:
            return True
        if any(known.start <= each.requested for each in self.erasures):
            return True
        if not self.pending:
            return False
        deleting = any(request.memory_id == memory_id for request, _ in self.on_their_way(Op.DELETE))
        return deleting or any(True for _ in self.on_their_way(Op.ERASE))
