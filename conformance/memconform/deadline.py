"""One deadline for a whole exchange: every wait on the network is cut to what is left of it.

httpx bounds each single wait, so a server that sends one byte a second would never time out. The wait happens below
it, in httpcore's network streams; the deadline belongs to the thread that sends the request.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore

_PIECE = 65_536
_current = threading.local()


@dataclass
class Attempt:
    """One try at one exchange. `at` is its deadline on the monotonic clock."""

    at: float
    connected: bool = False
    """Whether it made a connection of its own; otherwise it went out on one that had been idle."""
    received: bool = False
    """Whether any byte of an answer came."""


@contextmanager
def until(at: float) -> Iterator[Attempt]:
    """Bound what this thread does on the network, and watch it."""
    _current.attempt = attempt = Attempt(at)
    try:
        yield attempt
    finally:
        _current.attempt = None


def _attempt() -> Attempt | None:
    return getattr(_current, "attempt", None)


def _left(timeout: float | None) -> float | None:
    attempt = _attempt()
    if attempt is None:
        return timeout
    left = attempt.at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left if timeout is None else min(left, timeout)


class BoundedBackend(httpcore.SyncBackend):
    """Makes connections whose reads and writes end with the deadline."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect, and take note that this attempt did."""
        stream = super().connect_tcp(host, port, _left(timeout), local_address, socket_options)
        attempt = _attempt()
        if attempt is not None:
            attempt.connected = True
        return _BoundedStream(stream)


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, _left(timeout))
        attempt = _attempt()
        if attempt is not None and data:
            attempt.received = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
