"""Records each part of which names the same number, so that half of a change shows; and a writer that changes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from memconform.answer import Answer
from memconform.memory_api import Json, Memory, MemoryApi, Scope

PARTS = 40
"""Long enough that a store does not write content and metadata at a stroke."""


def whole(number: int) -> dict[str, Json]:
    """Return content and metadata that say the same number."""
    return {"content": f"state {number}; " * PARTS, "metadata": {"state": number, "list": [number] * PARTS}}


def is_whole(record: Memory) -> bool:
    """Tell whether content and metadata are those of one and the same write."""
    metadata = record.get("metadata")
    number = metadata.get("state") if isinstance(metadata, dict) else None
    return isinstance(number, int) and {name: record.get(name) for name in ("content", "metadata")} == whole(number)


@dataclass
class Writer:
    """Changes records one after the other, where updates are declared, and adds others, until told to stop."""

    memory: MemoryApi
    scope: Scope
    ids: list[str]
    most: int
    updates: bool
    began: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    answers: list[Answer] = field(default_factory=list)

    def write(self) -> None:
        """Write until stopped, at most `most` times."""
        try:
            for answer in self._writes():
                self.answers.append(answer)
                self.began.set()
                if self.stop.is_set():
                    return
        finally:
            self.began.set()

    def _writes(self) -> Iterator[Answer]:
        for number in range(1, self.most + 1):
            if self.updates:
                yield self.memory.patch(self.ids[number % len(self.ids)], whole(number))
            else:
                yield self.memory.post({**whole(number), "scope": dict(self.scope)})

    def overlaps(self, other: Answer) -> bool:
        """Tell whether a write was acknowledged that was under way during the other exchange."""
        start, end = other.exchange.at, other.exchange.at + other.exchange.seconds
        spans = (
            (each.exchange.at, each.exchange.at + each.exchange.seconds) for each in self.answers if each.status < 300
        )
        return any(first < end and start < last for first, last in spans)
