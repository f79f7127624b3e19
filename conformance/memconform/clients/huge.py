"""An answer of 20 MiB that is right in every other way."""

from __future__ import annotations

import json
from typing import Any

from memconform.clients.memories import MADE_UP, exported, memory
from memconform.clients.wire import Answer, Reply

SIZE = 20 * 1024 * 1024
_MANY = 200
_TEXT = "the spare key is under a flowerpot "
_OF_ONE = frozenset({"getMemory", "getKeyed"})

LARGE = _OF_ONE | {"searchMemories", "listMemories", "listHistory", "exportScope"}
"""Operations whose answer can be so large."""


def huge(operation: str, user: str) -> Answer:
    """Return so large an answer: 200 memories, or one."""
    many = 1 if operation in _OF_ONE else _MANY
    text = _TEXT * (SIZE // len(_TEXT) // many)
    items = [memory(number, user, text) for number in range(many)]
    body: Any = items[0]
    if operation == "searchMemories":
        body = {"results": [{"memory": item, "score": 0.5} for item in items]}
    elif operation == "listMemories":
        body = {"items": items, "next_cursor": None}
    elif operation == "listHistory":
        body = {"items": [_version(number, text) for number in range(1, many + 1)], "next_cursor": None}
    elif operation == "exportScope":
        return exported(user, items)
    return Reply(200, (("Content-Type", "application/json"),), json.dumps(body).encode())


def shows_some(said: str) -> bool:
    """Tell whether a result holds anything of a huge answer."""
    return _TEXT.strip() in said or MADE_UP in said


def _version(number: int, text: str) -> dict[str, Any]:
    at, operation = "2026-01-01T00:00:00.000Z", "add" if number == 1 else "update"
    return {"version": number, "operation": operation, "at": at, "content": text, "metadata": {}}
