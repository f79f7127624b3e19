"""What of a record a target can take, by what it declares: known before anything is sent.

A record is never shown for what it is not. Where the target does not promise to hide what is superseded, or to forget
what expires, such records are left where they are, unless they are asked for (`revive`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memconform.capabilities import Capabilities
from memconform.migrate.losses import WHOLE, Cause, Loss, NotWritten
from memconform.migrate.records import Record, unescaped
from memconform.scene.canonical import canonical

_REVIVED = {"superseded_by": "supersession", "expires_at": "lifecycle"}
"""Members that say that a record is not for now, or not for ever, and the profiles that take them at their word."""

_PROFILES = {"key": "keyed", "expires_at": "lifecycle", "supersedes": "supersession", "superseded_by": "supersession"}

_NOT_KEYED = ("supersedes", "source", "valid_from", "valid_to")
"""What PUT /v1/keyed does not take."""

_UNLIMITED = 1 << 62


class Fitting:
    """Cuts records to what the target declares; `by_import` is how they are written."""

    def __init__(self, capabilities: Capabilities, *, by_import: bool, revive: bool) -> None:
        self.capabilities, self.by_import, self.revive = capabilities, by_import, revive

    def fit(self, record: Record) -> tuple[Record, tuple[Loss, ...]] | NotWritten:
        """Return the record without what the target cannot take, and what that is; or why it is not written at all."""
        refusals = tuple(self._whole(record))
        if refusals:
            return NotWritten(refusals)
        fitted, losses = dict(record), []
        for loss in self._parts(record):
            losses.append(loss)
            if not (self.by_import and loss.cause is Cause.UNDECLARED):  # an import loses nothing, declared or not
                without(fitted, loss.member)
        return fitted, tuple(losses)

    def lost_on_the_way(self, record: Record) -> tuple[Loss, ...]:
        """Return what is lost of every record, however it fits: what only an import keeps."""
        if self.by_import:
            return ()
        members = [name for name in ("id", "created_at") if name in record]
        return tuple(Loss(f"/{name}", Cause.ASSIGNED) for name in members)

    def may_go(self, pointer: str) -> bool:
        """Tell whether a refused member may be left out: what expires must not stay for ever."""
        return self.revive or pointer.removeprefix("/") not in _REVIVED

    def _whole(self, record: Record) -> Iterator[Loss]:
        for member, profile in _REVIVED.items():
            if member in record and profile not in self.capabilities.profiles and not self.revive:
                yield Loss(f"/{member}", Cause.UNDECLARED, {"profile": profile})
        yield from self._above("content_bytes", "/content", len(record["content"].encode()))
        for name, value in record["scope"].items():
            yield from self._above("scope_value_bytes", f"/scope/{name}", len(value.encode()))
        if self.by_import:
            yield from self._above("import_bytes", WHOLE, len(canonical(record)) + 4096)

    def _parts(self, record: Record) -> Iterator[Loss]:
        metadata = record["metadata"]
        sizes = [*self._above("metadata_bytes", "/metadata", len(canonical(metadata)))]
        yield from sizes or self._above("metadata_depth", "/metadata", depth_of(metadata))
        undeclared = {
            member
            for member, profile in _PROFILES.items()
            if member in record and profile not in self.capabilities.profiles
        }
        for member in sorted(undeclared):
            yield Loss(f"/{member}", Cause.UNDECLARED, {"profile": _PROFILES[member]})
        if "key" in record and "key" not in undeclared:
            too_long = [*self._above("key_bytes", "/key", len(record["key"].encode()))]
            yield from too_long
            if not too_long and not self.by_import:
                yield from (Loss(f"/{name}", Cause.NO_OPERATION) for name in _NOT_KEYED if name in record)

    def _above(self, limit: str, member: str, size: int) -> Iterator[Loss]:
        most = self.capabilities.limit_or(limit, _UNLIMITED)
        if size > most:
            yield Loss(member, Cause.LIMIT, {"limit": limit, "most": most, "size": size})


def without(record: Record, pointer: str) -> bool:
    """Take a member, or one name of the metadata, out of a record; False where it cannot be done without."""
    member, *below = pointer.split("/")[1:] or [""]
    if member in ("", "content", "scope", "id") or member not in record:
        return False
    if member != "metadata":
        del record[member]
        return True
    name = unescaped(below[0]) if below else None
    if name is not None and name in record["metadata"]:
        record["metadata"] = {key: value for key, value in record["metadata"].items() if key != name}
        return True
    had = bool(record["metadata"])
    record["metadata"] = {}
    return had


def depth_of(value: Any) -> int:
    """Return how deep a JSON value is nested; an empty object has depth 1, a scalar 0."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, (dict, list)):
            deepest = max(deepest, depth)
            waiting += [(below, depth + 1) for below in (node.values() if isinstance(node, dict) else node)]
    return deepest
