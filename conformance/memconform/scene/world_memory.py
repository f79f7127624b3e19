"""One memory as the oracle keeps it: what the contract says of it, and what only the server can say."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from memconform.scene.oracle import RECORD_MEMBERS, difference

Json = Any
Memory = dict[str, Json]


class Unknown:
    """The value of a member that the contract leaves to the server, and that it has not told yet."""

    def __repr__(self) -> str:
        """Return the word for it."""
        return "unknown"

    def __deepcopy__(self, _: object) -> Unknown:
        """Return the same: there is one."""
        return self


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the server chose: an id, times, an entity tag. None where its answer did not say."""

    id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    tag: str | None = None

    @classmethod
    def of(cls, memory: object, tag: str | None = None) -> Stamp:
        """Read the stamp of a record that the server answered with; of anything else none."""
        if not isinstance(memory, Mapping):
            return cls(tag=tag)
        said = {name: memory.get(name) for name in ("id", "created_at", "updated_at")}
        return cls(tag=tag, **{name: value for name, value in said.items() if isinstance(value, str)})


NO_STAMP = Stamp()


@dataclass(frozen=True, slots=True)
class Expected:
    """What an operation must be answered with; 422 stands for 400, too. `body` is None where it is free."""

    status: int
    body: Json = None


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the stream of changes. `version` is None where the contract leaves it open."""

    memory_id: str
    operation: str
    version: int | None
    scope: Mapping[str, str]


@dataclass
class Kept:
    """A memory: its record without null members, its entity tag and its history (None: the server's own affair)."""

    record: Memory
    tag: str | Unknown = UNKNOWN
    entries: list[dict[str, Json]] | None = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.record["id"])

    @property
    def scope(self) -> dict[str, str]:
        """Its exact scope."""
        scope: dict[str, str] = self.record["scope"]
        return scope

    def log(self, operation: str) -> None:
        """Add what the memory is now to its history."""
        if self.entries is not None:
            now = {name: deepcopy(self.record[name]) for name in ("version", "content", "metadata")}
            self.entries.append({"operation": operation, **now})

    def become(self, record: Memory, operation: str, stamp: Stamp) -> None:
        """Take the next version."""
        version = self.record["version"]
        self.record = record
        record["version"] = UNKNOWN if version is UNKNOWN else version + 1
        record["updated_at"] = stamp.updated_at or UNKNOWN
        self.tag = stamp.tag or UNKNOWN
        self.log(operation)

    def admits(self, if_match: str | None) -> bool:
        """Tell whether an `If-Match` goes through. A tag from before the last change, or a weak one, does not."""
        return if_match is None or if_match == "*" or (not if_match.startswith("W/") and if_match == self.tag)

    def learn(self, memory: Mapping[str, Json], tag: str | None = None) -> None:
        """Take from a record that was read what only the server can say."""
        for name in [name for name, value in self.record.items() if value is UNKNOWN]:
            if memory.get(name) is None:
                del self.record[name]
            else:
                self.record[name] = deepcopy(memory[name])
        self.tag = tag or self.tag


def mismatch(expected: Mapping[str, Json], observed: Mapping[str, Json]) -> str | None:
    """Return the name of the first member of the contract in which a record differs from what the oracle expects.

    What is unknown to the oracle differs in nothing; of a `source` only the members that were given count.
    """
    free = {name for name, value in expected.items() if value is UNKNOWN}
    given = expected.get("source")
    seen = observed.get("source")
    told = {**observed}
    if isinstance(given, Mapping) and isinstance(seen, Mapping):
        told["source"] = {name: seen.get(name) for name in given}
    elif given is None:
        told["source"] = None
    known = [name for name in RECORD_MEMBERS if name not in free]
    return difference({name: expected.get(name) for name in known}, {name: told.get(name) for name in known})
