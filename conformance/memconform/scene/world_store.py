"""The memories of the oracle and how they change: every change is a version, a history entry and an event."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from memconform.scene.oracle import difference, held_at, inherits, instant, selects
from memconform.scene.world_memory import NO_STAMP, UNKNOWN, Change, Expected, Kept, Memory, Stamp

Json = Any
Scope = Mapping[str, str]


def _wall_clock() -> Fraction:
    return Fraction(time.time())


@dataclass
class WorldStore:
    """One principal's memories. `now` is seconds since 1970; what expires by then is gone."""

    now: Callable[[], Fraction] = _wall_clock
    erased: set[str] = field(default_factory=set)
    """Ids that erasures forgot."""
    _kept: dict[str, Kept] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)

    def _create(self, members: Memory, body: Mapping[str, Json], stamp: Stamp) -> Kept:
        memory_id = stamp.id or f"unknown-{len(self._changes)}"
        times = {"created_at": stamp.created_at or UNKNOWN, "updated_at": stamp.updated_at or UNKNOWN}
        record = {"id": memory_id, "scope": dict(body["scope"]), "version": 1, **times, **deepcopy(members)}
        kept = self._kept[memory_id] = Kept(record, stamp.tag or UNKNOWN)
        kept.log("add")
        self._note(kept, "add")
        return kept

    def _changed(self, kept: Kept, after: Memory, operation: str, stamp: Stamp) -> Expected:
        if difference(kept.record, after) is not None:
            self._become(kept, deepcopy(after), operation, stamp)
        return Expected(200, deepcopy(kept.record))

    def _become(self, kept: Kept, record: Memory, operation: str, stamp: Stamp) -> None:
        kept.become(record, operation, stamp)
        self._note(kept, operation)

    def _deleted(self, kept: Kept | None, if_match: str | None) -> Expected:
        if kept is None:
            return Expected(404)
        if not kept.admits(if_match):
            return Expected(412)
        self._end(kept, "delete")
        return Expected(204)

    def _end(self, kept: Kept, operation: str) -> None:
        del self._kept[kept.id]
        self._changes.append(Change(kept.id, operation, None, kept.scope))
        for old in list(self._kept.values()):
            if old.record.get("superseded_by") == kept.id:
                rest = {name: value for name, value in old.record.items() if name != "superseded_by"}
                self._become(old, rest, "restore", NO_STAMP)

    def _relink(self) -> None:
        """Make what supersedes and what is superseded agree after an import."""
        successors = {old: new.id for new in self._kept.values() for old in new.record.get("supersedes") or []}
        for kept in self._kept.values():
            linked = successors.get(kept.id)
            if linked != kept.record.get("superseded_by"):
                rest = {name: value for name, value in kept.record.items() if name != "superseded_by"}
                kept.record = {**rest, "superseded_by": linked} if linked else rest
                kept.record.update(version=UNKNOWN, updated_at=UNKNOWN)
                kept.tag, kept.entries = UNKNOWN, None

    def _note(self, kept: Kept, operation: str) -> None:
        version = kept.record["version"]
        self._changes.append(Change(kept.id, operation, version if isinstance(version, int) else None, kept.scope))

    def _sweep(self) -> None:
        due = [kept for kept in self._kept.values() if self._is_past(kept.record.get("expires_at"))]
        for kept in sorted(due, key=lambda kept: instant(kept.record["expires_at"])):
            self._end(kept, "expire")

    def _is_past(self, moment: Json) -> bool:
        return isinstance(moment, str) and instant(moment) <= self.now()

    def _may_supersede(self, ids: Iterable[str], scope: Scope) -> bool:
        wanted = [self._kept.get(memory_id) for memory_id in ids]
        distinct = len({kept.id for kept in wanted if kept}) == len(wanted)
        return distinct and all(kept and kept.scope == dict(scope) and not self._superseded(kept) for kept in wanted)

    @staticmethod
    def _superseded(kept: Kept) -> bool:
        return kept.record.get("superseded_by") is not None

    def _keyed(self, key: str, scope: Scope) -> Kept | None:
        found = (kept for kept in self._kept.values() if kept.record.get("key") == key and kept.scope == dict(scope))
        return next(found, None)

    def _in(self, scope: Scope, inherit: bool) -> list[Kept]:
        self._sweep()
        law = inherits if inherit else selects
        return [kept for kept in self._kept.values() if law(scope, kept.scope)]

    def _held(self, scope: Scope, inherit: bool, moment: Fraction) -> dict[str, Memory]:
        chosen = self._in(scope, inherit)
        held = {}
        for kept in chosen:
            successor = self._kept.get(str(kept.record.get("superseded_by")))
            if held_at(moment, kept.record, successor.record if successor else None):
                held[kept.id] = deepcopy(kept.record)
        return held
