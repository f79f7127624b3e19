"""One connection of HTTP/1.1 at the calibration server: keep-alive, no Nagle, one request after another."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memconform_load.calibration.memories import Answer
    from memconform_load.calibration.server import Server

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE)
_REASONS = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found", 422: "Unprocessable Content"}
_BROKEN = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LONGEST_HEAD = 65_536


class Connection(asyncio.Protocol):
    """Reads requests and sends answers; the server says what and when."""

    def __init__(self, server: Server) -> None:
        self.waiting: asyncio.TimerHandle | None = None
        """The answer that is still due."""
        self._server = server
        self._unread = b""
        self._busy = False
        self._closes = False
        self._arrived = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send small packets at once."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment] # a stream's transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the answer that nobody waits for any more."""
        self._server.connections.discard(self)
        if self.waiting is not None:
            self.waiting.cancel()

    def data_received(self, data: bytes) -> None:
        """Handle a request as soon as it is whole."""
        self._unread += data
        self._arrived = self._server.woke_at()
        if not self._busy:
            self._read()

    def next(self) -> None:
        """Go on after an answer: close, or handle the request that came meanwhile."""
        self._busy, self.waiting = False, None
        if self._closes:
            self._transport.close()
        elif self._unread:
            self._read()

    def send(self, answer: Answer, took: float) -> None:
        """Send an answer; `took` is what it says in `Server-Timing`, in seconds."""
        status, body, headers = answer
        kind = "application/json" if status < 400 else "application/problem+json"
        length = "" if status == 204 else f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        timing = f"Server-Timing: total;dur={took * 1e3:.3f}\r\n\r\n"
        head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n{length}{headers}{timing}"
        self._transport.write(head.encode() + body)

    def abort(self) -> None:
        """Reset the connection."""
        self._transport.abort()

    def _read(self) -> None:
        end = self._unread.find(b"\r\n\r\n")
        if end < 0:
            if len(self._unread) > _LONGEST_HEAD:
                self._refuse()
            return
        head = self._unread[: end + 4]
        length = _LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        words = head[: head.find(b"\r\n")].decode("latin-1").split(" ")
        if len(words) != 3 or _CHUNKED.search(head):
            self._refuse()
        elif len(self._unread) >= whole:
            body, self._unread = self._unread[end + 4 : whole], self._unread[whole:]
            self._busy, self._closes = True, _CLOSE.search(head) is not None
            self._server.asked(self, words[0], words[1], body, self._arrived)

    def _refuse(self) -> None:
        self._unread = b""
        self._transport.write(_BROKEN)
        self._transport.close()
