"""The memory API as a test calls it: raw requests for what is judged, short verbs for what only sets the scene."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote, urlencode

from memconform.answer import Answer
from memconform.exchange import Sent
from memconform.http import Unanswered, Wire
from memconform.ledger import Ledger
from memconform.recorder import Recorder
from memconform.retry_after import retry_after
from memconform.scopes import RUN_PREFIX
from memconform.verdict import Inconclusive

Json = Any
Memory = dict[str, Any]
Memories = list[Memory]
Ids = list[str]
Scope = Mapping[str, str]
Params = Mapping[str, str] | Sequence[tuple[str, str]]

MEMORIES = "/v1/memories"
_AS_IT_IS = "".join(chr(code) for code in range(33, 127) if chr(code) != "#")
"""What a path may hold on the wire; the rest is percent-encoded."""
LONGEST_WAIT = 120.0
"""How long the judge lets a server's Retry-After hold it up, in seconds."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose credentials a request carries. `token` is None for an open server; `variable` is its name in a report."""

    label: str
    token: str | None = None
    variable: str = "MEMCONFORM_API_KEY"

    def headers(self) -> dict[str, str]:
        """Return the header that carries the credentials."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class MemoryApi:
    """One client of the server: a principal on a lane of connections, recording into the test's recorder.

    Scene-setting verbs (`add`, `fetch`, `walk`, `found`) raise `Inconclusive` when the server does not play along.
    """

    wire: Wire
    recorder: Recorder
    principal: Principal
    ledger: Ledger
    """Told of the id of everything added and deleted."""
    lane: str = "main"
    patient: bool = True
    """Whether 429 is answered by waiting as Retry-After says."""

    def elsewhere(self, lane: str = "second") -> MemoryApi:
        """Return the same client on connections of its own."""
        return replace(self, lane=lane)

    def impatient(self) -> MemoryApi:
        """Return the same client, which takes 429 for an answer."""
        return replace(self, patient=False)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: Json = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        credentials: bool = True,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request and return the answer, whatever it is. `body` is sent as JSON, `content` as it is."""
        extra = dict(headers or {})
        if content is None and body is not None:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
        if content is not None and not any(name.lower() == "content-type" for name in extra):
            extra["Content-Type"] = "application/json"
        query = urlencode(params if not isinstance(params, Mapping) else list(params.items()))
        url = self.wire.target.url + quote(path, safe=_AS_IT_IS) + (f"?{query}" if query else "")
        secret = self.principal.headers() if credentials else {}
        hidden = [(name, f"Bearer ${self.principal.variable}") for name in secret]
        hidden += [(name, "[redacted]") for name, _ in self.wire.target.headers]
        sent = Sent(method, url, tuple(extra.items()), content or b"", tuple(hidden))
        return self._send(sent, secret, timeout)

    def _send(self, sent: Sent, secret: Mapping[str, str], timeout: float | None) -> Answer:
        self.recorder.claim()  # once: that the server asks to come back later is no request more of the test's making
        for _ in range(5):
            answer = self._send_once(sent, secret, timeout)
            if answer.status != 429 or not self.patient:
                return answer
            wait = retry_after(answer.header("Retry-After"))
            if wait is None or wait > LONGEST_WAIT:
                raise Inconclusive(f"429 with Retry-After {answer.header('Retry-After')!r}", [answer.exchange])
            time.sleep(wait)
        raise Inconclusive("still 429 after five waits of the length that Retry-After asked for")

    def _send_once(self, sent: Sent, secret: Mapping[str, str], timeout: float | None) -> Answer:
        try:
            exchange, received = self.wire.send(sent, secret, f"{self.principal.label}/{self.lane}", timeout)
        except Unanswered as error:
            self.recorder.keep(error.exchange)
            raise
        self.recorder.keep(exchange)
        answer = Answer(exchange, received)
        self._note(sent, answer)
        return answer

    def _note(self, sent: Sent, answer: Answer) -> None:
        if sent.method == "DELETE" and answer.status == 204:
            self.ledger.forget_id(self.principal.label, unquote(sent.url.rsplit("/", 1)[-1]))
        elif sent.method == "POST" and sent.url.endswith(MEMORIES) and answer.status < 300:
            try:
                stored = json.loads(answer.received.body)
                memory_id, scope = str(stored["id"]), stored.get("scope")
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                return  # the scope in the ledger still leads the cleanup to it
            if isinstance(scope, dict) and not any(RUN_PREFIX in str(value) for value in scope.values()):
                # Perhaps somebody else's: a server that answers with it must not make the cleanup delete it.
                self.ledger.note_stray(self.principal.label, memory_id)
                return
            self.ledger.note_id(self.principal.label, memory_id)

    # What is judged.

    def post(self, body: Json, **options: Any) -> Answer:
        """POST /v1/memories."""
        return self.request("POST", MEMORIES, body=body, **options)

    def get(self, memory_id: str, **options: Any) -> Answer:
        """GET /v1/memories/{id}; the id is percent-encoded."""
        return self.request("GET", path_of(memory_id), **options)

    def delete(self, memory_id: str, **options: Any) -> Answer:
        """DELETE /v1/memories/{id}."""
        return self.request("DELETE", path_of(memory_id), **options)

    def list(self, scope: Params, **params: str | int) -> Answer:
        """GET /v1/memories: one page."""
        pairs = list(scope.items()) if isinstance(scope, Mapping) else list(scope)
        pairs += [(name, str(value)) for name, value in params.items()]
        return self.request("GET", MEMORIES, params=pairs)

    def search(self, query: str, scope: Scope, **members: Json) -> Answer:
        """POST /v1/search."""
        return self.request("POST", "/v1/search", body={"query": query, "scope": dict(scope), **members})

    # What sets the scene.

    def add(self, content: str, scope: Scope, **members: Json) -> Memory:
        """Add a memory and return the stored record."""
        answer = self.post({"content": content, "scope": dict(scope), **members})
        return answer.control(201).control_object("id", str)

    def fetch(self, memory_id: str) -> Memory:
        """Return the record of a memory that must be there."""
        return self.get(memory_id).control(200).control_object("id", str)

    def page(self, scope: Scope, **params: str | int) -> tuple[Memories, str | None]:
        """Return the items and the next cursor of one page."""
        body = self.list(scope, **params).control(200).control_object("items", list)
        return [item for item in body["items"] if isinstance(item, dict)], body.get("next_cursor")

    def walk(self, scope: Scope, limit: int | None = None) -> Memories:
        """Return all items of a scope, page by page to the null cursor."""
        params: dict[str, str | int] = {} if limit is None else {"limit": limit}
        items, cursor = self.page(scope, **params)
        while cursor is not None:
            more, cursor = self.page(scope, **params, cursor=cursor)
            items += more
        return items

    def ids(self, scope: Scope) -> Ids:
        """Return the ids of all memories listed in a scope."""
        return [str(item.get("id")) for item in self.walk(scope)]

    def results(self, query: str, scope: Scope, **members: Json) -> Memories:
        """Return the results of a search."""
        body = self.search(query, scope, **members).control(200).control_object("results", list)
        return [hit for hit in body["results"] if isinstance(hit, dict)]

    def found(self, query: str, scope: Scope, **members: Json) -> Ids:
        """Return the ids that a search finds, best first."""
        return [str((hit.get("memory") or {}).get("id")) for hit in self.results(query, scope, **members)]


def path_of(memory_id: str) -> str:
    """Return the path of a memory, its id percent-encoded whole."""
    return f"{MEMORIES}/{quote(memory_id, safe='-._~')}"
