"""Request bodies that Schemathesis derives from the OpenAPI document, good ones and bad ones.

Schemathesis gets a document of one operation with its schemas inlined, so that nothing is ever fetched; what it calls
negative is judged again by our own validator, for not every mutation breaks the schema.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from hypothesis import strategies as st

from memconform.contract import schemas, validator
from memconform.contract.openapi import openapi

_LEFT_OUT = frozenset({"$schema", "$id", "examples"})


def valid_bodies(method: str, path: str) -> st.SearchStrategy[Any]:
    """Return a strategy of bodies that the operation's schema allows."""
    schema = validator(_schema_name(method, path))
    return st.deferred(lambda: _bodies(method, path, positive=True).filter(schema.is_valid))


def invalid_bodies(method: str, path: str) -> st.SearchStrategy[Any]:
    """Return a strategy of JSON bodies that break the operation's schema."""
    schema = validator(_schema_name(method, path))
    return st.deferred(lambda: _bodies(method, path, positive=False).filter(lambda body: not schema.is_valid(body)))


def _schema_name(method: str, path: str) -> str:
    return _reference(method, path).removesuffix(".schema.json")


def _reference(method: str, path: str) -> str:
    body = openapi().document["paths"][path][method.lower()]["requestBody"]
    return str(body["content"]["application/json"]["schema"]["$ref"])


@cache
def _bodies(method: str, path: str, *, positive: bool) -> st.SearchStrategy[Any]:
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    # A configuration of our own: the default one is looked for in the user's folders.
    document = schemathesis.openapi.from_dict(_document(method, path), config=SchemathesisConfig())
    mode = schemathesis.GenerationMode.POSITIVE if positive else schemathesis.GenerationMode.NEGATIVE
    return document[path][method].as_strategy(generation_mode=mode).map(lambda case: case.body).filter(_is_json)


def _is_json(body: Any) -> bool:
    return body is None or isinstance(body, (str, int, float, bool, list, dict))


def _document(method: str, path: str) -> dict[str, Any]:
    """Return a small OpenAPI document with the body of one operation and nothing else that could be varied."""
    content = {"application/json": {"schema": {"$ref": _inlined(_reference(method, path))}}}
    operation = {
        "requestBody": {"required": True, "content": content},
        "responses": {"default": {"description": "Whatever the server says."}},
    }
    inlined = {name: _rewritten(_told(name)) for name in _reachable(_schema_name(method, path))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "One operation", "version": "1"},
        "paths": {path: {method.lower(): operation}},
        "components": {"schemas": inlined},
    }


def _reachable(name: str) -> list[str]:
    """Return the names of a schema and of all that it refers to."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.append(name)
            waiting += re.findall(r'"\$ref": "([a-z-]+)\.schema\.json"', json.dumps(_told(name)))
    return found


def _told(name: str) -> dict[str, Any]:
    """Return what Schemathesis is told of a schema: no filter trees, whose recursion in conditions it cannot invent."""
    schema = schemas()[name]
    members = {member: each for member, each in schema.get("properties", {}).items() if member != "filter"}
    return {**schema, "properties": members} if "filter" in schema.get("properties", {}) else schema


def _rewritten(node: Any) -> Any:
    if isinstance(node, list):
        return [_rewritten(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _inlined(value) if name == "$ref" and isinstance(value, str) else _rewritten(value)
        for name, value in node.items()
        if name not in _LEFT_OUT
    }


def _inlined(reference: str) -> str:
    return "#/components/schemas/" + reference.removesuffix(".schema.json") if "#" not in reference else reference
