"""Judges each request of a client against the OpenAPI document (CLIENT-01)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from memconform.clients.wire.documented import Documented, documented
from memconform.clients.wire.request_body import Mismatch, body_mismatches
from memconform.clients.wire.seen import Seen
from memconform.clients.wire.targets import (
    BadTarget,
    Pairs,
    known_path,
    operation_of,
    pairs,
    path_values,
    segments,
    split,
)
from memconform.contract.openapi import OpenApi, Operation
from memconform.recorder import WireFinding

REQUIREMENT = "CLIENT-01"

_LISTS = frozenset({"if-match", "if-none-match"})
"""Header fields that may come in several lines, which mean one list (RFC 9110 section 5.3)."""


@dataclass(frozen=True, slots=True)
class RequestJudge:
    """Knows the document and the base path of the server; `schemes` are the authentication schemes that it takes.

    Legal without being in the document, because HTTP has them for every server: further header fields; HEAD where GET
    is documented; OPTIONS on a path of the document, which browsers send by themselves (CORE-25 allows both).
    """

    openapi: OpenApi
    base_path: str = ""
    schemes: frozenset[str] = frozenset({"bearer"})

    def judge(self, seen: Seen) -> list[WireFinding]:
        """Return what is wrong with a request; nothing is said of one that the client broke off."""
        exchange = seen.exchange()
        return [WireFinding(REQUIREMENT, *wrong, exchange) for wrong in self._mismatches(seen)]

    def _mismatches(self, seen: Seen) -> Iterator[Mismatch]:
        if seen.broken is not None:
            if not seen.cut:
                yield "an HTTP/1.1 request", f"no HTTP: {seen.broken}"
            return
        base = f"/{self.base_path.strip('/')}" if self.base_path.strip("/") else ""
        try:
            raw_path, raw_query = split(seen.target.decode("latin-1"), base)
            path = segments(raw_path)
        except BadTarget as error:
            yield "a request target of the document, percent-encoded", str(error)
            return
        operation = operation_of(self.openapi, seen.method, path)
        if operation is None:
            if seen.method != "OPTIONS" or not known_path(self.openapi, path):
                yield "a method and a path of the document", _asked(self.openapi, seen.method, path)
            return
        said = documented(self.openapi, operation)
        where = f"{seen.method} {operation.path}"
        yield from _path_mismatches(said, operation, path, where)
        yield from _query_mismatches(said, raw_query, where)
        yield from _header_mismatches(said, seen, where)
        yield from self._credential_mismatches(said, seen, where)
        yield from body_mismatches(said.body, seen, where)

    def _credential_mismatches(self, said: Documented, seen: Seen, where: str) -> Iterator[Mismatch]:
        values = seen.all("Authorization")
        if said.open_to_all or not values:
            return
        expected = f"Authorization with the scheme {' or '.join(sorted(self.schemes))} and credentials for {where}"
        if len(values) > 1:
            yield expected, f"{len(values)} header fields Authorization"
            return
        scheme, space, credentials = values[0].strip().partition(" ")
        if not space or not credentials.strip():
            yield expected, "a value that is not a scheme and credentials"
        elif scheme.lower() not in self.schemes:
            yield expected, "another scheme"


def _asked(document: OpenApi, method: str, path: tuple[str, ...]) -> str:
    """Return what was asked for; segments that the document has no word for may be anybody's text."""
    words = {word for _, operation in document.operations for word in operation.path.split("/")}
    shown = "/".join(segment if segment in words else "…" for segment in path)
    return f"{method} /{shown}"


def _path_mismatches(said: Documented, operation: Operation, path: tuple[str, ...], where: str) -> Iterator[Mismatch]:
    parameters = said.at("path")
    for name, value in path_values(operation, path).items():
        wrong = parameters[name].wrong(value)
        if wrong is not None:
            yield f"a valid {name} in the path of {where}", wrong


def _query_mismatches(said: Documented, raw: str | None, where: str) -> Iterator[Mismatch]:
    try:
        query = pairs(raw)
    except BadTarget as error:
        yield f"a form-urlencoded query for {where}", str(error)
        return
    parameters = said.at("query")
    names = [name for name, _ in query]
    for name in dict.fromkeys(names):
        if name not in parameters:
            yield f"only query parameters of the document for {where}", f"the parameter {name[:40]!r}"
        elif names.count(name) > 1:
            yield f"each query parameter of {where} once", f"{name} {names.count(name)} times"
    yield from _value_mismatches(said, query, where)
    for name, parameter in parameters.items():
        if parameter.required and name not in names:
            yield f"the query parameter {name} of {where}", "no such parameter"
    if said.needs_one_of and not set(said.needs_one_of) & set(names):
        yield f"one of {', '.join(said.needs_one_of)} in the query of {where}", "none of them"


def _value_mismatches(said: Documented, query: Pairs, where: str) -> Iterator[Mismatch]:
    parameters = said.at("query")
    for name, value in query:
        wrong = parameters[name].wrong(value) if name in parameters else None
        if wrong is not None:
            yield f"a valid query parameter {name} of {where}", wrong


def _header_mismatches(said: Documented, seen: Seen, where: str) -> Iterator[Mismatch]:
    for name, parameter in said.at("header").items():
        values = seen.all(name)
        if parameter.required and not values:
            yield f"the header field {name} of {where}", "no such header field"
        if len(values) > 1 and name.lower() not in _LISTS:
            yield f"the header field {name} of {where} once", f"{len(values)} times"
        for value in values:
            wrong = parameter.wrong(value.strip())
            if wrong is not None:
                yield f"a valid header field {name} of {where}", wrong
