"""A client of bytes: sends what it is told, and notes what comes back, when, and how the connection ends."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Enough = int | Callable[[bytes], bool]

GET = b"GET /v1/health HTTP/1.1\r\nHost: h\r\n\r\n"


@dataclass
class Heard:
    """What a client heard. `ended` is fin, rst, or open when it stopped listening first."""

    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    """Seconds since the request was sent, and the bytes that came then."""
    ended: str = "open"
    seconds: float = 0.0

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def head(self) -> bytes:
        """What came before the first empty line."""
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """What came after it."""
        return self.data.partition(b"\r\n\r\n")[2]


def connected(url: str) -> socket.socket:
    """Return a new connection."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=10)


def listened(sock: socket.socket, patience: float = 5.0, enough: Enough | None = None) -> Heard:
    """Read until the connection ends, the time is over, or enough came: so many bytes, or what a function says."""
    heard, began = Heard(), time.monotonic()
    total = 0
    while (left := began + patience - time.monotonic()) > 0:
        if isinstance(enough, int) and total >= enough:
            break
        if callable(enough) and enough(heard.data):
            break
        sock.settimeout(left)
        try:
            piece = sock.recv(65_536)
        except TimeoutError:
            break
        except ConnectionResetError:
            heard.ended = "rst"
            break
        if not piece:
            heard.ended = "fin"
            break
        total += len(piece)
        heard.pieces.append((time.monotonic() - began, piece))
    heard.seconds = time.monotonic() - began
    return heard


def whole(answers: int = 1) -> Callable[[bytes], bool]:
    """Return a condition: so many answers, framed by their lengths, have come in full."""

    def came(data: bytes) -> bool:
        rest = data
        for _ in range(answers):
            head, end, rest = rest.partition(b"\r\n\r\n")
            found = re.search(rb"(?i)content-length: (\d+)", head)
            length = int(found[1]) if found else 0
            if not end or len(rest) < length:
                return False
            rest = rest[length:]
        return True

    return came


def asked(url: str, request: bytes = GET, patience: float = 5.0, enough: Enough | None = None) -> Heard:
    """Send a request on a new connection and listen."""
    with connected(url) as sock:
        sock.sendall(request)
        return listened(sock, patience, enough)
