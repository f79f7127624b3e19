"""Requests as the front sees them, made by hand."""

from __future__ import annotations

import json
from typing import Any

from memconform.clients.wire import Seen
from memconform.exchange import Headers, Received, Sent

BASE = "http://127.0.0.1:1"


def request(
    target: str,
    method: str = "GET",
    body: Any = None,
    *,
    at: float = 0.0,
    answer: int | None = None,
    answer_headers: Headers = (),
    headers: Headers = (),
    key: str = "",
) -> Seen:
    """Return a request that came at `at` and was answered a tenth of a second later, when it was."""
    raw = b"" if body is None else json.dumps(body).encode()
    seen = Seen(
        1,
        1,
        at,
        Sent(method, f"{BASE}{target}", headers, raw),
        target=target.encode(),
        headers=headers,
        authorization=f"Bearer {key}" if key else None,
        body=raw,
    )
    seen.ended_at = at + 0.1
    seen.received = None if answer is None else Received(answer, answer_headers, b"")
    return seen
