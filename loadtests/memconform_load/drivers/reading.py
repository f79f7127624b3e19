"""Answers of the memory API read leniently: a damaged one is a failed call, never an exception."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from memconform_load.calls import Ended, Failed, Op, Reply, SeenMemory

_DURATION = re.compile(r"(?:^|,)\s*total\s*;[^,]*\bdur=([0-9.]+)")
_SAID = 300
"""So many characters of what a server said are kept as an example."""

_GOOD: Mapping[Op, frozenset[int]] = {
    Op.ADD: frozenset({201}),
    Op.DELETE: frozenset({204}),
    Op.SET: frozenset({200, 201}),
    Op.INGEST: frozenset({202}),
    Op.ERASE: frozenset({202}),
}
_OK = frozenset({200})


def server_seconds(header: str | None) -> float | None:
    """Return what `Server-Timing` says as `total`, in seconds; None where it says nothing that can be read."""
    found = _DURATION.search(header) if header else None
    try:
        return float(found[1]) / 1000 if found else None
    except ValueError:
        return None


def read_answer(op: Op, reply: Reply, body: bytes) -> None:
    """Fill the reply, whose `status` is set, from the body."""
    status = reply.status or 0
    reply.size = len(body)
    if status not in _GOOD.get(op, _OK):
        reply.ended = _ended(status)
        reply.failed = Failed(f"{status} {_problem_name(body)}".rstrip(), _said(body))
        return
    try:
        _READING[op](reply, body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reply.ended = Ended.UNKNOWN
        reply.failed = Failed(f"{status} with a damaged body", f"{type(error).__name__}: {_said(body)}")


def _ended(status: int) -> Ended:
    return Ended.REFUSED if 400 <= status < 500 and status != 408 else Ended.UNKNOWN


def _problem_name(body: bytes) -> str:
    """Return the last part of a problem's type: few, so that errors can be grouped by it."""
    try:
        name = json.loads(body)["type"].rsplit(":", 1)[-1]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return str(name)[:40] if re.fullmatch(r"[a-z][a-z0-9-]*", str(name)) else ""


def _said(body: bytes) -> str:
    return body[: 2 * _SAID].decode("utf-8", "replace")[:_SAID]


def memory_of(document: Mapping[str, Any]) -> SeenMemory:
    """Return a memory of an answer; raise `KeyError` or `TypeError` where it is none."""
    scope = document.get("scope") or {}
    return SeenMemory(document["id"], document["content"], scope.get("user_id"), document.get("version"))


def _one(reply: Reply, body: bytes) -> None:
    reply.memories = [memory_of(json.loads(body))]


def _results(reply: Reply, body: bytes) -> None:
    reply.memories = [memory_of(result["memory"]) for result in json.loads(body)["results"]]


def _page(reply: Reply, body: bytes) -> None:
    page = json.loads(body)
    reply.memories = [memory_of(item) for item in page["items"]]
    reply.next_cursor = page.get("next_cursor")


def _batch(reply: Reply, body: bytes) -> None:
    results = json.loads(body)["results"]
    reply.memories = [memory_of(result["memory"]) for result in results if result.get("memory")]
    bad = next((result for result in results if result.get("status") != 201), None)
    if bad is not None:
        reply.ended = Ended.UNKNOWN
        reply.failed = Failed(f"batch with an item that is {bad.get('status')}", json.dumps(bad)[:_SAID])


def _operation(reply: Reply, body: bytes) -> None:
    operation = json.loads(body)
    reply.operation_id, reply.operation_status = operation["id"], operation["status"]


def _document(reply: Reply, body: bytes) -> None:
    reply.document = body
    records = [json.loads(line) for line in body.splitlines()[1:] if line.strip()]
    reply.memories = [memory_of(record) for record in records]


def _nothing(reply: Reply, body: bytes) -> None:
    """Read nothing."""


_READING: Mapping[Op, Callable[[Reply, bytes], None]] = {
    Op.ADD: _one,
    Op.SEARCH: _results,
    Op.GET: _one,
    Op.LIST: _page,
    Op.UPDATE: _one,
    Op.DELETE: _nothing,
    Op.SET: _one,
    Op.GET_KEYED: _one,
    Op.BATCH: _batch,
    Op.INGEST: _operation,
    Op.ERASE: _operation,
    Op.EXPORT: _document,
    Op.IMPORT: _nothing,
    Op.OPERATION: _operation,
}
