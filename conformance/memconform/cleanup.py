"""Deletes exactly what a run created: the ids in its ledger, and what else lies in its own scopes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from memconform.capabilities import Capabilities
from memconform.exchange import Received, Sent
from memconform.http import Unanswered, Wire
from memconform.ledger import Ledger
from memconform.memory_api import MEMORIES, Principal, path_of
from memconform.retry_after import retry_after
from memconform.scopes import RUN_PREFIX

_GONE = (204, 200, 404)
_THREADS = 4
_PAGES = 20
"""How many pages of one scope are looked through; a run's own scopes are small."""

_WALKS = 5
"""How often one scope is walked: once more after each walk that deleted something."""

_BATCH = 100
"""How many memories one batch deletes at most."""

_SILENCES = 3
"""After so many requests in a row without an answer, no further one is sent."""
_MARK = re.compile(rf"{RUN_PREFIX}[0-9a-f]+")

Leak = dict[str, Any]


def clean(
    wire: Wire, principals: Mapping[str, Principal], ledger: Ledger, capabilities: Capabilities | None = None
) -> list[Leak]:
    """Delete what the ledger names; return what could not be deleted, with the reason. Ctrl-C ends it at once.

    What the server declares makes it cheaper: whole batches of deletions (batch), and only those scopes are looked
    into that still hold anything (erasure). Without `capabilities` it is done one by one.
    """
    broom = _Broom(wire, principals, capabilities or Capabilities({}))
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            return _swept(broom, pool, ledger)
        except KeyboardInterrupt:
            broom.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            return [{"why": "the cleanup was interrupted (Ctrl-C)"}]


def _swept(broom: _Broom, pool: ThreadPoolExecutor, ledger: Ledger) -> list[Leak]:
    known = [(label, sorted(ids)) for label, ids in ledger.ids.items()]
    left = [(label, memory_id) for label, ids in known for memory_id in broom.delete_in_batches(label, ids)]
    leaks = [leak for leak in pool.map(lambda item: broom.delete(*item), left) if leak]
    if len(leaks) == sum(len(ids) for _, ids in known) > 0:
        return leaks  # the server is gone or refuses everything: looking into scopes would only repeat that
    scopes = [(label, scope) for label, scopes in ledger.scopes.items() for scope in broom.still_held(label, scopes)]
    for found in pool.map(lambda item: list(broom.rest(*item)), scopes):
        leaks += found
    return leaks


class _Broom:
    def __init__(self, wire: Wire, principals: Mapping[str, Principal], capabilities: Capabilities) -> None:
        self.wire = wire
        self.principals = principals
        self.capabilities = capabilities
        self.silences = 0
        self.stop = threading.Event()

    def _send(self, method: str, url: str, label: str, body: bytes = b"") -> Received | str:
        """Return the response, or the reason why there is none."""
        for _ in range(5):
            if self.stop.is_set():
                return "not tried: the cleanup was interrupted"
            if self.silences >= _SILENCES:
                return "not tried: the server does not answer"
            try:
                sent = Sent(method, url, (("Content-Type", "application/json"),) if body else (), body)
                _, received = self.wire.send(sent, self.principals[label].headers(), f"{label}/cleanup")
            except Unanswered as error:
                self.silences += 1
                return error.detail
            self.silences = 0
            if received.status != 429:
                return received
            self.stop.wait(min(retry_after(received.header("Retry-After")) or 1.0, 60.0))
        return "429, again and again"

    def delete(self, label: str, memory_id: str) -> Leak | None:
        answer = self._send("DELETE", self.wire.target.url + path_of(memory_id), label)
        if isinstance(answer, Received) and answer.status in _GONE:
            return None
        why = answer if isinstance(answer, str) else f"DELETE answered {answer.status}"
        return {"id": memory_id, "principal": label, "why": why}

    def delete_in_batches(self, label: str, ids: Sequence[str]) -> list[str]:
        """Delete as many as batches can, where the server takes them; return the ids that are to be deleted singly."""
        most = self.capabilities.limit_or("batch", _BATCH) if "batch" in self.capabilities.profiles else 0
        left: list[str] = []
        waiting = list(ids)
        while most > 0 and waiting:
            some = self._fitting(waiting[:most])
            statuses = self._batch(label, some)
            if statuses is None:
                break
            left += [memory_id for memory_id, status in zip(some, statuses, strict=True) if status not in _GONE]
            waiting = waiting[len(some) :]
        return left + waiting

    def _fitting(self, ids: Sequence[str]) -> Sequence[str]:
        room = self.capabilities.limit_or("request_bytes", 1 << 16)
        return ids if len(_deletions(ids)) <= room or len(ids) == 1 else self._fitting(ids[: len(ids) // 2])

    def _batch(self, label: str, ids: Sequence[str]) -> list[Any] | None:
        """Return the status of each deletion of one batch, None where the server did not do the batch."""
        answer = self._send("POST", f"{self.wire.target.url}/v1/batch", label, _deletions(ids))
        results = _objects(answer, "results")
        statuses = {result.get("index"): result.get("status") for result in results or ()}
        return None if results is None else [statuses.get(place) for place in range(len(ids))]

    def still_held(self, label: str, scopes: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
        """Return the scopes to look into: of the run's, those that hold anything, where the server tells them all."""
        if "erasure" not in self.capabilities.profiles or len(scopes) <= 1:
            return scopes
        marks = {mark for scope in scopes for value in scope.values() for mark in _MARK.findall(value)}
        held: list[Mapping[str, str]] = []
        cursor: str | None = None
        for _ in range(min(_PAGES, len(scopes))):
            query = f"?{urlencode({'cursor': cursor})}" if cursor else ""
            answer = self._send("GET", f"{self.wire.target.url}/v1/scopes{query}", label)
            rows = _objects(answer, "items")
            if rows is None:
                return scopes
            held += [_bare(row["scope"]) for row in rows if _is_ours(row.get("scope"), marks)]
            _, cursor = _page(answer) if isinstance(answer, Received) else ([], None)
            if cursor is None:
                return held
        return scopes

    def rest(self, label: str, scope: Mapping[str, str]) -> Iterator[Leak]:
        """Delete what lies in one of the run's scopes; what does not carry this run's mark in its scope is not ours.

        Deleting a memory may bring back to the list what it superseded, so the scope is walked until it stays as it is.
        """
        gone: set[str] = set()
        for _ in range(_WALKS):
            before = len(gone)
            leaks = list(self._walk(label, scope, gone))
            yield from leaks
            if leaks or len(gone) == before:
                return

    def _walk(self, label: str, scope: Mapping[str, str], gone: set[str]) -> Iterator[Leak]:
        """Delete each memory of the scope once; add its id to `gone`."""
        marks = {mark for value in scope.values() for mark in _MARK.findall(value)}
        cursor: str | None = None
        for _ in range(_PAGES):
            query = urlencode([*scope.items(), *([("cursor", cursor)] if cursor else [])])
            answer = self._send("GET", f"{self.wire.target.url}{MEMORIES}?{query}", label)
            if isinstance(answer, str) or answer.status in (401, 403) or answer.status >= 500:
                why = answer if isinstance(answer, str) else f"the list answered {answer.status}"
                yield {"scope": dict(scope), "principal": label, "why": why}
                return
            items, cursor = _page(answer)
            for memory_id in [str(item.get("id")) for item in items if _is_ours(item.get("scope"), marks)]:
                leak = self.delete(label, memory_id) if memory_id not in gone else None
                gone.add(memory_id)
                if leak:
                    yield leak
            if cursor is None:
                return


def _bare(scope: Mapping[str, str | None]) -> dict[str, str]:
    """Return a scope as it is asked for: members that are null mean the same as absent ones."""
    return {name: value for name, value in scope.items() if value is not None}


def _deletions(ids: Sequence[str]) -> bytes:
    return json.dumps({"operations": [{"op": "delete", "id": each} for each in ids]}).encode()


def _objects(answer: Received | str, member: str) -> list[dict[str, Any]] | None:
    """Return the objects that a good answer has in a member; None where it is no good answer."""
    if isinstance(answer, str) or answer.status != 200:
        return None
    try:
        values = json.loads(answer.body)[member]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = isinstance(values, list) and all(isinstance(value, dict) for value in values)
    return values if whole else None


def _is_ours(scope: object, marks: set[str]) -> bool:
    values = scope.values() if isinstance(scope, dict) else ()
    return any(mark in marks for value in values for mark in _MARK.findall(str(value)))


def _page(answer: Received) -> tuple[list[dict[str, Any]], str | None]:
    if answer.status != 200:
        return [], None
    try:
        body = json.loads(answer.body)
        cursor = body.get("next_cursor")
        return [item for item in body["items"] if isinstance(item, dict)], cursor if isinstance(cursor, str) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [], None
