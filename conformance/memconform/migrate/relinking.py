"""References between memories, in the ids that the target gave them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memconform.migrate.losses import Cause, Loss
from memconform.migrate.records import Record
from memconform.migrate.state import Stage, State

_THERE = (Stage.STORED, Stage.VERIFIED)


def before(record: Record) -> Iterator[str]:
    """Yield the ids of the records that have to be there before this one is written."""
    for each in (*(record.get("supersedes") or ()), *_sources(record)):
        if isinstance(each, str):
            yield each


def relinked(record: Record, state: State, *, by_import: bool) -> tuple[Record, tuple[Loss, ...]]:
    """Return the record as it reads in the target's ids, and the losses where what it names is not there.

    An import takes ids that lead nowhere as they are; `supersedes` of an add must not name any.
    """
    copy, losses = dict(record), []
    if record.get("supersedes"):
        known = [target_of(each, state) for each in record["supersedes"]]
        if by_import:
            known = [new or old for new, old in zip(known, record["supersedes"], strict=True)]
        copy["supersedes"] = [each for each in known if each is not None]
        if len(copy["supersedes"]) < len(record["supersedes"]):
            losses.append(Loss("/supersedes", Cause.UNLINKED))
        if not copy["supersedes"]:
            del copy["supersedes"]
    if _sources(record):
        new_ids = [target_of(each, state) for each in _sources(record)]
        if None in new_ids and not by_import:
            losses.append(Loss("/source/memory_ids", Cause.UNLINKED))
        kept = [new or old for new, old in zip(new_ids, _sources(record), strict=True)]
        copy["source"] = {**record["source"], "memory_ids": kept}
    return copy, tuple(losses)


def target_of(record_id: Any, state: State) -> str | None:
    """Return the id at the target of a record that is there, else None."""
    step = state.step(record_id) if isinstance(record_id, str) else None
    return step.target if step is not None and step.stage in _THERE else None


def _sources(record: Record) -> list[Any]:
    source = record.get("source")
    ids = source.get("memory_ids") if isinstance(source, dict) else None
    return ids if isinstance(ids, list) else []
