"""The scopes in which a principal keeps something, read page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi

MOST_PAGES, LARGEST_PAGE = 12, 1_000
"""So many pages the judge reads: a principal may have more scopes than anybody wants to walk through for a test."""


def scope_pages(memory: MemoryApi, capabilities: Capabilities) -> list[Answer] | None:
    """Return the pages of scopes to the null cursor, or to the first one that is no good answer; None: too many."""
    limit = capabilities.limit_or("page_size", LARGEST_PAGE)
    pages = [memory.scopes(limit=limit)]
    while len(pages) <= MOST_PAGES:
        cursor = _page(pages[-1]).get("next_cursor")
        if cursor is None:
            return pages
        pages.append(memory.scopes(limit=limit, cursor=str(cursor)))
    return None


def counted(pages: Sequence[Answer], scope: Mapping[str, str]) -> int:
    """Return how many memories the pages count in exactly this scope; 0 where it is not named."""
    for page in pages:
        page.must_be(200, because="a page of scopes")
        for item in _page(page).get("items") or ():
            if isinstance(item, dict) and _bare(item.get("scope")) == dict(scope):
                number = item.get("memories")
                return number if isinstance(number, int) else 0
    return 0


def _page(answer: Answer) -> Mapping[str, Any]:
    return answer.control_object("items", list) if answer.status == 200 else {}


def _bare(scope: object) -> dict[str, Any]:
    return {name: value for name, value in scope.items() if value is not None} if isinstance(scope, dict) else {}
