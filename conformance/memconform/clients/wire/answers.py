"""Answers that a script gives in place of the server: the base of all, whole replies, and what is built on them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from memconform.clients.wire.line import Line
from memconform.exchange import Headers, Received

PROBLEM_JSON = "application/problem+json"
ANSWERED_BY = ("Memory-Answered-By", "memconform")
"""Marks what the front answered by itself and no server said."""


class Onward(Protocol):
    """What an answer may ask of the server behind."""

    def through(self, line: Line) -> Received | None:
        """Forward the request and pass the answer on as it comes; return it, None when it broke off."""

    def whole(self) -> Received:
        """Forward the request and return all of the answer."""


class Answer(ABC):
    """How one request is answered. Answers have no state: one may be given many times, and by many threads."""

    name: str

    @abstractmethod
    def play(self, line: Line, onward: Onward) -> Received | None:
        """Do it on the wire; return the answer if it was a whole one."""


@dataclass(frozen=True, slots=True)
class Reply(Answer):
    """A whole answer; its length is added, header fields are sent as they are given."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    name: str = "reply"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send it."""
        return line.reply(self.status, self.headers, self.body)


def json_reply(status: int, document: Any, headers: Iterable[tuple[str, str]] = (), name: str = "reply") -> Reply:
    """Return an answer with a JSON document."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return Reply(status, (("Content-Type", "application/json"), *headers), body, name)


def problem(status: int, name: str, detail: str, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """Return a problem (RFC 9457) of the contract's type `name`; the answer is named by its status."""
    document = {"type": f"urn:memory-api:problem:{name}", "title": _title(name), "status": status, "detail": detail}
    return Reply(status, (("Content-Type", PROBLEM_JSON), *headers), json.dumps(document).encode(), str(status))


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Late(Answer):
    """Nothing for so many seconds, then another answer; `then` None: what the server behind says."""

    seconds: float
    then: Answer | None = None
    name: str = "late"

    def play(self, line: Line, onward: Onward) -> Received | None:
        """Wait, then answer."""
        line.pause(self.seconds)
        return onward.through(line) if self.then is None else self.then.play(line, onward)


@dataclass(frozen=True, slots=True)
class Changed(Answer):
    """What the server behind says, changed by a function of status, header fields and body."""

    change: Callable[[Received], Received]
    name: str = "changed"

    def play(self, line: Line, onward: Onward) -> Received | None:
        """Forward the request, change the answer and send it, with its new length."""
        changed = self.change(onward.whole())
        return line.reply(changed.status, changed.headers, changed.body)
