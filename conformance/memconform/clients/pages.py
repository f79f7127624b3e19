"""Lists that have a second page, or no end."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memconform.clients.texts_sent import cursor_sent
from memconform.clients.wire import Answer, Changed, Late, json_reply

if TYPE_CHECKING:
    from memconform.clients.wire import Seen
    from memconform.exchange import Received

PAGED = frozenset({"listMemories", "listHistory"})
"""Operations that answer in pages."""

CURSOR = "Ab+/cD&e=f%2Fg é#?=="
"""A cursor, which is opaque, with everything that has a meaning in a query string."""


def second_page(answer: Answer | None, cursor: str = CURSOR) -> Callable[[Seen], Answer | None]:
    """Say in the first page that there is another, and give this answer in its place; None: a page of nothing."""

    def choose(seen: Seen) -> Answer | None:
        if cursor_sent(seen) is None:
            return Changed(lambda received: _with(received, next_cursor=cursor), "first-page")
        return answer or json_reply(200, {"items": [], "next_cursor": None})

    return choose


def endless_pages(seconds: float) -> Callable[[Seen], Answer | None]:
    """Answer each page late, and say that there is another."""
    count = itertools.count(2)

    def choose(seen: Seen) -> Answer | None:
        if cursor_sent(seen) is None:
            return Changed(lambda received: _with(received, next_cursor="page-1"), "first-page")
        return Late(seconds, json_reply(200, {"items": [], "next_cursor": f"page-{next(count)}"}), "endless")

    return choose


def _with(received: Received, **members: Any) -> Received:
    """Return an answer with other members in its object; an error stays as it is."""
    if received.status >= 300:
        return received
    return replace(received, body=json.dumps({**json.loads(received.body), **members}).encode())
