"""One call as a judge sees it, and how it is told in a timeline."""

from __future__ import annotations

import math

from memconform_load.calls import Ended, Reply, Request, SeenMemory
from memconform_load.invariants.people import Person

DIRECT = "direct"
_ABSENT = 404
_SHOWN = 48


class Call:
    """A call that has ended: whose it was, what was asked, what came back, by which driver."""

    __slots__ = ("driver", "person", "reply", "request")

    def __init__(self, person: Person, request: Request, reply: Reply, driver: str) -> None:
        self.person = person
        self.request = request
        self.reply = reply
        self.driver = driver

    @property
    def ok(self) -> bool:
        """Whether it was acknowledged."""
        return self.reply.ended is Ended.OK

    @property
    def direct(self) -> bool:
        """Whether nothing stood between: a plugin may repeat, shorten and leave out."""
        return self.driver == DIRECT

    @property
    def once(self) -> bool:
        """Whether the server got it once at most."""
        return self.driver == DIRECT and not self.reply.retries

    @property
    def refused(self) -> bool:
        """Whether it did not happen for certain; a plugin may have tried more than once before it was refused."""
        return self.reply.ended is Ended.REFUSED and self.once

    @property
    def absent(self) -> bool:
        """Whether the answer says that there is nothing."""
        return self.reply.status == _ABSENT and self.reply.ended is Ended.REFUSED

    @property
    def stored(self) -> SeenMemory | None:
        """The memory that an acknowledged write shows."""
        reply = self.reply
        return reply.memories[0] if reply.ended is Ended.OK and reply.memories else None

    @property
    def asked(self) -> str:
        """What it asks, for people."""
        request = self.request
        detail = next((part for part in (request.memory_id, request.key, request.operation_id) if part), "")
        text = request.query if request.query is not None else request.text
        words = [request.op.value, detail, repr(short(text)) if text is not None else ""]
        return " ".join(word for word in words if word)

    @property
    def answered(self) -> str:
        """What came back, for people."""
        reply = self.reply
        if not self.ok:
            return reply.failed.kind if reply.failed else reply.ended.value
        if len(reply.memories) == 1:
            return shown(reply.memories[0])
        return f"{len(reply.memories)} memories" if reply.memories else "ok"


def line(start: float, end: float, who: str, what: str, zero: float) -> str:
    """Return a line of a timeline; times count from `zero`, and an `end` of infinity never came."""
    ended = "        ?" if math.isinf(end) else f"{end - zero:9.4f}"
    return f"{start - zero:9.4f} – {ended} s  {who}  {what}"


def short(text: str) -> str:
    """Return how a text begins."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def shown(memory: SeenMemory) -> str:
    """Return a memory for people."""
    version = "" if memory.version is None else f" version {memory.version}"
    return f"{memory.id or 'a memory'}{version} {short(memory.content)!r}"
