"""The wire of a migration: a write goes out once and only once, and a long answer is passed on in pieces.

For a judge it does no harm when a request that met a closing connection is sent again. Here it might store a memory
twice, so whether to send again is decided by who knows what was sent.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from memconform.exchange import Received
from memconform.http import Wire

_SAFE = ("GET", "HEAD")


class Sink:
    """Takes a good answer in pieces, so that it never lies in memory whole."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self.take = take

    def __call__(self, piece: bytes) -> bool:
        """Take one piece; there is never enough."""
        self.take(piece)
        return False


class CarefulWire(Wire):
    """Sends no write a second time by itself, and gives a good answer to a `Sink` where there is one."""

    def _read(self, request: httpx.Request, lane: str, enough: Callable[[bytes], bool] | None) -> Received:
        try:
            return (
                self._poured(request, lane, enough)
                if isinstance(enough, Sink)
                else super()._read(request, lane, enough)
            )
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
            if request.method in _SAFE:
                raise
            raise _MayHaveArrived(str(error)) from error

    def _poured(self, request: httpx.Request, lane: str, sink: Sink) -> Received:
        response = self._lane(lane).send(request, stream=True)
        try:
            good = response.status_code == 200
            body = b"" if good else response.read()[:65_536]
            if good:
                for piece in response.iter_bytes():
                    sink(piece)
            names = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
            return Received(response.status_code, names, body)
        finally:
            response.close()


class _MayHaveArrived(httpx.NetworkError):
    """The connection ended after a write began to go out: the wire below would take a `ReadError` for a fresh start."""
