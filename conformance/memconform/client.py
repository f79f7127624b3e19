"""One client of the server: sends a principal's requests over the wire, into the recorder and the ledger of a test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote, urlencode

from memconform.answer import Answer
from memconform.exchange import Exchange, Received, Sent
from memconform.http import Unanswered, Wire
from memconform.ledger import Ledger
from memconform.noting import note
from memconform.recorder import Recorder
from memconform.retry_after import retry_after
from memconform.verdict import Inconclusive

Json = Any
Memory = dict[str, Any]
Memories = list[Memory]
Ids = list[str]
Scope = Mapping[str, str]
Params = Mapping[str, str] | Sequence[tuple[str, str]]
Pairs = list[tuple[str, str]]

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
class Client:
    """A principal on a lane of connections, recording into the test's recorder."""

    wire: Wire
    recorder: Recorder
    principal: Principal
    ledger: Ledger
    """Told of the id of everything added and deleted."""
    lane: str = "main"
    patient: bool = True
    """Whether 429 is answered by waiting as Retry-After says."""

    def elsewhere(self, lane: str = "second") -> Self:
        """Return the same client on connections of its own."""
        return replace(self, lane=lane)

    def impatient(self) -> Self:
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
        enough: Callable[[bytes], bool] | None = None,
    ) -> Answer:
        """Send a request and return the answer, whatever it is. `body` is sent as JSON, `content` as it is.

        With `enough` a good answer is a stream: it is read until `enough` accepts a piece of it, or the time is over.
        """
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
        lane = f"{self.principal.label}/{self.lane}"
        if enough is None:
            return self._send(sent, lambda: self.wire.send(sent, secret, lane, timeout))
        return self._send(sent, lambda: self.wire.stream(sent, secret, lane, timeout, enough))

    def _send(self, sent: Sent, send: Callable[[], tuple[Exchange, Received]]) -> Answer:
        self.recorder.claim()  # once: that the server asks to come back later is no request more of the test's making
        for _ in range(5):
            answer = self._send_once(sent, send)
            if answer.status != 429 or not self.patient:
                return answer
            wait = retry_after(answer.header("Retry-After"))
            if wait is None or wait > LONGEST_WAIT:
                raise Inconclusive(f"429 with Retry-After {answer.header('Retry-After')!r}", [answer.exchange])
            time.sleep(wait)
        raise Inconclusive("still 429 after five waits of the length that Retry-After asked for")

    def _send_once(self, sent: Sent, send: Callable[[], tuple[Exchange, Received]]) -> Answer:
        try:
            exchange, received = send()
        except Unanswered as error:
            self.recorder.keep(error.exchange)
            raise
        self.recorder.keep(exchange)
        note(self.ledger, self.principal.label, sent, received)
        return Answer(exchange, received)
