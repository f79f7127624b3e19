"""The contract as a program: what a principal's store holds after any operations, and what it must answer.

`World` is told of each request together with the `Stamp` of the server's answer (ids, times and tags are the server's
to choose) and returns what the contract expects. It knows one principal; nothing in it asks a server. Bodies are judged
by the contract's own schemas, limits apart. For servers that do not dedupe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from fractions import Fraction
from typing import Any

from memconform.contract import validator
from memconform.scene.erasing import Receipt, derived_from
from memconform.scene.filters import Filter, matches
from memconform.scene.merge_patch import merge_patched
from memconform.scene.oracle import instant, json_equal, selects
from memconform.scene.world_memory import NO_STAMP, UNKNOWN, Change, Expected, Kept, Memory, Stamp
from memconform.scene.world_store import WorldStore

Json = Any
Memories = list[Memory]
Scopes = list[dict[str, str]]
Changes = list[Change]
Scope = Mapping[str, str]

MISSING, PRECONDITION, REFUSED = Expected(404), Expected(412), Expected(422)

_GIVEN = ("confidence", "expires_at", "valid_from", "valid_to", "supersedes", "source", "ext")
"""The optional members that a client may add."""
_OWN = ("id", "key", "created_at", "updated_at", "version", "superseded_by", "scope", "supersedes", "source")
"""Members that a patch may name only with their present value."""
_PUT = ("content", "metadata", "confidence", "expires_at", "ext")


class World(WorldStore):
    """One principal's memories, and what each operation of the contract does to them and is answered with."""

    # Single memories.

    def add(self, body: Json, stamp: Stamp = NO_STAMP) -> Expected:
        """POST /v1/memories."""
        self._sweep()
        if _breaks("memory-create", body) or self._is_past(body.get("expires_at")):
            return REFUSED
        replaced = list(body.get("supersedes") or [])
        if not self._may_supersede(replaced, body["scope"]):
            return REFUSED
        given = {name: body[name] for name in _GIVEN if body.get(name) is not None}
        new = self._create({"content": body["content"], "metadata": body.get("metadata") or {}, **given}, body, stamp)
        for memory_id in replaced:
            old = self._kept[memory_id]
            self._become(old, {**old.record, "superseded_by": new.id}, "supersede", NO_STAMP)
        return Expected(201, deepcopy(new.record))

    def get(self, memory_id: str) -> Expected:
        """GET /v1/memories/{id}."""
        self._sweep()
        kept = self._kept.get(memory_id)
        return MISSING if kept is None else Expected(200, deepcopy(kept.record))

    def patch(self, memory_id: str, patch: Json, stamp: Stamp = NO_STAMP, if_match: str | None = None) -> Expected:
        """PATCH /v1/memories/{id}."""
        self._sweep()
        kept = self._kept.get(memory_id)
        if kept is None:
            return MISSING
        if not kept.admits(if_match):
            return PRECONDITION
        if _breaks("memory-patch", patch) or self._is_past(patch.get("expires_at")):
            return REFUSED
        if any(name in patch and not json_equal(patch[name], kept.record.get(name)) for name in _OWN):
            return REFUSED
        changes = {name: value for name, value in patch.items() if name not in _OWN}
        after = merge_patched(kept.record, changes)
        return self._changed(kept, {**after, "metadata": after.get("metadata", {})}, "update", stamp)

    def delete(self, memory_id: str, if_match: str | None = None) -> Expected:
        """DELETE /v1/memories/{id}."""
        self._sweep()
        return self._deleted(self._kept.get(memory_id), if_match)

    def history(self, memory_id: str) -> Expected:
        """GET /v1/memories/{id}/history: the entries without their times; None where only the server knows them."""
        self._sweep()
        kept = self._kept.get(memory_id)
        return MISSING if kept is None else Expected(200, deepcopy(kept.entries))

    def learn(self, memory: Mapping[str, Json], tag: str | None = None) -> None:
        """Take from a record that agrees with the oracle what only the server can say."""
        if (kept := self._kept.get(str(memory.get("id")))) is not None:
            kept.learn(memory, tag)

    # Keyed memories.

    def set(
        self,
        key: str,
        scope: Scope,
        body: Json,
        stamp: Stamp = NO_STAMP,
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Expected:
        """PUT /v1/keyed."""
        self._sweep()
        kept = self._keyed(key, scope)
        met = if_match is None if kept is None else kept.admits(if_match) and if_none_match != "*"
        if not met:
            return PRECONDITION
        if _breaks("keyed-put", body) or self._is_past(body.get("expires_at")):
            return REFUSED
        members = {name: body[name] for name in _PUT if body.get(name) is not None}
        members = {**members, "metadata": members.get("metadata", {})}
        if kept is None:
            new = self._create({"key": key, **members}, {"scope": scope}, stamp)
            return Expected(201, deepcopy(new.record))
        stays = {name: value for name, value in kept.record.items() if name not in _PUT}
        return self._changed(kept, {**stays, **members}, "replace", stamp)

    def get_keyed(self, key: str, scope: Scope) -> Expected:
        """GET /v1/keyed."""
        self._sweep()
        kept = self._keyed(key, scope)
        return MISSING if kept is None else Expected(200, deepcopy(kept.record))

    def unset(self, key: str, scope: Scope, if_match: str | None = None) -> Expected:
        """DELETE /v1/keyed."""
        self._sweep()
        return self._deleted(self._keyed(key, scope), if_match)

    # Many at once.

    def batch(self, operations: Sequence[Json], stamps: Sequence[Stamp] = ()) -> list[Expected]:
        """POST /v1/batch: what each item is answered with, as if they came one by one."""
        told = [*stamps, *[NO_STAMP] * (len(operations) - len(stamps))]
        return [self._item(operation, stamp) for operation, stamp in zip(operations, told, strict=True)]

    def _item(self, operation: Json, stamp: Stamp) -> Expected:
        if _breaks("batch-operation", operation):
            return REFUSED
        if operation["op"] == "add":
            return self.add(operation["memory"], stamp)
        if operation["op"] == "update":
            return self.patch(operation["id"], operation["patch"], stamp, operation.get("if_match"))
        return self.delete(operation["id"], operation.get("if_match"))

    def erase(self, scope: Scope) -> Receipt:
        """POST /v1/erasures, followed to its end."""
        self._sweep()
        chosen = [kept for kept in self._kept.values() if selects(scope, kept.scope)]
        derived = derived_from([kept.id for kept in chosen], [each.record for each in self._kept.values()], self.erased)
        self.erased |= {*derived, *(kept.id for kept in chosen)}
        gone = [*chosen, *(self._kept[memory_id] for memory_id in derived)]
        for kept in gone:
            self._end(kept, "erase")
        self._changes = [c for c in self._changes if c.memory_id not in self.erased or c.operation == "erase"]
        return Receipt(len(chosen), derived)

    def import_(self, records: Sequence[Memory], on_conflict: str = "fail") -> Expected:
        """POST /v1/import of good records: 409, or 200 with the id and status of each."""
        self._sweep()
        there = {str(record["id"]) for record in records} & self._kept.keys()
        if there and on_conflict == "fail":
            return Expected(409)
        rows = []
        for record in records:
            memory_id = str(record["id"])
            status = "created" if memory_id not in there else "overwritten" if on_conflict == "overwrite" else "skipped"
            rows.append((memory_id, status))
            if status != "skipped":
                members = {name: deepcopy(value) for name, value in record.items() if value is not None}
                self._kept[memory_id] = Kept({**members, "version": UNKNOWN, "updated_at": UNKNOWN}, entries=None)
                self._note(self._kept[memory_id], "import")
        self._relink()
        return Expected(200, rows)

    # What a scope shows.

    def selected(self, scope: Scope, *, inherit: bool = False) -> dict[str, Memory]:
        """Return the current memories that a query scope selects, by id."""
        return {kept.id: deepcopy(kept.record) for kept in self._in(scope, inherit) if not self._superseded(kept)}

    def list(self, scope: Scope) -> Memories:
        """GET /v1/memories, all pages: newest first; the order of those made at one instant is the server's."""
        return sorted(self.selected(scope).values(), key=_made, reverse=True)

    def searchable(
        self,
        scope: Scope,
        *,
        filter: Filter | None = None,  # noqa: A002 - the contract's word for it
        inherit: bool = False,
        as_of: str | None = None,
    ) -> dict[str, Memory]:
        """Return the memories that a search may show, by id; what is unknown of them counts as not there."""
        chosen = self.selected(scope, inherit=inherit) if as_of is None else self._held(scope, inherit, instant(as_of))
        known = {memory_id: _known(record) for memory_id, record in chosen.items()}
        return {i: chosen[i] for i, record in known.items() if filter is None or matches(filter, record)}

    def export(self, scope: Scope) -> Memories:
        """GET /v1/export: the records, superseded ones too, oldest first."""
        return sorted((deepcopy(kept.record) for kept in self._in(scope, inherit=False)), key=_made)

    def scopes(self) -> Scopes:
        """GET /v1/scopes: each exact scope that holds a memory, once."""
        self._sweep()
        return [dict(pairs) for pairs in {tuple(sorted(kept.scope.items())) for kept in self._kept.values()}]

    def changes(self, scope: Scope) -> Changes:
        """GET /v1/events: what happened in a scope; of an erased memory only that it was erased."""
        self._sweep()
        return [change for change in self._changes if selects(scope, change.scope)]


def _breaks(schema: str, body: Json) -> bool:
    return next(iter(validator(schema).errors(body)), None) is not None


def _made(record: Mapping[str, Json]) -> Fraction:
    made = record["created_at"]
    return Fraction(0) if made is UNKNOWN else instant(made)


def _known(record: Memory) -> Memory:
    return {name: value for name, value in record.items() if value is not UNKNOWN}
