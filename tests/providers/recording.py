"""A proxy between a test and a real provider that writes down what they say, without the credentials."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from .exchange import KEPT_HEADERS, REDACTED, Exchange, Request, as_json_or_text, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_FORWARDED = frozenset({"host", "connection", "content-length", "accept-encoding", "transfer-encoding"})
"""The header fields that belong to one connection."""

_DEADLINE_S = 120


@contextmanager
def recording(file: Path, upstream: str) -> Iterator[str]:
    """Give the address of a proxy to `upstream`, and write `file` anew once the block has ended well.

    Credentials go to `upstream` alone, and into no file: neither proxies nor redirects are followed.
    """
    # No limit of connections: it is the test that decides how many ask at once.
    client = httpx.Client(base_url=upstream, trust_env=False, timeout=_DEADLINE_S, limits=httpx.Limits())
    with client, serving(proxy := _Proxy(client)) as url:
        yield url
    if proxy.unreachable:
        raise AssertionError(f"Nothing was recorded: the provider did not answer ({proxy.unreachable}).")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(proxy.document(), "utf-8")


class _Proxy:
    """Forwards, and remembers in the order of the answers."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._secrets: set[str] = set()
        self.unreachable = ""

    def __call__(self, request: Request) -> Exchange:
        headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
        try:
            reply = self._client.request(request.method, request.target, headers=headers, content=request.body)
        except httpx.HTTPError as error:
            self.unreachable = type(error).__name__
            return {"status": 502}
        kept = {name: reply.headers[name] for name in KEPT_HEADERS if name in reply.headers}
        response = {"status": reply.status_code, "headers": kept, **as_json_or_text(reply.content)}
        with self._lock:
            self._secrets.update(request.secrets())
            self._exchanges.append({"request": request.exchange(), "response": _abridged(response)})
        return response

    def document(self) -> str:
        """Return the file's text; a credential that the provider echoed is redacted as well."""
        origin = f"recorded from the real provider on {datetime.now(UTC).date().isoformat()}"
        text = json.dumps({"origin": origin, "exchanges": self._exchanges}, ensure_ascii=False, indent=1)
        for secret in self._secrets:
            text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], REDACTED)
        return text + "\n"


def _abridged(response: Exchange) -> Exchange:
    """Cut an OpenAPI document down to what tells the product: its `info` and the paths."""
    document = response.get("json")
    if not isinstance(document, dict) or not {"openapi", "info", "paths"} <= document.keys():
        return response
    short = {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": {path: {} for path in document["paths"]},
    }
    return response | {"json": short}
