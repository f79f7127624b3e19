"""Deletes exactly what a run created: the ids in its ledger, and what else lies in its own scopes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

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

_SILENCES = 3
"""After so many requests in a row without an answer, no further one is sent."""
_MARK = re.compile(rf"{RUN_PREFIX}[0-9a-f]+")

Leak = dict[str, Any]


def clean(wire: Wire, principals: Mapping[str, Principal], ledger: Ledger) -> list[Leak]:
    """Delete what the ledger names; return what could not be deleted, with the reason. Ctrl-C ends it at once."""
    broom = _Broom(wire, principals)
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            return _swept(broom, pool, ledger)
        except KeyboardInterrupt:
            broom.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            return [{"why": "the cleanup was interrupted (Ctrl-C)"}]


def _swept(broom: _Broom, pool: ThreadPoolExecutor, ledger: Ledger) -> list[Leak]:
    known = [(label, memory_id) for label, ids in ledger.ids.items() for memory_id in sorted(ids)]
    leaks = [leak for leak in pool.map(lambda item: broom.delete(*item), known) if leak]
    if len(leaks) == len(known) > 0:
        return leaks  # the server is gone or refuses everything: looking into scopes would only repeat that
    scopes = [(label, scope) for label, scopes in ledger.scopes.items() for scope in scopes]
    for found in pool.map(lambda item: list(broom.rest(*item)), scopes):
        leaks += found
    return leaks


class _Broom:
    def __init__(self, wire: Wire, principals: Mapping[str, Principal]) -> None:
        self.wire = wire
        self.principals = principals
        self.silences = 0
        self.stop = threading.Event()

    def _send(self, method: str, url: str, label: str) -> Received | str:
        """Return the response, or the reason why there is none."""
        for _ in range(5):
            if self.stop.is_set():
                return "not tried: the cleanup was interrupted"
            if self.silences >= _SILENCES:
                return "not tried: the server does not answer"
            try:
                _, received = self.wire.send(Sent(method, url), self.principals[label].headers(), f"{label}/cleanup")
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
