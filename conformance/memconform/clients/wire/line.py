"""The front's end of one connection while one request is answered: what an answer can do on the wire.

LineEnded           the answer ends here
├── ClientGone      the client closed or reset the connection first
└── FrontClosing    the front closes
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus

import h11

from memconform.exchange import Headers, Received

SEND_SECONDS = 120.0
"""How long a client may take to accept what is sent, in seconds."""
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 64 * 1024 * 1024
_BODILESS = frozenset({204, 304})
_FRAMING = frozenset({"content-length", "transfer-encoding"})


def rule_of(error: h11.RemoteProtocolError) -> str:
    """Return which rule of HTTP was broken; what h11 quotes after a colon may be a key or a text, and is left out."""
    return str(error).partition(":")[0]


class LineEnded(Exception):
    """The answer ends here, whatever is left of it."""


class ClientGone(LineEnded):
    """The client went away before it had its answer."""


class FrontClosing(LineEnded):
    """The front closes."""


class Line:
    """Writes to one client. `stays` tells whether the connection may serve another request after the answer."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        """Take over a connected socket; whoever made it closes it."""
        self.socket = sock
        self.stays = True
        self.head_only = False
        """Whether the request is HEAD: the answer has no body."""
        self.chunks = True
        """Whether the client understands chunked coding (HTTP/1.1)."""
        self._closing = closing
        self._begun = False
        self._length_known = True
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)

    def next_request(self, method: str, *, http_1_1: bool, stays: bool) -> None:
        """Get ready to answer a request."""
        self.head_only, self.chunks, self.stays, self._begun = method == "HEAD", http_1_1, stays, False

    @property
    def begun(self) -> bool:
        """Whether a byte of the answer has been sent."""
        return self._begun

    def closing(self) -> bool:
        """Whether the front closes."""
        return self._closing.is_set()

    def bodiless(self, status: int) -> bool:
        """Tell whether an answer of the status has no body here."""
        return self.head_only or status in _BODILESS or 100 <= status < 200

    def raw(self, data: bytes) -> None:
        """Send bytes as they are; raise `LineEnded` when nobody takes them."""
        if not data:
            return
        if not self._begun and self.gone():
            raise ClientGone
        self._begun = True
        try:
            self.socket.sendall(data)
        except OSError:
            raise (FrontClosing if self.closing() else ClientGone) from None

    def reply(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Received:
        """Send a whole answer, framed by its length, and return it."""
        sent = tuple((name, value) for name, value in headers if name.lower() not in _FRAMING)
        framed = sent
        if not (status in _BODILESS or 100 <= status < 200):
            framed = (*sent, ("Content-Length", str(len(body))))
        self.raw(head(status, self._persistent(framed)) + (b"" if self.bodiless(status) else body))
        return Received(status, framed, b"" if self.bodiless(status) else body)

    def begin(self, status: int, headers: Headers) -> bytes:
        """Return the head of an answer that comes in pieces, to be sent with the first; headers may have a length."""
        self._length_known = self.bodiless(status) or any(name.lower() == "content-length" for name, _ in headers)
        if self._length_known:
            return head(status, self._persistent(headers))
        if self.chunks:
            return head(status, (*self._persistent(headers), ("Transfer-Encoding", "chunked")))
        self.stays = False
        return head(status, self._persistent(headers))

    def piece(self, data: bytes) -> bytes:
        """Return a piece of the body as `begin` announced it."""
        if not data or self._length_known or not self.chunks:
            return data
        return b"%x\r\n%b\r\n" % (len(data), data)

    def last(self) -> bytes:
        """Return what ends the body."""
        return b"" if self._length_known or not self.chunks else b"0\r\n\r\n"

    def _persistent(self, headers: Headers) -> Headers:
        return headers if self.stays else (*headers, ("Connection", "close"))

    def pause(self, seconds: float) -> None:
        """Wait so long; raise `LineEnded` as soon as the client goes away or the front closes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.closing():
                raise FrontClosing
            if self._readable.poll(min(left, 1.0) * 1000):
                if self.gone():
                    raise FrontClosing if self.closing() else ClientGone
                self._closing.wait(min(left, 0.05))  # a pipelined request waits: it would wake poll again at once

    def gone(self) -> bool:
        """Tell whether the client has closed its end; a client that half-closes counts, as for most servers."""
        try:
            # Asked first, for with a time-out set Python would wait, whatever the flags say.
            return bool(self._readable.poll(0)) and self.socket.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def reset(self) -> None:
        """End the connection with RST; what was sent just before has a moment to be read."""
        self.stays = False
        if self._begun:
            with suppress(LineEnded):
                self.pause(0.05)
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish(self) -> None:
        """End the connection with FIN, reading on for a moment: unread bytes would turn it into RST."""
        self.stays = False
        end, taken = time.monotonic() + _LINGER_SECONDS, 0
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while not self.closing() and taken < _LINGER_BYTES and (left := end - time.monotonic()) > 0:
                self.socket.settimeout(left)
                data = self.socket.recv(65_536)
                if not data:
                    break
                taken += len(data)
        except OSError:
            pass
        self.socket.close()


def head(status: int, headers: Sequence[tuple[str, str]]) -> bytes:
    """Return a status line and header fields, up to the empty line."""
    lines = [f"HTTP/1.1 {status} {reason(status)}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def reason(status: int) -> str:
    """Return the reason phrase of a status; empty for one that HTTP does not name."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
