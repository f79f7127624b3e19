"""What is held against a stream of changes, and what is not."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from memconform.answer import Answer
from memconform.exchange import Exchange, Received, Sent
from memconform.memory_api import Event, Events
from memconform.scene.change_stream import about, must_be_in_order, must_show
from memconform.verdict import Inconclusive, NotMet


def stream(*changes: tuple[str, str, int]) -> Events:
    """Return a stream of (memory, operation, version), each event under the number of its place."""
    events = [event(str(place), *change) for place, change in enumerate(changes)]
    sent = Sent("GET", "http://127.0.0.1/v1/events")
    received = Received(200, (), b"")
    return Events(Answer(Exchange(sent, received, 0.0, 0.0), received), events)


def event(number: str, memory: str, operation: str, version: int) -> Event:
    """Return one event."""
    data = {"memory_id": memory, "operation": operation, "version": version}
    return Event(number, json.dumps({"id": number, "data": data}))


ALL: Sequence[tuple[str, str]] = (("a", "add"), ("a", "update"))


def test_missing_change_is_held_against_the_server_when_a_later_one_came() -> None:
    """An update that came without the add before it proves that the add is missing."""
    must_show(stream(("a", "add", 1), ("a", "update", 2)), ALL, ALL[-1])
    with pytest.raises(NotMet):
        must_show(stream(("a", "update", 2)), ALL, ALL[-1])


def test_latest_change_may_be_late() -> None:
    """A stream without the very latest change, or without any, proves nothing."""
    for late in (stream(("a", "add", 1)), stream()):
        with pytest.raises(Inconclusive):
            must_show(late, ALL, ALL[-1])


def test_versions_rise_and_ends_name_the_last_one() -> None:
    """Changes have rising versions, a deletion may repeat the last one, and a repeated delivery is no change."""
    must_be_in_order(stream(("a", "add", 1), ("b", "add", 1), ("a", "update", 2), ("a", "delete", 2)))
    with pytest.raises(NotMet):
        must_be_in_order(stream(("a", "update", 2), ("a", "add", 1)))
    twice = [event("7", "a", "add", 1), event("7", "a", "add", 1), event("8", "a", "update", 2)]
    assert [each.id for each in about(twice, "a")] == ["7", "8"]
