"""What an erasure takes with it: memories that were derived from nothing but what is erased."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many memories the scope selected, and the ids of those that went because all their sources did."""

    memories: int
    derived: tuple[str, ...]


def derived_from(
    chosen: Iterable[str], records: Collection[Mapping[str, Any]], erased_before: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the ids of the records, other than the chosen, whose `source.memory_ids` are all erased then.

    What was derived from derived memories goes with them; a memory that names no sources stays.
    """
    first = set(chosen)
    gone = first | set(erased_before)
    derived: list[str] = []
    while True:
        more = [
            str(record["id"])
            for record in records
            if record["id"] not in gone and (sources := _sources(record)) and sources <= gone
        ]
        if not more:
            return tuple(derived)
        derived += more
        gone |= set(more)


def _sources(record: Mapping[str, Any]) -> set[str]:
    source = record.get("source")
    return set(source.get("memory_ids") or ()) if isinstance(source, Mapping) else set()
