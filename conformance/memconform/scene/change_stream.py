"""What a stream of changes must show: each change, as a valid event, in the order of each memory's versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any

from memconform.answer import control, must, shown
from memconform.contract import validator
from memconform.memory_api import Event, Events

Change = tuple[str, str]
"""The id of a memory, and what was done with it."""

ENDS = ("delete", "expire", "erase")
"""What ends a memory, and makes no version."""


def distinct(events: Iterable[Event]) -> list[Event]:
    """Return the events in order without repeats: each is delivered at least once."""
    return list({event.id: event for event in reversed(list(events))}.values())[::-1]


def about(events: Iterable[Event], memory_id: str) -> list[Event]:
    """Return the events of one memory, each once."""
    return distinct(event for event in events if event.memory_id == memory_id)


def changes_in(events: Iterable[Event]) -> set[Change]:
    """Return what the events tell of."""
    return {(str(event.memory_id), str(event.operation)) for event in events}


def must_show(stream: Events, wanted: Collection[Change], last: Change) -> None:
    """Require the stream to have shown these changes; `last` is the latest of them.

    Only that a later change came while an earlier one did not is held against the server: no time is promised.
    """
    seen = changes_in(stream)
    missing = [change for change in wanted if change not in seen]
    if missing == [last] or not len(stream):
        control(not missing, f"the stream has not shown {_said(missing)} in the time given", stream.answer)
    must(not missing, f"an event for {_said(wanted)}", f"none for {_said(missing)}, though others came", stream.answer)


def must_be_valid(stream: Events) -> None:
    """Require each event to be a CloudEvent of the contract, under its own id, that agrees with itself."""
    for event in stream:
        wrong = next(iter(validator("event").errors(event.document)), None)
        must(wrong is None, "valid CloudEvents", f"{wrong and wrong.message}: {shown(event.document)}", stream.answer)
        document: dict[str, Any] = event.document
        told = (document["id"], document["subject"], document["type"])
        meant = (event.id, event.memory_id, f"io.memory-api.memory.{event.operation}.v1")
        must(told == meant, f"id, subject and type {shown(meant)}", shown(told), stream.answer)


def must_be_in_order(stream: Events) -> None:
    """Require the changes of each memory in the order of its versions; what ended it may name its last version."""
    for memory_id in {str(event.memory_id) for event in stream}:
        about_it = [event for event in about(stream, memory_id) if event.operation not in ENDS]
        numbers = [event.version for event in about_it if isinstance(event.version, int)]
        rising = all(one < two for one, two in pairwise(numbers))
        must(rising, "the events of each memory in version order", f"versions {shown(numbers)}", stream.answer)


def _said(changes: Iterable[Change]) -> str:
    return ", ".join(f"{operation} of {memory_id}" for memory_id, operation in changes)
