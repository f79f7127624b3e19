"""A request of the Memory API before it is sent: what it asks, and what makes it safe to send again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from .failures import bad_parameter
from .quoting import quoted
from .settings import Settings

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
NDJSON = "application/x-ndjson"
PROBLEM = "application/problem+json"
USER_AGENT = "memory-api-dify-plugin/0.1.0"


@dataclass(frozen=True, slots=True)
class Request:
    """One operation; `path` is below the base URL and percent-encoded, `profile` is what a server needs to serve it."""

    method: str
    path: str
    profile: str = "core"
    query: tuple[tuple[str, str], ...] = ()
    body: object = None
    media_type: str = JSON
    accept: str = JSON
    if_match: str | None = None
    idempotency_key: str | None = None
    changes_nothing: bool = False
    """Whether a POST only reads."""
    most_bytes: int = 16 * 1024 * 1024
    """How much of an answer is read."""
    partial: bool = False
    """Whether the start of an answer that breaks off is of use."""


def one_segment(memory_id: str) -> str:
    """Return an id as one segment of a path, whatever is in it."""
    if memory_id in {"", ".", ".."}:
        raise bad_parameter("memory_id", "the id of a memory", quoted(memory_id))
    return quote(memory_id, safe="")


def target(settings: Settings, request: Request) -> str:
    """Return path and query as they stand in the request line."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    return f"{settings.prefix}{request.path}{query}"


def headers(settings: Settings, request: Request) -> dict[str, str]:
    """Return the header fields but Host and Content-Length."""
    fields = {"Accept": f"{request.accept}, {PROBLEM}", "User-Agent": USER_AGENT, **authorization(settings)}
    if request.body is not None:
        fields["Content-Type"] = request.media_type
    if request.if_match is not None:
        fields["If-Match"] = request.if_match
    if request.idempotency_key is not None:
        fields["Idempotency-Key"] = request.idempotency_key
    return fields


def authorization(settings: Settings) -> dict[str, str]:
    """Return the one header field that carries the key; none without a key."""
    return {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}


def encoded(request: Request) -> bytes | None:
    """Return the body as it is sent."""
    if request.body is None:
        return None
    return json.dumps(request.body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
