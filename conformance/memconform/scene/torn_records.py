"""Records each part of which names the same number, so that half of a change shows; and a writer that changes them."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass, field

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memory, MemoryApi, Scope
from memconform.rendezvous import racing
from memconform.scene.oracle import json_equal

PARTS = 40
"""Long enough that a store does not write content and metadata at a stroke."""

_CONTENT_BYTES, _METADATA_BYTES, _OVERHEAD = 12, 6, 40
"""The most that a part takes, and what stands around the parts."""


def parts_within(capabilities: Capabilities) -> int:
    """Return of how many parts a record may be."""
    content = capabilities.limit_or("content_bytes", PARTS * _CONTENT_BYTES) // _CONTENT_BYTES
    room = capabilities.limit_or("metadata_bytes", PARTS * _METADATA_BYTES + _OVERHEAD) - _OVERHEAD
    return max(1, min(PARTS, content, room // _METADATA_BYTES))


def whole(number: int, parts: int = PARTS) -> dict[str, Json]:
    """Return content and metadata that say the same number, each so many times."""
    return {"content": f"state {number}; " * parts, "metadata": {"state": number, "list": [number] * parts}}


def is_whole(record: Memory) -> bool:
    """Tell whether content and metadata are those of one and the same write."""
    metadata = record.get("metadata")
    number, parts = (metadata.get("state"), metadata.get("list")) if isinstance(metadata, dict) else (None, None)
    if not isinstance(number, int | float) or not isinstance(parts, list):
        return False
    # A server that keeps numbers in binary64 may write 1 as 1.0.
    return json_equal({name: record.get(name) for name in ("content", "metadata")}, whole(int(number), len(parts)))


@dataclass
class Writer:
    """Changes records one after the other, where updates are declared, and adds others, until told to stop."""

    memory: MemoryApi
    scope: Scope
    ids: list[str]
    most: int
    updates: bool
    parts: int = PARTS
    began: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    race: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    """Where the second write waits for what it shall race with, if requests are paced."""
    answers: list[Answer] = field(default_factory=list)

    def write(self) -> None:
        """Write until stopped, at most `most` times."""
        try:
            for number in range(1, self.most + 1):
                with racing(self.race) if number == 2 else nullcontext():
                    self.answers.append(self._written(number))
                self.began.set()
                if self.stop.is_set():
                    return
        finally:
            self.began.set()
            self.race.abort()

    def _written(self, number: int) -> Answer:
        if self.updates:
            return self.memory.patch(self.ids[number % len(self.ids)], whole(number, self.parts))
        return self.memory.post({**whole(number, self.parts), "scope": dict(self.scope)})

    def overlaps(self, other: Answer) -> bool:
        """Tell whether a write was acknowledged that was under way during the other exchange."""
        start, end = other.exchange.at, other.exchange.at + other.exchange.seconds
        spans = (
            (each.exchange.at, each.exchange.at + each.exchange.seconds) for each in self.answers if each.status < 300
        )
        return any(first < end and start < last for first, last in spans)
