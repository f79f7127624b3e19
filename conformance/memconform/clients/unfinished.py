"""Work that goes on after the answer: it ends badly, never ends, or asks for patience."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memconform.clients.wire import Answer, Changed, Late

if TYPE_CHECKING:
    from memconform.clients.wire import Seen
    from memconform.exchange import Headers, Received

STARTS = frozenset({"ingestMessages", "eraseScope"})
"""Operations that are answered before their work is done."""

_PROBLEM = {
    "type": "urn:memory-api:problem:internal-error",
    "title": "Internal error",
    "status": 500,
    "detail": "it could not be done",
}
_FAILED = {"status": "failed", "completed_at": "2026-01-01T00:00:00.000Z", "result": None, "error": _PROBLEM}
_RUNNING = {"status": "running", "completed_at": None, "result": None, "error": None}


def asked_about(answer: Answer | None, headers: Headers = ()) -> Callable[[Seen], Answer | None]:
    """Let the work go on when it is answered, with header fields; give the answer to whoever asks how it stands."""

    def choose(seen: Seen) -> Answer | None:
        if seen.operation_id in STARTS:
            return _changed(_RUNNING, "running-operation", headers)
        return answer if seen.operation_id == "getOperation" else None

    return choose


def never_done(seconds: float) -> Late:
    """Return the answer, late, that the work goes on."""
    return Late(seconds, _changed(_RUNNING, "running-operation"), "never-done")


def failed() -> Changed:
    """Return the server's answer, with the operation failed: at once, or when it is asked about."""
    return _changed(_FAILED, "failed-operation")


def _changed(members: dict[str, Any], name: str, headers: Headers = ()) -> Changed:
    def change(received: Received) -> Received:
        if received.status >= 300:
            return received
        others = tuple(pair for pair in received.headers if pair[0].lower() != "retry-after")
        body = json.dumps({**json.loads(received.body), **members}).encode()
        return replace(received, headers=(*others, *headers), body=body)

    return Changed(change, name)
