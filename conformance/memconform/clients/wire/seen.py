"""What the front saw of one request: what was sent, by which connection and when, and what became of it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from memconform.clients.wire import targets
from memconform.contract.openapi import Operation, openapi
from memconform.exchange import Exchange, Headers, Received, Sent


class NotJson:
    """The type of `NOT_JSON`."""

    def __repr__(self) -> str:
        return "NOT_JSON"

    def __bool__(self) -> bool:
        return False


NOT_JSON: Final = NotJson()
"""Stands for a body that is empty or no JSON."""


class Opened(NamedTuple):
    """A connection that a client made: a number, seconds since the front began, the client's address."""

    id: int
    opened_at: float
    peer: tuple[str, int]


@dataclass(eq=False)
class Seen:
    """One request and what became of it. Times are seconds since the front began.

    It is complete when `ended_at` is set; until then only that member and those after it change, each from its default
    to its value. `sent` is fit for reports; `authorization`, `headers`, `target` and `body` are raw: for comparisons.
    """

    number: int
    """Counts the requests of the front from 1."""
    connection: int
    at: float
    """When the head of the request had come."""
    sent: Sent
    base_path: str = field(default="", repr=False)
    target: bytes = field(default=b"", repr=False)
    """The request target, byte for byte."""
    headers: Headers = field(default=(), repr=False)
    """All header fields in order, names as the client wrote them, values in ISO 8859-1."""
    authorization: str | None = field(default=None, repr=False)
    """The raw value of `Authorization`; None when there is none. Never reported."""
    body: bytes = field(default=b"", repr=False)
    body_cut: bool = False
    """Whether the body was larger than what the front records; `body` is its beginning."""
    broken: str | None = None
    """Why it is no HTTP request, in the parser's words; None when it is one."""
    ended_at: float | None = None
    received: Received | None = field(default=None, repr=False)
    """What the client was answered, as far as that was an answer; None when a fault cut it or nobody answered."""
    whole: bool = False
    """Whether `received` is all of the answer."""
    fault: str | None = None
    """The name of the scripted answer; None for what was forwarded."""
    cut: bool = False
    """Whether the client went away before it had its answer."""
    problem: str | None = None
    """What went wrong between front and upstream."""
    added_s: float | None = field(default=None, repr=False)
    """Seconds that the front added to what upstream took; None when upstream was not asked."""

    @property
    def method(self) -> str:
        """The method as the client wrote it."""
        return self.sent.method

    @cached_property
    def path(self) -> tuple[str, ...] | None:
        """The decoded segments of the path below the base; None when the target is malformed."""
        try:
            return targets.segments(targets.split(self.target.decode("latin-1"), self.base_path)[0])
        except targets.BadTarget:
            return None

    @cached_property
    def operation(self) -> Operation | None:
        """The operation of the document that is asked for (HEAD: that of GET); None where it has none."""
        return None if self.path is None else targets.operation_of(openapi(), self.method, self.path)

    @property
    def operation_id(self) -> str | None:
        """The `operationId` of the operation, such as addMemory."""
        return None if self.operation is None else str(self.operation.document["operationId"])

    @cached_property
    def query(self) -> targets.Pairs:
        """The decoded pairs of the query in order; () when it is malformed."""
        try:
            return targets.pairs(self.target.decode("latin-1").partition("?")[2])
        except targets.BadTarget:
            return ()

    @cached_property
    def json(self) -> Any:
        """The body as JSON, leniently; `NOT_JSON` when it is none."""
        try:
            return NOT_JSON if self.body_cut or not self.body else json.loads(self.body)
        except (ValueError, RecursionError):
            return NOT_JSON

    @property
    def token(self) -> str | None:
        """The credentials without their scheme; of Basic, the decoded pair. Never reported."""
        if self.authorization is None:
            return None
        scheme, _, rest = self.authorization.strip().partition(" ")
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(rest, validate=True).decode("utf-8", "replace")
            except ValueError:
                return rest.strip()
        return rest.strip() or scheme

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, whatever its case; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Return every value of a header field in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def exchange(self) -> Exchange:
        """Return it as evidence."""
        seconds = 0.0 if self.ended_at is None else self.ended_at - self.at
        return Exchange(self.sent, self.received, seconds, self.at, self.problem)

    def brief(self) -> str:
        """Return method, path and status on one short line."""
        return self.exchange().brief()
