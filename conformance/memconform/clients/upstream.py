"""The good server behind the front: where a test puts what a tool has to find, without going through the client."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from memconform.exchange import Sent
from memconform.http import Target, Unanswered, Wire
from memconform.serving import NotServing, served
from memconform.verdict import Inconclusive


class Upstream:
    """A memory server of the contract, open or with one API key."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        """Speak to the server at `url`, the address before /v1."""
        self.url = url.rstrip("/")
        self.api_key = api_key
        self._wire = Wire(Target(self.url, timeout=15.0))

    def must_answer(self) -> None:
        """Raise `NotServing` unless the server answers that it works."""
        try:
            self._do("GET", "/v1/health", None)
        except (Unanswered, Inconclusive, ValueError) as error:
            raise NotServing(f"the server behind, {self.url}, does not work: {error}") from None

    def add(self, user: str, content: str, besides: Mapping[str, Any] = MappingProxyType({})) -> str:
        """Add a memory of the user, in a scope with these members `besides`, and return its id."""
        body = self._do("POST", "/v1/memories", {"scope": {**besides, "user_id": user}, "content": content})
        return str(body["id"])

    def set(self, user: str, key: str, content: str, besides: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Set the user's memory under a key, in a scope with these members `besides`."""
        query = urlencode({**besides, "key": key, "user_id": user})
        self._do("PUT", f"/v1/keyed?{query}", {"content": content})

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _do(self, method: str, path: str, body: Any) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = (("Content-Type", "application/json"),) if raw else ()
        credentials = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        exchange, received = self._wire.send(Sent(method, self.url + path, headers, raw), credentials, "upstream")
        if received.status >= 300:
            raise Inconclusive(
                f"the server behind answered {received.status} to {method} {path.split('?', maxsplit=1)[0]}", [exchange]
            )
        return json.loads(received.body)


@contextmanager
def reference_upstream() -> Iterator[Upstream]:
    """Start the reference server, open to all, and yield it; raise `NotServing` when it does not start."""
    with served(environment={"MEMCONFORM_SERVER_API_KEYS": ""}) as url:
        upstream = Upstream(url)
        try:
            yield upstream
        finally:
            upstream.close()
