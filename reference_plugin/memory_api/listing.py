"""Pages, as list_memories and memory_history share them."""

from __future__ import annotations

from typing import Any

from .answer import member, unusable


def page(answer: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Return the items of a page and the cursor of the next one; None for the last. Raises MemoryFailure."""
    items: list[Any] = member(answer, "items", list, "the page")
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise unusable(f"item {number} of the page is not an object")
    cursor = answer.get("next_cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise unusable("next_cursor of the page is neither a string nor null")
    return items, cursor
