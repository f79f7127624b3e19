"""What an entry of a history must show."""

from __future__ import annotations

from collections.abc import Sequence

from memconform.answer import must_equal
from memconform.memory_api import Memory
from memconform.scene.differences import must_match


def must_end_in(entries: Sequence[Memory], record: Memory) -> None:
    """Require the last entry to be the memory as it is read."""
    must_equal(entries[-1].get("version"), record.get("version"), "version of the last entry =")
    must_show(entries[-1], record, "the last entry")


def must_show(entry: Memory, record: Memory, what: str) -> None:
    """Require an entry to have content and metadata of the memory at that version."""
    for name in ("content", "metadata"):
        must_match(record.get(name), entry.get(name), f"{name} of {what}:")
