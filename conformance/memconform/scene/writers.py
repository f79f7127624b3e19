"""Writers of every declared kind that go on until the server is gone, and know what they were told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from memconform.answer import Answer
from memconform.http import Unanswered
from memconform.memory_api import Json, MemoryApi, Scope
from memconform.scopes import Scopes


@dataclass(frozen=True, slots=True)
class Pace:
    """How many writes of a kind there are at most in one round, over some seconds, and how many are deletions."""

    most: int
    deletions: int
    at_once: int
    pause_s: float
    growth: float
    kinds: frozenset[str]

    def pause(self, number: int) -> float:
        """Return how long a writer waits after that write, in seconds."""
        return 0 if number < self.at_once else self.pause_s * self.growth ** (number - self.at_once)


KINDS = frozenset({"add", "delete", "update", "keyed", "batch"})
DENSE = Pace(most=14, deletions=5, at_once=4, pause_s=0.02, growth=2, kinds=KINDS)
SPARSE = Pace(most=5, deletions=1, at_once=0, pause_s=0.05, growth=4, kinds=KINDS - {"keyed", "batch"})
"""For the smallest budget."""


@dataclass
class Writer:
    """One kind of write, made over and over. `write` sends number n and returns the answer."""

    kind: str
    write: Callable[[int], Answer]
    pace: Pace
    good: frozenset[int] = frozenset({200, 201, 204})
    most: int | None = None
    """How many writes there are at most, where that is not the pace's."""
    acknowledged: list[tuple[int, Answer]] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    """The numbers of writes that were sent and not acknowledged."""
    broken_off: bool = False

    def run(self, stop: threading.Event) -> None:
        """Write until a request breaks off, the restart is over, or there have been enough."""
        last = False
        for number in range(self.most or self.pace.most):
            self.unknown.append(number)
            try:
                answer = self.write(number)
            except Unanswered:
                self.broken_off = True
                return
            if answer.status in self.good:
                self.acknowledged.append((number, answer))
                self.unknown.remove(number)
            if last:
                return
            last = stop.wait(self.pace.pause(number))  # once more afterwards: the server may be down only now

    @property
    def reached(self) -> int:
        """The number of the last acknowledged write, -1 where there is none."""
        return self.acknowledged[-1][0] if self.acknowledged else -1


class Round:
    """The writers of one round, in a scope of its own that holds what they change and delete."""

    def __init__(self, memory: MemoryApi, scopes: Scopes, profiles: frozenset[str], pace: Pace) -> None:
        """Set the scene: memories to delete, one to change, one that is let alone."""
        self.memory, self.profiles, self.pace = memory, profiles, pace
        self.scope: Scope = scopes.fresh()
        self.keys = scopes.value()
        self.quiet = str(memory.add("let alone", self.scope)["id"])
        self.doomed = [str(memory.add(f"doomed {number}", self.scope)["id"]) for number in range(pace.deletions)]
        self.changing = str(memory.add(changed(-1), self.scope)["id"]) if "update" in profiles else None
        self.writers = {writer.kind: writer for writer in self._writers()}

    def _writers(self) -> list[Writer]:
        memory, pace = self.memory, self.pace
        writers = [
            Writer("add", lambda n: memory.elsewhere("adder").post(self.body(n), headers=self.key(n)), pace),
            Writer("delete", lambda n: memory.elsewhere("deleter").delete(self.doomed[n]), pace, most=pace.deletions),
        ]
        if self.changing is not None:
            target = self.changing
            writers.append(
                Writer("update", lambda n: memory.elsewhere("changer").patch(target, {"content": changed(n)}), pace)
            )
        if "keyed" in self.profiles & pace.kinds:
            writers.append(
                Writer(
                    "keyed", lambda n: memory.elsewhere("keeper").set("kept", self.scope, {"content": kept(n)}), pace
                )
            )
        if "batch" in self.profiles & pace.kinds:
            writers.append(Writer("batch", lambda n: memory.elsewhere("batcher").batch(self.batch(n)), pace))
        return writers

    def body(self, number: int) -> dict[str, Json]:
        """Return the body of an add; content and metadata tell whether it is whole."""
        return {"content": f"added {number}", "scope": dict(self.scope), "metadata": {"number": number}}

    def key(self, number: int) -> Mapping[str, str]:
        """Return the header field that makes the add repeatable, where that is declared."""
        return {"Idempotency-Key": f"{self.keys}-{number}"} if "idempotency" in self.profiles else {}

    def batch(self, number: int) -> list[Json]:
        """Return the items of a batch."""
        contents = [batched(number, place) for place in range(2)]
        return [{"op": "add", "memory": {"content": each, "scope": dict(self.scope)}} for each in contents]

    def repeat(self, number: int) -> Answer:
        """Send an add once more, under its key."""
        return self.memory.post(self.body(number), headers=self.key(number))


def changed(number: int) -> str:
    """Return what an update makes of the content."""
    return f"changed {number}"


def kept(number: int) -> str:
    """Return what is set under the key."""
    return f"kept {number}"


def batched(number: int, place: int) -> str:
    """Return the content of an item of a batch."""
    return f"batched {number}, {place}"


def batched_ids(answer: Answer) -> list[str]:
    """Return the ids of what a batch added, item by item."""
    body: Any = answer.json
    rows = body.get("results") if isinstance(body, dict) else None
    added = [row.get("memory") for row in rows or () if isinstance(row, dict) and row.get("status") == 201]
    return [str(each["id"]) for each in added if isinstance(each, dict) and "id" in each]
