"""Judges every exchange of every test: it matches the OpenAPI document (CORE-28) and leaks nothing (CORE-27)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from memconform.answer import shown
from memconform.contract import OpenApi, Operation, validator
from memconform.exchange import Exchange, Received
from memconform.insides import insides
from memconform.recorder import WireFinding
from memconform.sse import events_of

PROXIES = frozenset({414, 431, 502, 504})
"""Statuses that something before the API may answer in its own words."""

_SHOWN = 60
"""How much of a body that is no JSON is repeated, in characters."""

_MANGLED = re.compile(r"%(?:00|2e|2f|5c)", re.IGNORECASE)
"""Encodings in a path that many web servers refuse by themselves, with 400 or 404, before the API sees the request."""


@dataclass(frozen=True, slots=True)
class WireJudge:
    """Knows the document, the profiles that the server declares, and the secrets that must not come back."""

    openapi: OpenApi
    profiles: frozenset[str]
    base_path: str
    secrets: Sequence[str]

    def __call__(self, exchange: Exchange) -> list[WireFinding]:
        """Return what is wrong with the exchange."""
        findings = [
            WireFinding("CORE-27", "problems and headers without the server's insides", leak, exchange)
            for leak in insides(exchange, self.secrets)
        ]
        findings += [WireFinding("CORE-28", *wrong, exchange) for wrong in self._mismatches(exchange)]
        return findings

    def operation(self, exchange: Exchange) -> Operation | None:
        """Return the operation of the document that the exchange is about, None where it has none."""
        path = _path(exchange).removeprefix(self.base_path.strip("/")).lstrip("/")
        return self.openapi.operation(exchange.sent.method, f"/{path}")

    def _mismatches(self, exchange: Exchange) -> Iterator[tuple[str, str]]:
        received = exchange.received
        if received is None or exchange.sent.method in ("HEAD", "OPTIONS", "TRACE") or received.status in PROXIES:
            return
        if received.status in (400, 404) and _MANGLED.search(_path(exchange)):
            return
        operation = self.operation(exchange)
        if operation is None or not operation.served_with(self.profiles):
            return
        where = f"{exchange.sent.method} {operation.path}"
        documented = operation.response(received.status)
        if documented is None:
            yield f"a status that the document has for {where} ({operation.statuses})", str(received.status)
            return
        yield from _header_mismatches(received, documented, where)
        yield from _body_mismatches(received, documented.get("content") or {}, f"{where} {received.status}")


def _path(exchange: Exchange) -> str:
    return exchange.sent.url.split("?")[0].split("://", 1)[-1].partition("/")[2]


def _header_mismatches(received: Received, documented: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for name, spec in (documented.get("headers") or {}).items():
        value = received.header(name)
        if value is None:
            if spec.get("required"):
                yield f"the header {name} on {received.status} of {where}", "no such header"
            continue
        if not _header_is_valid(value, spec.get("schema", {})):
            yield f"a header {name} of {where} that is valid ({spec['schema']})", repr(value)


def _header_is_valid(value: str, schema: Mapping[str, Any]) -> bool:
    text = value.strip()
    instance = int(text) if schema.get("type") == "integer" and text.isascii() and text.isdigit() else text
    return jsonschema_rs.is_valid(dict(schema), instance, validate_formats=True)


def _body_mismatches(received: Received, content: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    if not content:
        if received.body:
            yield f"no body for {where}", f"{len(received.body)} bytes"
        return
    media_type = (received.header("Content-Type") or "").split(";")[0].strip().lower()
    if media_type not in content:
        yield f"the media type {' or '.join(content)} for {where}", media_type or "no Content-Type"
        return
    documented = content[media_type]
    if "x-lines" in documented:
        yield from _line_mismatches(received.body, documented["x-lines"], where)
    elif "x-event-data" in documented:
        for number, event in enumerate(events_of(received.body), 1):
            yield from _json_mismatches(event.data.encode(), documented["x-event-data"], f"event {number} of {where}")
    elif media_type.endswith("json"):
        yield from _json_mismatches(received.body, documented.get("schema", {}), where)


def _line_mismatches(body: bytes, schemas: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Judge each line of a file by the schema of its place; tell of the first bad line only."""
    lines = body.removesuffix(b"\n").split(b"\n")
    for number, line in enumerate(lines, 1):
        wrong = list(_json_mismatches(line, schemas["first" if number == 1 else "others"], f"line {number} of {where}"))
        if wrong:
            yield from wrong
            return


def _json_mismatches(raw: bytes, schema: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    reference = schema.get("$ref")
    if reference is None:
        return
    name = reference.rsplit("/", 1)[-1].removesuffix(".schema.json")
    try:
        body = json.loads(raw.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        yield f"JSON for {where}", f"{error} in {shown(_readable(raw), _SHOWN)}"
        return
    first = next(iter(validator(name).errors(body)), None)
    if first is not None:
        yield (
            f"a body of {where} that is valid against {name}.schema.json",
            f"at {first.pointer or 'the root'}: {first.message}",
        )


def _readable(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
