"""Judges every exchange of every test: a body that is no JSON, or breaks its schema, is never answered with 5xx.

That is CORE-09. Its own tests send such bodies and say more about the answers; others send some for other reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from memconform.contract import Operation, validator
from memconform.exchange import Exchange, Sent
from memconform.recorder import WireFinding
from memconform.strict_json import BadJson, strict_json

REQUIREMENT = "CORE-09"
ELSEWHERE = frozenset({501, 502, 503, 504, 507})
"""Statuses with which a server, or something before it, says that it cannot do that for anybody, or not now."""
DEEPEST = 400
"""What nests deeper than the suite ever does where a server declares it; most JSON readers end a little later."""

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.?)*+"?|[\[{]|[\]}]', re.DOTALL)


def server_errors(exchange: Exchange, operation_of: Callable[[Exchange], Operation | None]) -> Iterator[WireFinding]:
    """Yield the finding where a malformed body is answered with 5xx; `operation_of` tells what the request is about."""
    received = exchange.received
    if received is None or received.status < 500 or received.status in ELSEWHERE:
        return
    operation = operation_of(exchange)
    schema = _schema_of(exchange.sent, operation) if operation else None
    wrong = wrong_with(exchange.sent.body, schema) if schema else None
    if operation and wrong is not None:
        expected = f"400 or 422, never 5xx, for a malformed body of {operation.method} {operation.path}"
        yield WireFinding(REQUIREMENT, expected, f"{received.status}; the body has {wrong}", exchange)


def wrong_with(body: bytes, schema: str) -> str | None:
    """Return what makes a body malformed: no JSON, or no instance of the schema of that name; None for a good one."""
    if (depth := _depth(body.decode("utf-8", "replace"))) > DEEPEST:
        return f"nesting {depth} deep"
    try:
        value = strict_json(body)
    except BadJson as error:
        return str(error)
    first = next(iter(validator(schema).errors(value)), None)
    return None if first is None else f"a mistake at {first.pointer or 'the root'}: {first.message}"


def _schema_of(sent: Sent, operation: Operation) -> str | None:
    """Return the name of the schema that a body was announced to have; None where it was announced as no JSON."""
    headers = {name.lower(): value for name, value in sent.headers}
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    content = operation.document.get("requestBody", {}).get("content", {}).get(media_type, {})
    reference = content.get("schema", {}).get("$ref")
    if reference is None or "content-encoding" in headers or not media_type.endswith("json"):
        return None
    return str(reference).removesuffix(".schema.json")


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest
