"""What a test says about an answer: requirements (`must…`) and controls (`control…`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from memconform.exchange import Exchange, Received
from memconform.verdict import Inconclusive, NotMet

REFUSALS = (400, 422)
"""Wherever the contract says 422 for a body, 400 is tolerated."""

_SHOWN = 300
_PATH = 84
"""How much of a path stands in a message: an id of 36 characters, a resource below it, and a prefix."""


def shortened(text: str, most: int) -> str:
    """Return a text, or so many characters of it; one that is cut says so, and how long it was."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def shown(value: object, most: int = _SHOWN) -> str:
    """Return a value as a report prints it: as JSON where it can be, escaped for a terminal, cut."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError):
        text = repr(value)
    return shortened(text, most)


@dataclass(frozen=True)
class Answer:
    """A response, with the exchange as its evidence."""

    exchange: Exchange
    received: Received

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.received.status

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        return self.received.header(name)

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; empty when absent."""
        return (self.header("Content-Type") or "").split(";")[0].strip().lower()

    @cached_property
    def json(self) -> Any:
        """The body as JSON; raise `NotMet` when it is none."""
        try:
            return json.loads(self.received.body)
        except (ValueError, RecursionError):
            said = f"{self.media_type or 'no media type'}: {self._body(80, always_escaped=True)}"
            raise NotMet("a JSON body", said, [self.exchange]) from None

    def must_be(self, *statuses: int, because: str = "") -> Answer:
        """Require one of the statuses."""
        if self.status not in statuses:
            raise NotMet(self._wanted(statuses, because), self.observed(), [self.exchange])
        return self

    def must_be_refused(self, *also: int, because: str = "") -> Answer:
        """Require 400, 422 or one of `also`."""
        return self.must_be(*REFUSALS, *also, because=because)

    def control(self, *statuses: int) -> Answer:
        """Go on only with one of the statuses; otherwise nothing can be proven here."""
        if self.status not in statuses:
            wanted = self._wanted(statuses, "")
            raise Inconclusive(f"control: expected {wanted}; observed {self.observed()}", [self.exchange])
        return self

    def control_object(self, member: str, kind: type) -> dict[str, Any]:
        """Return the body if it is an object with such a member; otherwise nothing can be proven here."""
        try:
            body = json.loads(self.received.body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or not isinstance(body.get(member), kind):
            raise Inconclusive(
                f"control: expected an object with {member!r}; observed {self.observed()}", [self.exchange]
            )
        return body

    def observed(self) -> str:
        """Return the status and the beginning of the body, for people."""
        return f"{self.status} {self._body(200)}".strip()

    def _body(self, most: int, *, always_escaped: bool = False) -> str:
        """Return the beginning of the body, so many bytes, for people; one that is cut says how long it is."""
        body = self.received.body
        text = body[:most].decode("utf-8", "replace")
        text = text if text.isprintable() and not always_escaped else shown(text, 6 * most)
        return text if len(body) <= most else f"{text}… ({len(body)} bytes)"

    def _wanted(self, statuses: Sequence[int], because: str) -> str:
        sent = self.exchange.sent
        path = urlsplit(sent.url).path
        codes = " or ".join(map(str, statuses))
        return f"{codes} for {sent.method} {shortened(path, _PATH)}" + (f" ({because})" if because else "")


def must(condition: object, expected: str, observed: str, *see: Answer) -> None:
    """Require the condition; say what was expected and observed, as sentences without a subject."""
    if not condition:
        raise NotMet(expected, observed, [answer.exchange for answer in see])


def must_equal(observed: object, expected: object, what: str, *see: Answer) -> None:
    """Require equality as Python sees it; `what` names the thing compared."""
    if observed != expected:
        raise NotMet(f"{what} {shown(expected)}", f"{what} {shown(observed)}", [a.exchange for a in see])


def control(condition: object, reason: str, *see: Answer) -> None:
    """Go on only if the condition holds; otherwise the test proves nothing, for this reason."""
    if not condition:
        raise Inconclusive(reason, [answer.exchange for answer in see])
