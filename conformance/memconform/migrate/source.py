"""Reading the source: by its export where it declares one, else by its list and what the list leads to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from memconform.exchange import Received
from memconform.migrate.errors import Damaged, Stopped
from memconform.migrate.export_stream import ExportStream
from memconform.migrate.problem import refusal_of
from memconform.migrate.records import Record, Unusable, digest_of, record_of
from memconform.migrate.service import Service, json_of
from memconform.migrate.state import State
from memconform.noting import MEMORIES
from memconform.scene.oracle import selects
from memconform.settings import UsageError
from memconform.verbs import path_of

_CIRCLES = 50
"""So many pages in a row that bring nothing new are a walk in circles."""
_NAMED = 1000
"""So many unreadable things are named one by one; further ones are counted."""

Scope = Mapping[str, str]


class Source:
    """Fills the state with what the source holds in a scope, or in all of them."""

    def __init__(
        self, service: Service, state: State, salt: str, *, by_export: bool, tell: Callable[[int], None]
    ) -> None:
        self.service, self.state, self.salt, self.by_export, self.tell = service, state, salt, by_export, tell
        self.unreadable: list[dict[str, str]] = []
        self.unreadable_count = 0
        self.notes: list[str] = []

    def read(self, scope: Scope | None) -> None:
        """Read the scope; None for all. Raise `UsageError` for what cannot be asked of this source."""
        scopes: Iterator[Scope] = iter([scope]) if scope is not None else self._all()
        for part, each in enumerate(scopes):
            if self.by_export:
                self._export(part, each)
            else:
                self._walk(part, each)
        if not self.by_export and self.service.declares("supersession"):
            self.notes.append(
                "read by list, which does not show superseded memories: those that another one names in `supersedes` "
                "were read one by one"
            )
        if scope is None and self.state.counted() != self.state.size():
            self.notes.append(
                f"the source counts {self.state.counted()} memories in its scopes, and {self.state.size()} were read"
            )

    # --- scopes

    def _all(self) -> Iterator[Scope]:
        """Yield scopes that together select everything, none of them within another."""
        if not self.service.declares("erasure"):
            raise UsageError(
                f"--all: {self.service.label} does not declare the profile erasure, so it does not tell its scopes. "
                "Name them: a run for each user, agent, app or session whose memories are to go, with "
                "--scope user_id=… (which selects the user's sessions, too)"
            )
        for row in self._pages("/v1/scopes", ()):
            scope = row.get("scope")
            bare = (
                {name: value for name, value in scope.items() if value is not None} if isinstance(scope, dict) else {}
            )
            memories = row.get("memories")
            if bare:
                self.state.note_scope(bare, memories if isinstance(memories, int) else 0)
        for bare in self.state.scopes():
            if not any(self.state.holds_scope(dict(wider)) for wider in _wider(bare)):
                yield bare

    # --- by export

    def _export(self, part: int, scope: Scope) -> None:
        streams: list[ExportStream] = []

        def begin() -> Callable[[bytes], None]:
            self.state.drop_part(part)
            streams.append(ExportStream(self.service.label, lambda document: self._take(document, part, scope)))
            return streams[-1].feed

        answer = self.service.pour("/v1/export", list(scope.items()), begin)
        if answer.status != 200:
            raise self._refused("GET /v1/export", answer)
        streams[-1].end()
        before = self.state.size()
        self._walk(part, scope)  # what a manifest counts is what was written, not what is there
        missed = self.state.size() - before
        if missed:
            self.notes.append(
                f"the list shows {missed} memories that the export of the same scope has not; carried too"
            )

    # --- by list

    def _walk(self, part: int, scope: Scope) -> None:
        size = self.service.capabilities.limit_or("page_size", 200)
        params = [*scope.items(), *([("limit", str(size))] if size > 0 else [])]
        for item in self._pages(MEMORIES, params):
            record = self._take(item, part, scope, newest_first=True)
            if record is not None:
                self._follow(record, part, scope)

    def _follow(self, record: Record, part: int, scope: Scope) -> None:
        """Read what a record supersedes, and what that supersedes: no list shows it."""
        waiting = [*(record.get("supersedes") or ())]
        while waiting:
            memory_id = waiting.pop()
            if not isinstance(memory_id, str) or self.state.record(memory_id) is not None:
                continue
            answer = self.service.read(path_of(memory_id))
            if answer.status == 200:
                found = self._take(json_of(answer), part, scope, newest_first=True)
                waiting += (found or {}).get("supersedes") or ()
            elif answer.status != 404:  # what was superseded may be gone since
                self._unreadable(memory_id, f"GET answered {answer.status}")

    def _pages(self, path: str, params: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        first: set[str] = set()
        idle = 0
        while True:
            answer = self.service.read(path, [*params, *([("cursor", cursor)] if cursor else [])])
            if answer.status != 200:
                raise self._refused(f"GET {path}", answer)
            body = json_of(answer)
            items = body.get("items") if isinstance(body, dict) else None
            if not isinstance(items, list):
                raise Damaged(f"{self.service.label} answered GET {path} with 200 and no page")
            yield from (item if isinstance(item, dict) else {} for item in items)
            cursor = body.get("next_cursor")
            if not isinstance(cursor, str) or not cursor:
                return
            beginning = json.dumps(items[:1])
            idle = idle + 1 if not items or beginning in first else 0
            first.add(beginning)
            if idle > _CIRCLES:
                raise Damaged(f"{self.service.label} walks in circles: {idle} pages of GET {path} brought nothing new")

    # --- both

    def _take(self, document: object, part: int, scope: Scope, *, newest_first: bool = False) -> Record | None:
        try:
            record = record_of(document)
        except Unusable as error:
            named = document.get("id") if isinstance(document, dict) else None
            self._unreadable(named if isinstance(named, str) and named.isprintable() else "", str(error))
            return None
        if not selects(scope, record["scope"]):
            self._unreadable(record["id"], "the source shows it in a scope that does not select it; it is not carried")
            return None
        if self.state.take(record, digest_of(record, self.salt), part, newest_first=newest_first):
            self.tell(1)
        return record

    def _unreadable(self, memory_id: str, why: str) -> None:
        self.unreadable_count += 1
        if len(self.unreadable) < _NAMED:
            self.unreadable.append({"id": memory_id[:128], "why": why})

    def _refused(self, what: str, answer: Received) -> Exception:
        refusal = refusal_of(answer)
        where = ", ".join(refusal.pointers[:4])
        said = f"{what} of {self.service.label} answered {answer.status}" + (
            f" about {json.dumps(where)}" if where else ""
        )
        if answer.status in (400, 413, 422):
            return UsageError(f"{said}: the source refuses this scope")
        return Stopped(f"{said}: it does not do what it declares")


def _wider(scope: Scope) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield every scope that selects this one and has fewer members."""
    for size in range(1, len(scope)):
        yield from combinations(scope.items(), size)
