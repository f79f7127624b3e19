"""What an answered request created or deleted, for the ledger: read from the exchange, never guessed.

What is missed here (an ingestion's memories, an answer that was lost) lies in a scope that is in the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from memconform.exchange import Received, Sent
from memconform.ledger import Ledger
from memconform.scopes import RUN_PREFIX

MEMORIES = "/v1/memories"


def note(ledger: Ledger, principal: str, sent: Sent, received: Received) -> None:
    """Tell the ledger what an exchange created and what it deleted."""
    if received.status >= 300:
        return
    path = urlsplit(sent.url).path
    if sent.method == "DELETE":
        folder, _, memory_id = path.rpartition("/")
        if received.status == 204 and folder.endswith(MEMORIES):
            ledger.forget_id(principal, unquote(memory_id))
    elif (sent.method, _end(path)) in (("POST", "memories"), ("PUT", "keyed")):
        _note_record(ledger, principal, _json(received.body))
    elif (sent.method, _end(path)) == ("POST", "batch"):
        _note_batch(ledger, principal, sent, received)
    elif (sent.method, _end(path)) == ("POST", "import"):
        _note_import(ledger, principal, sent, received)


def _end(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _note_record(ledger: Ledger, principal: str, stored: Any) -> None:
    if not isinstance(stored, dict) or "id" not in stored:
        return  # the scope in the ledger still leads the cleanup to it
    memory_id, scope = str(stored["id"]), stored.get("scope")
    if isinstance(scope, dict) and not _of_a_run(scope):
        # Perhaps somebody else's: a server that answers with it must not make the cleanup delete it.
        ledger.note_stray(principal, memory_id)
        return
    ledger.note_id(principal, memory_id)


def _note_batch(ledger: Ledger, principal: str, sent: Sent, received: Received) -> None:
    operations = _members(_json(sent.body), "operations")
    for result in _members(_json(received.body), "results"):
        status, at = result.get("status"), result.get("index")
        if status == 201:
            _note_record(ledger, principal, result.get("memory"))
        elif status == 204 and isinstance(at, int) and 0 <= at < len(operations):
            ledger.forget_id(principal, str(operations[at].get("id")))


def _note_import(ledger: Ledger, principal: str, sent: Sent, received: Received) -> None:
    stored = {
        str(row.get("id"))
        for row in _members(_json(received.body), "records")
        if row.get("status") in ("created", "overwritten")
    }
    for line in sent.body.split(b"\n"):
        record = _json(line)
        if isinstance(record, dict) and str(record.get("id")) in stored and _of_a_run(record.get("scope")):
            ledger.note_id(principal, str(record["id"]))


def _of_a_run(scope: object) -> bool:
    return isinstance(scope, Mapping) and any(RUN_PREFIX in str(value) for value in scope.values())


def _members(body: Any, name: str) -> list[dict[str, Any]]:
    """Return a list's objects; an empty object stands for anything else, so that places stay what they are."""
    rows = body.get(name) if isinstance(body, dict) else None
    return list(_objects(rows)) if isinstance(rows, list) else []


def _objects(rows: list[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row if isinstance(row, dict) else {}


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
