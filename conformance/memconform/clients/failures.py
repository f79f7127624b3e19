"""The failures that a client has to tell of, and whether it tells one from another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from memconform.clients.wire import (
    Answer,
    Close,
    Garbage,
    Hang,
    Html,
    Reply,
    Reset,
    Truncated,
    problem,
    refusing_url,
    with_wrong_media_type,
)
from memconform.verdict import NotMet

if TYPE_CHECKING:
    from memconform.clients.mapping import MappedTool
    from memconform.clients.stage import Stage

LEAST = 15
"""A message of fewer letters cannot say what to do; a Chinese character or a kana says as much as two."""

_BEARER = (("WWW-Authenticate", "Bearer"),)

Failing = Callable[[str], Answer]
"""Makes the answer to an operation."""

_SUCCESS = {"addMemory": 201, "ingestMessages": 202, "eraseScope": 202, "deleteMemory": 204}


def _status(status: int, name: str, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> Failing:
    return lambda _: problem(status, name, detail, headers)


def _json(body: bytes) -> Failing:
    def answer(operation: str) -> Answer:
        media_type = "application/x-ndjson" if operation == "exportScope" else "application/json"
        return Reply(_SUCCESS.get(operation, 200), (("Content-Type", media_type),), body)

    return answer


FAILURES: Mapping[str, Failing] = {
    "401": _status(401, "unauthorized", "the key is unknown", _BEARER),
    "403": _status(403, "forbidden", "the key may not do that"),
    "404": _status(404, "not-found", "there is none"),
    "409": _status(409, "conflict", "there is one already"),
    "412": _status(412, "precondition-failed", "it has changed"),
    "413": _status(413, "content-too-large", "more than 65536 bytes"),
    "422": _status(422, "unprocessable", "a member is wrong"),
    "429": _status(429, "too-many-requests", "slower"),
    "500": _status(500, "internal-error", "a fault"),
    "502": lambda _: Html(502),
    "503": _status(503, "unavailable", "not now"),
    "504 without a body": lambda _: Reply(504, (), b""),
    "HTML": lambda _: Html(200),
    "the right body as text/plain": lambda _: with_wrong_media_type(),
    "truncated JSON": lambda _: Truncated(),
    "a string in place of an object": _json(b'"memories"'),
    "an object of another kind": _json(b'{"results": "none", "items": 7, "id": null, "memory": [], "status": 3}'),
    "an empty body": _json(b""),
    "a connection closed before the answer": lambda _: Close("before_headers"),
    "a connection closed in the body": lambda _: Close("in_body"),
    "a connection reset before the answer": lambda _: Reset("before_headers"),
    "a connection reset in the body": lambda _: Reset("in_body"),
    "something that is no HTTP": lambda _: Garbage(),
}
"""What a server may answer in place of a success, by name."""

_BODILY = ("truncated JSON", "a string in place of an object", "an object of another kind", "an empty body")

HARMLESS = frozenset(
    {
        ("404", "deleteMemory"),  # it is not there, which is what was wanted
        ("404", "getKeyed"),  # "there is no value" is an answer
        *(
            (name, "deleteMemory")
            for name in (*_BODILY, "a connection closed in the body", "a connection reset in the body")
        ),
        ("HTML", "deleteMemory"),
        ("the right body as text/plain", "deleteMemory"),
    }
)
"""Failures that a client may take for an answer to an operation: a deletion needs nothing of the body."""


def failing(name: str, operation: str) -> Answer:
    """Return the answer of that name to an operation."""
    return FAILURES[name](operation)


def says_enough(message: str | None) -> bool:
    """Tell whether a message is long enough to say what to do."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in message or "")
    return len(message or "") + wide >= LEAST


def told_apart(stage: Stage, tool: MappedTool, one: str, others: Sequence[str]) -> None:
    """Raise `NotMet` when the message of one failure is that of another, but for numbers and names."""
    first = _message(stage, tool, one)
    for other in others:
        second = _message(stage, tool, other)
        if first is not None and first == second:
            raise NotMet(
                f"{tool.tool} to say of {one} something else than of {other}, for something else has to be done",
                f"both times: {first!r}",
            )


def _message(stage: Stage, tool: MappedTool, name: str) -> str | None:
    if name == "refused":
        with refusing_url() as nobody:
            met = stage.call(tool, at=nobody)
    else:
        met = stage.spoiled(tool, Hang("before_headers") if name == "hang" else failing(name, tool.operation))
    error = met.called.error
    return None if error is None else without_names(error.replace(met.person.user, "USER"))


def without_names(message: str) -> str:
    """Return a message without what differs from one call to the next: numbers, and ids made for the occasion."""
    return re.sub(r"\d+", "0", re.sub(r"(?i)\b(?=[a-z-]*\d)[0-9a-f]{4,}(?:-[0-9a-f]{4,})*\b", "0", message))
