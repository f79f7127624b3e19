"""Calls of a server with as little client as there can be: one connection of http.client, no parsing."""

from __future__ import annotations

import http.client
import json
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rig.servers import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "application/json"
LINES = "application/x-ndjson"
_PIECE = 262_144
_SHOWN = 300


class Caller:
    """One connection with a principal's key; what is no success ends the benchmark and says so."""

    def __init__(self, url: str, key: str = KEYS[0], timeout: float = 600.0) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._authorization = f"Bearer {key}"

    def __call__(self, method: str, path: str, body: bytes | IO[bytes] | None = None, media_type: str = JSON) -> bytes:
        """Send a request and return the body of the answer."""
        return self._answer(method, path, body, media_type).read()

    def json(self, method: str, path: str, document: object = None) -> Any:
        """Send and return JSON."""
        return json.loads(self(method, path, None if document is None else json.dumps(document).encode()))

    def pieces(self, method: str, path: str) -> Iterator[bytes]:
        """Send a request and yield the body of the answer as it comes."""
        answer = self._answer(method, path, None, JSON)
        while piece := answer.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        self._connection.close()

    def _answer(
        self, method: str, path: str, body: bytes | IO[bytes] | None, media_type: str
    ) -> http.client.HTTPResponse:
        headers = {"Authorization": self._authorization} | ({} if body is None else {"Content-Type": media_type})
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        if answer.status >= http.client.MULTIPLE_CHOICES:
            said = answer.read()[:_SHOWN].decode(errors="replace")
            raise SystemExit(
                f"the server refused {method} {path.split('?', maxsplit=1)[0]} with {answer.status}: {said}"
            )
        return answer
