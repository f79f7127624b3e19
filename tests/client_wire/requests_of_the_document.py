"""A valid request for each operation of the OpenAPI document, and what can be made wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from memconform.clients.wire import Seen
from memconform.clients.wire.documented import Documented, documented, schema_name
from memconform.contract import Operation, schema
from memconform.contract.content import content_root
from memconform.contract.openapi import openapi
from memconform.exchange import Headers, Sent

OPERATIONS = {str(operation.document["operationId"]): operation for _, operation in openapi().operations}
ID = "0199f3c2-7d1e-7a64-9c1b-3f5d2a6e8b90"


@dataclass(frozen=True)
class Asked:
    """A request before it is sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Headers = ()
    body: bytes = b""
    raw_query: str | None = None
    """A query that is not made of pairs."""

    @property
    def target(self) -> str:
        """The request target."""
        query = self.raw_query if self.raw_query is not None else urlencode(self.query)
        return self.path + (f"?{query}" if query else "")

    def seen(self) -> Seen:
        """Return it as a front sees it."""
        sent = Sent(self.method, f"http://h{self.target}", self.headers, self.body)
        authorization = dict(self.headers).get("Authorization")
        return Seen(
            1,
            1,
            0.0,
            sent,
            target=self.target.encode(),
            headers=self.headers,
            authorization=authorization,
            body=self.body,
        )

    def having(self, name: str, value: str) -> Asked:
        """Return it with a header field in place of any of that name."""
        others = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=(*others, (name, value)))


def said_of(operation: Operation) -> Documented:
    """Return what the document says of the operation."""
    return documented(openapi(), operation)


def valid(operation: Operation) -> Asked:
    """Return a request with everything that the document has for the operation."""
    said = said_of(operation)
    query = [(name, _value(each.schema)) for name, each in said.at("query").items()]
    headers = [(name, "value-1") for name in said.at("header")]
    body = b""
    if said.body is not None:
        media_type, about = next(iter(said.body.content.items()))
        headers.append(("Content-Type", media_type))
        body = _lines(about["x-lines"]) if "x-lines" in about else json.dumps(_example(about["schema"])).encode()
    return Asked(operation.method, operation.path.replace("{id}", ID), tuple(query), tuple(headers), body)


def mutants(operation: Operation) -> Iterator[tuple[str, Asked]]:
    """Yield what is wrong, and the request that is wrong in this way only."""
    good, said = valid(operation), said_of(operation)
    yield "unknown parameter", replace(good, query=(*good.query, ("colour", "red")))
    yield "misspelt path", replace(good, path=good.path.replace("/v1/", "/v2/"))
    yield "slash at the end", replace(good, path=good.path + "/")
    yield "another method", replace(good, method="TRACE")
    yield "bad escape", replace(good, raw_query=f"{urlencode(good.query)}&x=%zz")
    yield "no UTF-8 in the query", replace(good, raw_query=f"{urlencode(good.query)}&x=%ff")
    yield "a bracket in the query", replace(good, raw_query=f"{urlencode(good.query)}&x=[")
    if not said.open_to_all:
        yield "a key without a scheme", good.having("Authorization", "key-0123456789")
        yield "another scheme", good.having("Authorization", "Token key-0123456789")
    yield from _parameter_mutants(good, said)
    if said.body is None:
        yield "a body", replace(good.having("Content-Type", "application/json"), body=b"{}")
    else:
        yield from _body_mutants(good, said)


def _parameter_mutants(good: Asked, said: Documented) -> Iterator[tuple[str, Asked]]:
    for name, parameter in said.at("query").items():
        others = tuple(pair for pair in good.query if pair[0] != name)
        yield f"{name} twice", replace(good, query=(*good.query, (name, dict(good.query)[name])))
        yield f"{name} empty", replace(good, query=(*others, (name, "")))
        if parameter.required:
            yield f"no {name}", replace(good, query=others)
        if parameter.schema.get("type") == "integer":
            for wrong in ("ten", "1.5", "0", "-1", " 1"):
                yield f"{name} {wrong!r}", replace(good, query=(*others, (name, wrong)))
        if "enum" in parameter.schema:
            yield f"{name} of no such kind", replace(good, query=(*others, (name, "whatever")))
    if said.needs_one_of:
        yield "none of the scope", replace(good, query=tuple(p for p in good.query if p[0] not in said.needs_one_of))
    for name in said.at("header"):
        yield f"{name} empty", good.having(name, "")
    for wrong in ("%20", "a%2Fb", "%00", ".%2E", "%FF", "x" * 129) if said.at("path") else ():
        yield f"the id {wrong[:9]}", replace(good, path=good.path.replace(ID, wrong))


def _body_mutants(good: Asked, said: Documented) -> Iterator[tuple[str, Asked]]:
    assert said.body is not None
    media_type, about = next(iter(said.body.content.items()))
    yield "no body", replace(good, body=b"")
    yield "another media type", good.having("Content-Type", "text/plain")
    yield "no media type", replace(good, headers=tuple(pair for pair in good.headers if pair[0] != "Content-Type"))
    yield "another charset", good.having("Content-Type", f"{media_type}; charset=iso-8859-1")
    yield "a content coding", good.having("Content-Encoding", "gzip")
    yield "two media types", replace(good, headers=(*good.headers, ("Content-Type", media_type)))
    yield "broken JSON", replace(good, body=good.body[: len(good.body) // 2])
    yield "no UTF-8", replace(good, body=b'{"content":"\xff"}')
    yield "a byte order mark", replace(good, body=b"\xef\xbb\xbf" + good.body)
    yield "a list", replace(good, body=b"[]")
    if "x-lines" in about:
        first, _, rest = good.body.partition(b"\n")
        yield "no manifest", replace(good, body=rest)
        yield "a broken record", replace(good, body=first + b"\n" + rest.replace(b'"content"', b'"contents"'))
        yield "an empty line", replace(good, body=first + b"\n\n" + rest)
        return
    yield "a member twice", replace(good, body=b'{"x":1,"x":2,' + good.body[1:])
    yield "NaN", replace(good, body=b'{"x":NaN,' + good.body[1:])
    yield "a number out of range", replace(good, body=b'{"x":1e999,' + good.body[1:])
    yield "a lone surrogate", replace(good, body=b'{"x":"\\ud800",' + good.body[1:])
    yield from _member_mutants(good, json.loads(good.body), schema(schema_name(about["schema"]["$ref"])))


def _member_mutants(good: Asked, document: dict[str, Any], about: dict[str, Any]) -> Iterator[tuple[str, Asked]]:
    for name in about.get("required", ()):
        without = {key: value for key, value in document.items() if key != name}
        yield f"no {name}", replace(good, body=json.dumps(without).encode())
    for name, described in about["properties"].items():
        wrong: Any = [True] if described.get("type") != "array" else "a string"
        yield f"{name} of another type", replace(good, body=json.dumps({**document, name: wrong}).encode())


def _value(about: Any) -> str:
    if "enum" in about:
        return str(about["enum"][0])
    return "7" if about.get("type") == "integer" else "tea & ü+%"


def _example(about: Any) -> Any:
    return schema(schema_name(about["$ref"]))["examples"][-1]


def _lines(about: Any) -> bytes:
    lines = [schema(schema_name(about[place]["$ref"]))["examples"][0] for place in ("first", "others")]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def bodies() -> Iterator[tuple[str, str, bytes]]:
    """Yield operationId, name and text of each valid example of a request body in the contract."""
    for name, operation in OPERATIONS.items():
        about = said_of(operation).body
        for each in about.content.values() if about else ():
            if "$ref" not in each["schema"]:
                continue
            folder = content_root() / "schemas/v1/examples/valid" / schema_name(each["schema"]["$ref"])
            for file in sorted(folder.glob("*.json")):
                yield name, file.stem, file.read_bytes()
