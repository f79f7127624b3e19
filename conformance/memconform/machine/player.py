"""One principal in an example: the client, the oracle beside it, and what it knows of its memories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.machine.divergence import agree, must_answer, must_be_record, object_of
from memconform.machine.step import Step
from memconform.memory_api import MemoryApi, Scope
from memconform.scene.world import World
from memconform.scene.world_memory import Expected, Memory, Stamp

FAR = "2999-12-31T23:59:59Z"
EXT = {"com.example": {"kept": [True, 1.5]}}
_WORDS = ("harbour", "violin", "saffron", "glacier", "lantern", "orchard", "compass")


@dataclass(frozen=True, slots=True)
class Once:
    """An add that was sent with an `Idempotency-Key`, and the record that it was answered with."""

    key: str
    body: dict[str, Any]
    record: Memory


@dataclass
class Player:
    """What one principal does and expects. `profiles` are those that the example uses."""

    memory: MemoryApi
    places: list[dict[str, str]]
    profiles: frozenset[str]
    capabilities: Capabilities
    world: World = field(default_factory=World)
    other: Player | None = None
    ids: list[str] = field(default_factory=list)
    """Every id that it ever got, oldest first; those that are gone, too."""
    tags: dict[str, list[str]] = field(default_factory=dict)
    """The entity tags that each memory had, the present one last."""
    once: list[Once] = field(default_factory=list)
    texts: int = 0

    @property
    def name(self) -> str:
        """What a report calls the principal."""
        return self.memory.principal.label

    def text(self) -> str:
        """Return a content that this principal never used before."""
        self.texts += 1
        return f"{_WORDS[self.texts % len(_WORDS)]} number {self.texts}"

    def place(self, step: Step) -> dict[str, str]:
        """Return the scope that a step is about."""
        return self.places[step.place]

    def current(self, scope: Scope | None = None) -> list[str]:
        """Return the ids of current memories, oldest first: all, or those of one exact scope."""
        shown = {memory_id: record for place in self.places for memory_id, record in self.world.selected(place).items()}
        return [each for each in self.ids if each in shown and scope in (None, shown[each]["scope"])]

    def takes(self, member: str) -> bool:
        """Tell whether the server took an optional member before: a memory that is there has it."""
        return any((self.world.get(each).body or {}).get(member) is not None for each in self.ids)

    def gone(self) -> list[str]:
        """Return the ids of memories that are no more."""
        return [each for each in self.ids if self.world.get(each).status == 404]

    def meant(self, step: Step) -> tuple[str, str | None] | None:
        """Return the id that a step means, and whose promise it is when it is not there: None where it is."""
        if step.flavour == 5 and self.other is not None and self.other.ids:
            return newest(self.other.ids, step.which), "TENANCY-03"
        if step.flavour == 4 and (gone := self.gone()):
            chosen = newest(gone, step.which)
            return chosen, "ERASURE-01" if chosen in self.world.erased else "CORE-13"
        current = self.current()
        return (newest(current, step.which), None) if current else None

    # What came back.

    def stamp(self, answer: Answer) -> Stamp:
        """Return what the server chose, and remember a new id."""
        record = object_of(answer, "CORE-05") if answer.status < 300 else None
        stamp = Stamp.of(record, answer.header("ETag"))
        theirs = self.other.ids if self.other is not None else []
        if stamp.id is not None and stamp.id not in (*self.ids, *theirs):
            self.ids.append(stamp.id)
        return stamp

    def take(self, answer: Answer, expected: Expected, requirement: str, what: str) -> None:
        """Require status and record to be those that the oracle expects, and learn what it could not know."""
        must_answer(answer, expected, requirement, what)
        if expected.status in (200, 201) and isinstance(expected.body, Mapping):
            record = object_of(answer, requirement)
            self.learn(record, dict(expected.body), requirement, what, answer)

    def learn(self, record: Memory, expected: Memory, requirement: str, what: str, answer: Answer) -> None:
        """Require a single record to be the expected one; take its tag."""
        must_be_record(record, expected, requirement, what, answer)
        self.remember(str(record.get("id")), record, answer.header("ETag"))

    def remember(self, memory_id: str, record: Memory, tag: str | None) -> None:
        """Take from a record that agrees what only the server can say."""
        self.world.learn(record, tag)
        if tag and tag not in self.tags.setdefault(memory_id, [])[-1:]:
            self.tags[memory_id].append(tag)

    def look_at(self, memory_id: str, absent: str | None = None) -> Answer:
        """GET one memory and compare it."""
        answer, expected = self.memory.get(memory_id), self.world.get(memory_id)
        requirement = absent if expected.status == 404 and absent else self.answerable(memory_id)
        self.take(answer, expected, requirement, "GET of a memory " + self.fate(memory_id))
        return answer

    def present_tag(self, memory_id: str) -> str | None:
        """Return the tag that a memory has now, as a GET says."""
        return self.look_at(memory_id).header("ETag")

    # Whose promise it is.

    def last_change(self, memory_id: str) -> str | None:
        """Return what happened to a memory last; None for one that is not this principal's."""
        changes = (change for place in self.places[:1] + self.places[2:] for change in self.world.changes(place))
        return next((c.operation for c in reversed([*changes]) if c.memory_id == memory_id), None)

    def fate(self, memory_id: str) -> str:
        """Say what became of a memory."""
        last = self.last_change(memory_id)
        if last:
            return f"whose last change was: {last}"
        theirs = self.other is not None and memory_id in self.other.ids
        return "that is another principal's" if theirs else "that no answer told of"

    def answerable(self, memory_id: str) -> str:
        """Return the requirement that a wrong record of a memory breaks, by what happened to it last."""
        return PROMISES.get(self.last_change(memory_id) or "", "TENANCY-03")

    def missing(self, memory_id: str) -> str:
        """Return the requirement that is broken when a read leaves out a memory."""
        last = self.last_change(memory_id) or ""
        keyed = self.world.get(memory_id).body.get("key") is not None
        return {"restore": "SUPERSESSION-01", "import": "PORTABILITY-02"}.get(last, "KEYED-05" if keyed else "CORE-14")

    def stray(self, memory_id: str, otherwise: str) -> str:
        """Return the requirement that is broken when a read shows a memory that it must not show."""
        if self.other is not None and memory_id in self.other.ids:
            return "TENANCY-04"
        kept = self.world.get(memory_id)
        if memory_id in self.world.erased:
            return "ERASURE-01"
        if kept.status == 200 and kept.body.get("superseded_by") is not None:
            return "SUPERSESSION-01"
        return otherwise if kept.status == 404 else "CORE-17"

    def known(self, answer: Answer, requirement: str) -> None:
        """Require an answer that created a memory to have told its id."""
        told = isinstance(object_of(answer, requirement).get("id"), str)
        agree(told, requirement, "the id of the new memory", answer.observed(), answer)


PROMISES = {
    "add": "CORE-05",
    "update": "UPDATE-01",
    "replace": "KEYED-01",
    "supersede": "SUPERSESSION-01",
    "restore": "SUPERSESSION-01",
    "import": "PORTABILITY-02",
    "delete": "CORE-13",
    "erase": "ERASURE-01",
}


def newest(ids: list[str], which: int) -> str:
    """Return an id counted from the newest; beyond the oldest it begins again."""
    return ids[-1 - which % len(ids)]
