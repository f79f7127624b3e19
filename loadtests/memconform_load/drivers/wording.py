"""Requests of the memory API as HTTP: method, path, headers and body for each operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from memconform_load.calls import Op, Request


class Message(NamedTuple):
    """One HTTP request: method, request target, body, and headers beside those of every request."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = {}


_JSON = {"Content-Type": "application/json"}
_MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
_NDJSON = {"Content-Type": "application/x-ndjson"}


def worded(request: Request) -> Message:
    """Return the request as HTTP."""
    message = _WORDING[request.op](request)
    if request.idempotency_key is None:
        return message
    return message._replace(headers={**message.headers, "Idempotency-Key": request.idempotency_key})


def _json(method: str, target: str, value: Mapping[str, Any], headers: Mapping[str, str] = _JSON) -> Message:
    return Message(method, target, json.dumps(value, ensure_ascii=False).encode(), headers)


def _scope(request: Request) -> dict[str, str]:
    return {"user_id": request.person}


def _add(request: Request) -> Message:
    memory: dict[str, Any] = {"content": request.text, "scope": _scope(request)}
    if request.metadata:
        memory["metadata"] = request.metadata
    return _json("POST", "/v1/memories", memory)


def _search(request: Request) -> Message:
    body: dict[str, Any] = {"query": request.query, "scope": _scope(request)}
    if request.top_k is not None:
        body["top_k"] = request.top_k
    return _json("POST", "/v1/search", body)


def _list(request: Request) -> Message:
    asked: dict[str, Any] = _scope(request)
    if request.limit is not None:
        asked["limit"] = request.limit
    if request.cursor is not None:
        asked["cursor"] = request.cursor
    return Message("GET", "/v1/memories?" + urlencode(asked))


def _by_id(method: str) -> Callable[[Request], Message]:
    return lambda request: Message(method, _path(request))


def _path(request: Request) -> str:
    return "/v1/memories/" + quote(request.memory_id or "", safe="")


def _keyed(request: Request) -> str:
    return "/v1/keyed?" + urlencode({"key": request.key or "", **_scope(request)})


def _batch(request: Request) -> Message:
    adds = [{"op": "add", "memory": {"content": text, "scope": _scope(request)}} for text in request.texts]
    return _json("POST", "/v1/batch", {"operations": adds})


def _ingest(request: Request) -> Message:
    return _json("POST", "/v1/ingestions", {"scope": _scope(request), "messages": list(request.messages)})


_WORDING: Mapping[Op, Callable[[Request], Message]] = {
    Op.ADD: _add,
    Op.SEARCH: _search,
    Op.GET: _by_id("GET"),
    Op.LIST: _list,
    Op.UPDATE: lambda request: _json("PATCH", _path(request), {"content": request.text}, _MERGE_PATCH),
    Op.DELETE: _by_id("DELETE"),
    Op.SET: lambda request: _json("PUT", _keyed(request), {"content": request.text}),
    Op.GET_KEYED: lambda request: Message("GET", _keyed(request)),
    Op.BATCH: _batch,
    Op.INGEST: _ingest,
    Op.ERASE: lambda request: _json("POST", "/v1/erasures", {"scope": _scope(request)}),
    Op.EXPORT: lambda request: Message("GET", "/v1/export?" + urlencode(_scope(request))),
    Op.IMPORT: lambda request: Message("POST", "/v1/import?on_conflict=skip", request.document or b"", _NDJSON),
    Op.OPERATION: lambda request: Message("GET", "/v1/operations/" + quote(request.operation_id or "", safe="")),
}
