"""Faults on the wire: answers that no healthy server gives. Each ends by itself, and at once when the front closes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memconform.clients.wire.answers import Answer, Onward
from memconform.clients.wire.line import Line, head
from memconform.exchange import Received

BOUND_S = 120.0
"""After so many seconds a fault that waits gives up and closes the connection."""

Stage = Literal["before_headers", "in_headers", "in_body"]

_JSON = (("Content-Type", "application/json"),)
_BEGINNING = b'{"items": [{"id": "0199f3c2-7d1e-7a64-9c1b-3f5d2a6e8b90", "content": "I use pn'
_ANNOUNCED = 4096


def _until(stage: str) -> bytes:
    """Return what has been sent of an answer when a fault strikes at the stage."""
    whole = head(200, (*_JSON, ("Content-Length", str(_ANNOUNCED))))
    return {"before_headers": b"", "in_headers": whole[:30], "in_body": whole + _BEGINNING}[stage]


@dataclass(frozen=True, slots=True)
class Hang(Answer):
    """Silence: before the answer, inside its header, or inside its body."""

    stage: Stage = "before_headers"
    bound_s: float = BOUND_S
    name: str = "hang"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send the beginning and wait."""
        line.raw(_until(self.stage))
        line.pause(self.bound_s)
        line.finish()
        return None


@dataclass(frozen=True, slots=True)
class Drip(Answer):
    """One byte at a time, without end: header fields, or a body that has said how long it is."""

    seconds: float = 1.0
    """Between one byte and the next."""
    stage: Literal["headers", "body"] = "body"
    bound_s: float = BOUND_S
    name: str = "drip"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Drip until the bound."""
        drops = int(self.bound_s / self.seconds) + 1
        if self.stage == "headers":
            text = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Slow: " + b"a" * drops
        else:
            line.raw(head(200, (*_JSON, ("Content-Length", str(drops + _ANNOUNCED)))))
            text = _BEGINNING + b"p" * drops
        for at in range(drops):
            line.pause(self.seconds)
            line.raw(text[at : at + 1])
        line.finish()
        return None


@dataclass(frozen=True, slots=True)
class Reset(Answer):
    """The connection is reset (RST): before the answer, inside its header, or inside its body."""

    stage: Stage = "before_headers"
    name: str = "reset"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send the beginning and reset."""
        line.raw(_until(self.stage))
        line.reset()
        return None


@dataclass(frozen=True, slots=True)
class Close(Answer):
    """The connection ends in order (FIN), but early; `in_chunk` is inside a body of unknown length."""

    stage: Stage | Literal["in_chunk"] = "before_headers"
    name: str = "close"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send the beginning and close."""
        if self.stage == "in_chunk":
            line.raw(head(200, (*_JSON, ("Transfer-Encoding", "chunked"))) + b"1000\r\n" + _BEGINNING)
        else:
            line.raw(_until(self.stage))
        line.finish()
        return None


@dataclass(frozen=True, slots=True)
class NeverCloses(Answer):
    """A whole JSON body without a length on a connection that stays open: only its end would end the answer."""

    body: bytes = b'{"items": [], "next_cursor": null, "results": []}'
    bound_s: float = BOUND_S
    name: str = "never-closes"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send the body and keep the connection."""
        line.raw(head(200, (*_JSON, ("Connection", "close"))) + self.body)
        line.pause(self.bound_s)
        line.finish()
        return None


@dataclass(frozen=True, slots=True)
class Garbage(Answer):
    """Bytes that are no HTTP, as from a port where something else listens."""

    data: bytes = b"\x15\x03\x01\x00\x02\x02\x46SSH-2.0-OpenSSH_9.6\r\n" + bytes(range(256))
    name: str = "garbage"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send them and close."""
        line.raw(self.data)
        line.finish()
        return None
