"""What a request carries of what the caller said: content, query, key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memconform.clients.identity import added

if TYPE_CHECKING:
    from memconform.clients.wire import Seen


def contents_sent(seen: Seen) -> list[str]:
    """Return the contents that a request hands over: of a memory, of each that a batch adds, of each message."""
    holders: list[Any] = [*added(seen), seen.json]
    messages = seen.json.get("messages") if isinstance(seen.json, dict) else None
    holders += messages if isinstance(messages, list) else []
    contents = [holder.get("content") for holder in holders if isinstance(holder, dict)]
    return [content for content in contents if isinstance(content, str)]


def query_sent(seen: Seen) -> str | None:
    """Return the member `query` of the body; None where there is none."""
    return _member(seen, "query")


def key_sent(seen: Seen) -> str | None:
    """Return the parameter `key` of the query string; None where there is none."""
    return next((value for name, value in seen.query if name == "key"), None)


def cursor_sent(seen: Seen) -> str | None:
    """Return the parameter `cursor` of the query string; None where there is none."""
    return next((value for name, value in seen.query if name == "cursor"), None)


def id_sent(seen: Seen) -> str | None:
    """Return the id of a memory in the path; None where there is none."""
    path = seen.path or ()
    return path[2] if path[:2] == ("v1", "memories") and len(path) > 2 else None


def _member(seen: Seen, name: str) -> str | None:
    value = seen.json.get(name) if isinstance(seen.json, dict) else None
    return value if isinstance(value, str) else None
