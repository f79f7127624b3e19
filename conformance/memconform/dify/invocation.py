"""What came back from one call of a tool."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias


@dataclass(frozen=True)
class CallError:
    """The error that a plugin answered: the exception's type and message, and its traceback."""

    type: str
    message: str
    traceback: str = ""

    @classmethod
    def of(cls, data: Any) -> CallError:
        """Read the data of an `error` message; what is missing is empty."""
        if not isinstance(data, Mapping):
            return cls("", str(data))
        args = data.get("args")
        trace = args.get("traceback") if isinstance(args, Mapping) else None
        return cls(str(data.get("error_type") or ""), str(data.get("message") or ""), str(trace or ""))

    def __str__(self) -> str:
        return f"{self.type or 'Error'}: {self.message}"


@dataclass(frozen=True)
class Blob:
    """A file that a tool gave; `meta` is what it says of it, such as `mime_type`."""

    data: bytes
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class Invocation:
    """A finished call. `messages` are the items of the stream as they came, `seconds` is the time to its end."""

    messages: Sequence[Mapping[str, Any]]
    error: CallError | None = None
    seconds: float = 0.0

    @cached_property
    def json(self) -> list[Any]:
        """The objects of the `json` messages, in order."""
        return [body.get("json_object") for body in _bodies(self.messages, "json")]

    @cached_property
    def text(self) -> str:
        """The text of the `text` messages, joined."""
        return "".join(str(body.get("text", "")) for body in _bodies(self.messages, "text"))

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The output variables by name; the pieces of a streamed one are joined."""
        found: dict[str, Any] = {}
        for body in _bodies(self.messages, "variable"):
            name, value = str(body.get("variable_name")), body.get("variable_value")
            found[name] = f"{found.get(name, '')}{value}" if body.get("stream") else value
        return found

    @cached_property
    def blobs(self) -> list[Blob]:
        """The files, put together from their chunks, in the order in which they were complete."""
        return list(_blobs(self.messages))

    @cached_property
    def incomplete_blobs(self) -> list[str]:
        """The ids of files of which chunks came, but not all that were announced."""
        whole = {id_ for id_, parts in _chunks(self.messages).items() if parts.is_whole}
        return [id_ for id_ in _chunks(self.messages) if id_ not in whole]


Item: TypeAlias = Mapping[str, Any] | CallError
"""What a call yields: items of its stream, and at last an error if there is one."""


def items(messages: Iterable[Mapping[str, Any]]) -> Iterator[Item]:
    """Yield what the messages of a session carry, up to its end; a message of another type is an error, as in Dify."""
    for message in messages:
        kind, data = message.get("type"), message.get("data")
        if kind == "stream":
            yield data if isinstance(data, Mapping) else {}
        elif kind == "error":
            yield CallError.of(data)
        elif kind != "end":
            yield CallError("unknown_stream_message_type", f"the plugin sent a message of the unknown type {kind!r}")


def finished(received: Iterable[Item], started: float) -> Invocation:
    """Return the invocation that all items make up; `started` is a `time.perf_counter()`."""
    messages: list[Mapping[str, Any]] = []
    error = None
    for item in received:
        if isinstance(item, CallError):
            error = error or item
        else:
            messages.append(item)
    return Invocation(messages, error, time.perf_counter() - started)


@dataclass
class _Parts:
    meta: Mapping[str, Any]
    total: int
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False

    @property
    def is_whole(self) -> bool:
        return self.ended and sum(map(len, self.pieces)) == self.total


def _bodies(messages: Sequence[Mapping[str, Any]], kind: str) -> Iterator[Mapping[str, Any]]:
    for each in messages:
        body = each.get("message")
        if each.get("type") == kind and isinstance(body, Mapping):
            yield body


def _blobs(messages: Sequence[Mapping[str, Any]]) -> Iterator[Blob]:
    for each in messages:
        body = each.get("message")
        if each.get("type") == "blob" and isinstance(body, Mapping):
            yield Blob(_decoded(body.get("blob")), each.get("meta") or {})
        if each.get("type") == "blob_chunk" and isinstance(body, Mapping) and body.get("end"):
            parts = _chunks(messages)[str(body.get("id"))]
            if parts.is_whole:
                yield Blob(b"".join(parts.pieces), parts.meta)


def _chunks(messages: Sequence[Mapping[str, Any]]) -> dict[str, _Parts]:
    found: dict[str, _Parts] = {}
    for each in messages:
        body = each.get("message")
        if each.get("type") != "blob_chunk" or not isinstance(body, Mapping):
            continue
        total = body.get("total_length")
        parts = found.setdefault(
            str(body.get("id")), _Parts(each.get("meta") or {}, total if isinstance(total, int) else -1)
        )
        parts.pieces.append(_decoded(body.get("blob")))
        parts.ended = parts.ended or bool(body.get("end"))
    return found


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except (TypeError, ValueError, binascii.Error):
        return b""
