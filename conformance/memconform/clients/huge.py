"""An answer of 20 MiB that is right in every other way."""

from __future__ import annotations

import json
from typing import Any

from memconform.clients.wire import Answer, Reply

SIZE = 20 * 1024 * 1024
_MANY = 200


def huge(operation: str, user: str) -> Answer:
    """Return so large an answer to a search, a list or a get: 200 memories, or one."""
    many = operation != "getMemory"
    text = "the spare key is under a flowerpot " * (SIZE // 35 // (_MANY if many else 1))
    items = [_memory(f"0199f3c2-0000-7000-8000-{number:012}", user, text) for number in range(_MANY if many else 1)]
    body: Any = items[0]
    if operation == "searchMemories":
        body = {"results": [{"memory": item, "score": 0.5} for item in items]}
    elif operation == "listMemories":
        body = {"items": items, "next_cursor": None}
    return Reply(200, (("Content-Type", "application/json"),), json.dumps(body).encode())


def _memory(name: str, user: str, text: str) -> dict[str, Any]:
    at = "2026-01-01T00:00:00.000Z"
    scope = {"user_id": user}
    return {
        "id": name,
        "content": text,
        "scope": scope,
        "metadata": {},
        "created_at": at,
        "updated_at": at,
        "version": 1,
    }
