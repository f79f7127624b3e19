"""Which members of two JSON documents differ, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Member:
    """A member that two documents do not have alike; `before` or `now` is a one-tuple, or () where it is absent."""

    pointer: str
    before: tuple[Any, ...]
    now: tuple[Any, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as `schemas/results/difference.schema.json` describes it."""
        said: dict[str, Any] = {"pointer": self.pointer}
        said |= {"before": self.before[0]} if self.before else {}
        return said | ({"now": self.now[0]} if self.now else {})


def members(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Member, ...]:
    """Return the members of two objects that differ, by JSON pointer; lists are compared as a whole."""
    return tuple(_members(before, now, ""))


def _members(before: Mapping[str, Any], now: Mapping[str, Any], place: str) -> Iterator[Member]:
    for name in (*before, *(name for name in now if name not in before)):
        pointer = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
        was, seen = ((document[name],) if name in document else () for document in (before, now))
        if was and seen and isinstance(was[0], Mapping) and isinstance(seen[0], Mapping):
            yield from _members(was[0], seen[0], pointer)
        elif was != seen or _types(was) != _types(seen):
            yield Member(pointer, was, seen)


def _types(values: tuple[Any, ...]) -> list[bool]:
    """Tell true from 1, which Python takes for equal."""
    return [isinstance(value, bool) for value in values]
