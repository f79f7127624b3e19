"""Keeps results well below the 5 MiB at which Dify ends a plugin; what is left out is said."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

MOST_CHARACTERS = 1024 * 1024
"""Characters of JSON in ASCII, the longest form, for one result."""

Json = dict[str, Any]


def size(value: object) -> int:
    """Return how many characters of ASCII JSON a value takes at most."""
    return len(json.dumps(value))


def fitting(items: Iterable[Json], most: int = MOST_CHARACTERS) -> tuple[list[Json], bool]:
    """Return the items from the first on that fit together, and whether any was left out or cut."""
    items = list(items)
    if size(items) <= most:
        return items, False
    kept: list[Json] = []
    room = most
    for item in items:
        needed = size(item) + 2
        if needed > room:
            return (kept, True) if kept else ([cut(item, room)], True)
        kept.append(item)
        room -= needed
    return kept, False


def fitting_record(record: Json, most: int = MOST_CHARACTERS) -> tuple[Json, bool]:
    """Return a record, and whether its content had to be cut."""
    return (record, False) if size(record) <= most else (cut(record, most), True)


def fitting_text(text: str, most: int = MOST_CHARACTERS) -> tuple[str, bool]:
    """Return a text, and whether it had to be cut."""
    return (text, False) if size(text) <= most else (_head(text, most), True)


def cut(item: Json, most: int) -> Json:
    """Return a record, or a result with one, with as much of its content as fits and only what identifies it."""
    inner = item.get("memory")
    if isinstance(inner, dict):
        return {**{name: item[name] for name in ("score",) if name in item}, "memory": cut(inner, most - 64)}
    kept = {name: item[name] for name in _IDENTIFYING if name in item and size(item[name]) <= 2048}
    content = item.get("content")
    return {**kept, "content": _head(content, most - size(kept) - 64) if isinstance(content, str) else ""}


_IDENTIFYING = ("id", "version", "scope", "created_at", "updated_at", "operation", "at", "key")


def _head(text: str, most: int) -> str:
    """Return the longest start of a text that fits, found by halving."""
    low, high = 0, min(len(text), max(0, most))
    while low < high:
        middle = (low + high + 1) // 2
        if size(text[:middle]) <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low]
