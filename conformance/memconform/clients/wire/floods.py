"""Answers that are far too large: a client that reads them whole pays with its memory. They stop when it goes away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from memconform.clients.wire.answers import Answer, Onward
from memconform.clients.wire.line import Line, head
from memconform.exchange import Received

MIB = 1024 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class HeaderFlood(Answer):
    """Header fields without end, at most `total_bytes` of them; then the connection closes inside the header."""

    total_bytes: int = 100 * MIB
    name: str = "header-flood"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send them."""
        line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        sent = number = 0
        while sent < self.total_bytes:
            lines = "".join(f"X-Flood-{number + at:07}: {'a' * 1000}\r\n" for at in range(64)).encode()
            piece = lines[: self.total_bytes - sent]
            line.raw(piece)
            sent, number = sent + len(piece), number + 64
        line.finish()
        return None


@dataclass(frozen=True, slots=True)
class BodyFlood(Answer):
    """A body of exactly `total_bytes`: a valid page or search answer of many memories, or junk that is no JSON."""

    total_bytes: int = 20 * MIB
    shape: Literal["page", "search", "junk"] = "page"
    name: str = "body-flood"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send it."""
        line.raw(head(200, (("Content-Type", "application/json"), ("Content-Length", str(self.total_bytes)))))
        for piece in self.pieces():
            line.raw(piece)
        return None

    def pieces(self) -> Iterator[bytes]:
        """Yield the body."""
        if self.shape == "junk":
            for at in range(0, self.total_bytes, _PIECE):
                yield b"\xff" * min(_PIECE, self.total_bytes - at)
            return
        opening, closing = (
            (b'{"items":[', b'],"next_cursor":null}') if self.shape == "page" else (b'{"results":[', b"]}")
        )
        left = self.total_bytes - len(opening) - len(closing)
        yield opening
        for number in range(self.total_bytes):
            item = (b"," if number else b"") + self._item(number)
            if len(item) > left:
                break
            yield item
            left -= len(item)
        yield b" " * left + closing

    def _item(self, number: int) -> bytes:
        memory = flood_memory(number)
        return json.dumps(memory if self.shape == "page" else {"memory": memory, "score": 0.5}).encode()


def flood_memory(number: int) -> dict[str, Any]:
    """Return one memory of a flood, about 4 kB."""
    return {
        "id": f"flood-{number}",
        "content": "so much to remember " * 200,
        "scope": {"user_id": "flood"},
        "metadata": {},
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "version": 1,
    }
