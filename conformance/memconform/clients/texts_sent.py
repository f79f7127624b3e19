"""What a request carries of what the caller said: content, query, key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memconform.clients.wire import Seen


def content_sent(seen: Seen) -> str | None:
    """Return the member `content` of the body; None where there is none."""
    return _member(seen, "content")


def query_sent(seen: Seen) -> str | None:
    """Return the member `query` of the body; None where there is none."""
    return _member(seen, "query")


def key_sent(seen: Seen) -> str | None:
    """Return the parameter `key` of the query string; None where there is none."""
    return next((value for name, value in seen.query if name == "key"), None)


def _member(seen: Seen, name: str) -> str | None:
    value = seen.json.get(name) if isinstance(seen.json, dict) else None
    return value if isinstance(value, str) else None
