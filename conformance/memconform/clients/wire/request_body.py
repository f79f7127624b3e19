"""What the OpenAPI document says of a request's body, compared with the body that came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Any, TypeAlias

from memconform.clients.wire.documented import Body, schema_name
from memconform.clients.wire.seen import Seen
from memconform.contract import validator
from memconform.strict_json import BadJson, strict_json

Mismatch: TypeAlias = tuple[str, str]
"""What was expected, what was observed."""

_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_ITEMS = {"batch-request": ("operations", "batch-operation")}
"""Schemas that leave their items open for servers, and what the document says that a client sends in them."""


def body_mismatches(body: Body | None, seen: Seen, where: str) -> Iterator[Mismatch]:
    """Yield what is wrong with the body, as (expected, observed); no value of it is repeated."""
    if body is None:
        if seen.body:
            yield f"no body for {where}", f"{len(seen.body)} bytes"
        return
    if not seen.body:
        if body.required:
            yield f"a body for {where}", "none"
        return
    media_type, wrong = _media_type(body, seen, where)
    if wrong is not None:
        yield wrong
        return
    said = body.content[media_type]
    if "x-lines" in said:
        yield from _line_mismatches(seen, said["x-lines"], where)
    elif not seen.body_cut:
        yield from json_mismatches(seen.body, said.get("schema", {}), f"the body of {where}")


def _media_type(body: Body, seen: Seen, where: str) -> tuple[str, Mismatch | None]:
    """Return the media type of the body, and what is wrong with it or with how the body is coded."""
    expected = f"the media type {' or '.join(body.content)} for {where}"
    values = seen.all("Content-Type")
    if len(values) != 1:
        return "", (expected, f"{len(values)} header fields Content-Type" if values else "no Content-Type")
    message = Message()
    message["Content-Type"] = values[0]
    media_type = message.get_content_type()
    if media_type not in body.content:
        return media_type, (expected, values[0][:60])
    coding = seen.header("Content-Encoding")
    if coding is not None and coding.strip().lower() != "identity":
        return media_type, (f"the body of {where} without a content coding", coding[:40])
    charset = message.get_param("charset")
    if isinstance(charset, str) and charset.lower() not in _UTF_8:
        return media_type, (f"the body of {where} in UTF-8", f"charset={charset[:40]}")
    return media_type, None


def json_mismatches(raw: bytes, schema: Mapping[str, Any], what: str) -> Iterator[Mismatch]:
    """Yield what is wrong with a JSON text: the first error only, for the others often follow from it."""
    try:
        document = strict_json(raw)
    except BadJson as error:
        yield f"JSON for {what}", str(error)
        return
    reference = schema.get("$ref")
    if reference is None:
        return
    name = schema_name(reference)
    first = next(_errors(name, document), None)
    if first is not None:
        yield f"{what} valid against {first[0]}.schema.json", first[1]


def _errors(name: str, document: Any) -> Iterator[Mismatch]:
    for error in validator(name).errors(document):
        yield name, f"at {error.pointer or 'the root'}: {error.message}"
    if name in _ITEMS:
        member, each = _ITEMS[name]
        for index, item in enumerate(document[member]):
            for error in validator(each).errors(item):
                yield each, f"at /{member}/{index}{error.pointer}: {error.message}"


def _line_mismatches(seen: Seen, schemas: Mapping[str, Any], where: str) -> Iterator[Mismatch]:
    """Judge each line by the schema of its place; tell of the first bad one only."""
    lines = seen.body.removesuffix(b"\n").split(b"\n")
    if seen.body_cut:
        lines = lines[:-1]
    for number, line in enumerate(lines, 1):
        schema = schemas["first" if number == 1 else "others"]
        wrong = next(json_mismatches(line, schema, f"line {number} of {where}"), None)
        if wrong is not None:
            yield wrong
            return
