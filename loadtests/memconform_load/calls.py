"""One call of the memory API as load tests see it: what was asked, and what came back, by whatever driver.

A driver turns a `Request` into HTTP or into a call of a plugin's tool, and what comes back into a `Reply`; whoever
measures, judges or plays a scenario knows neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Op(StrEnum):
    """What is asked of a memory server. The values name the series in results and service level objectives."""

    ADD = "add"
    SEARCH = "search"
    GET = "get"
    LIST = "list"
    UPDATE = "update"
    DELETE = "delete"
    SET = "set"
    """Sets a keyed memory."""
    GET_KEYED = "get_keyed"
    BATCH = "batch"
    """Adds many memories at once."""
    INGEST = "ingest"
    ERASE = "erase"
    EXPORT = "export"
    IMPORT = "import"
    OPERATION = "operation"
    """Asks how an ingestion or an erasure is going on."""


class Ended(StrEnum):
    """What is known of a call."""

    OK = "ok"
    REFUSED = "refused"
    """Answered, with an error that says that nothing happened: a status from 400 to 499 but 408."""
    UNKNOWN = "unknown"
    """No answer, a broken one, or a 5xx: it may have happened."""


@dataclass(slots=True)
class Request:
    """What is asked. Only the members that the operation needs are set."""

    op: Op
    person: str
    """The `user_id` of the scope."""
    text: str | None = None
    """The content of an add, update or set."""
    query: str | None = None
    top_k: int | None = None
    memory_id: str | None = None
    key: str | None = None
    limit: int | None = None
    cursor: str | None = None
    idempotency_key: str | None = None
    metadata: Mapping[str, Any] | None = None
    texts: Sequence[str] = ()
    """The contents of a batch."""
    messages: Sequence[Mapping[str, str]] = ()
    """What an ingestion gets: `role` and `content`."""
    operation_id: str | None = None
    document: bytes | None = None
    """What an import sends."""


@dataclass(slots=True)
class SeenMemory:
    """A memory in an answer. A driver that is not told its person or its version leaves them None."""

    id: str
    content: str
    person: str | None = None
    version: int | None = None


@dataclass(slots=True)
class Failed:
    """Why a call did not end well, for people: `kind` groups what is alike, `said` is one example."""

    kind: str
    """A few words without anything of the one case: `503 unavailable`, `timed out`, `connection refused`."""
    said: str
    """What was seen in this case, without secrets; at most some 300 characters."""


@dataclass(slots=True)
class Reply:
    """What came back. `start` and `end` are seconds of `time.monotonic()`: the request leaves, the answer is read."""

    start: float
    end: float
    ended: Ended
    failed: Failed | None = None
    """Why, unless it ended well."""
    status: int | None = None
    """The HTTP status; None by a plugin, or without an answer."""
    server_s: float | None = None
    """What the server says it took (`Server-Timing`), in seconds; None where it says nothing."""
    memories: list[SeenMemory] = field(default_factory=list)
    """What is shown: the memory that was added, the results of a search in their order, the items of a page."""
    next_cursor: str | None = None
    operation_id: str | None = None
    operation_status: str | None = None
    """`pending`, `running`, `succeeded` or `failed`."""
    document: bytes | None = None
    """What an export brought."""
    size: int = 0
    """Bytes of the answer."""
    retries: int = 0

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return self.ended is Ended.OK
