"""Time in searches: what held at an instant (TEMPORAL-01), against a model, to the microsecond."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from memconform_server.store import Draft, Memory, SearchQuery
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

P = "p"
USER = {"user_id": "u"}
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Clock:
    """A clock that the test moves, in milliseconds since 1970."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> int:
        """Return the present."""
        return int(self.at.timestamp() * 1_000)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at noon."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[SqliteStore]:
    """Give a store that lives by the clock."""
    with closing(SqliteStore(":memory:")) as opened:
        opened.clock = clock
        yield opened


def found(store: SqliteStore, at: datetime | None = None) -> set[str]:
    """Return the contents that a search finds, now or as of an instant."""
    return {hit.memory.content for hit in store.search(P, SearchQuery("x", USER, 200, as_of=at))}


def holds(memory: Memory, at: datetime, successor: Memory | None) -> bool:
    """Tell what the requirement says: start ≤ T < end."""
    ends = [memory.valid_to] if memory.valid_to else []
    if successor is not None:
        ends.append(successor.valid_from or successor.created_at)
    return (memory.valid_from or memory.created_at) <= at and all(at < end for end in ends)


def test_intervals_and_chains_of_successors(store: SqliteStore, clock: Clock) -> None:
    """Random intervals, half of them superseded by others, at instants on, before and after every border."""
    chance = random.Random(3)
    memories: list[Memory] = []
    for number in range(60):
        clock.at += timedelta(milliseconds=chance.randrange(3) * 500)
        start = chance.choice([None, NOON + timedelta(seconds=chance.randrange(-40, 40), microseconds=number)])
        end = chance.choice([None, (start or clock.at) + timedelta(seconds=chance.randrange(1, 30))])
        current = [each for each in memories if store.get(P, each.id).superseded_by is None]  # type: ignore[union-attr]  # it is there
        replaced = [chance.choice(current).id] if current and chance.random() < 0.5 else []
        memories.append(store.add(P, Draft(f"x {number}", USER, valid_from=start, valid_to=end, supersedes=replaced)))
    present = {each.id: store.get(P, each.id) for each in memories}
    borders = {at for each in memories for at in (each.created_at, each.valid_from, each.valid_to) if at}
    for border in borders:
        for at in (border - MICROSECOND, border, border + MICROSECOND):
            expected = {
                each.content
                for each in present.values()
                if each and holds(each, at, present.get(each.superseded_by or ""))
            }
            assert found(store, at) == expected, at
    assert found(store) == {each.content for each in present.values() if each and each.superseded_by is None}


def test_validity_hides_nothing_without_as_of(store: SqliteStore) -> None:
    """What has ceased to hold, or does not hold yet, is found by a search of the present."""
    store.add(P, Draft("past", USER, valid_to=NOON - timedelta(days=1)))
    store.add(P, Draft("future", USER, valid_from=NOON + timedelta(days=1)))
    assert found(store) == {"past", "future"}
    assert found(store, NOON) == set()
    assert found(store, NOON + timedelta(days=2)) == {"future"}


def test_what_has_expired_is_gone_at_every_instant(store: SqliteStore, clock: Clock) -> None:
    """An expired memory is found as of no instant, swept or not, and ends nobody's time."""
    old = store.add(P, Draft("old", USER))
    clock.at += timedelta(seconds=1)
    store.add(P, Draft("new", USER, supersedes=[old.id], expires_at=clock.at + timedelta(seconds=5)))
    later = clock.at + timedelta(seconds=2)
    assert found(store, NOON) == {"old"}
    assert found(store, later) == {"new"}
    clock.at += timedelta(seconds=5)
    for _ in range(2):
        assert found(store) == found(store, NOON) == found(store, later) == {"old"}
        store.sweep()


def test_a_deleted_successor_ends_nothing(store: SqliteStore, clock: Clock) -> None:
    """With its successor deleted a memory holds on."""
    old = store.add(P, Draft("old", USER))
    clock.at += timedelta(seconds=1)
    new = store.add(P, Draft("new", USER, supersedes=[old.id]))
    assert found(store, clock.at) == {"new"}
    store.delete(P, new.id)
    assert found(store, clock.at) == {"old"}


def test_a_changed_interval_counts(store: SqliteStore) -> None:
    """An update of `valid_to` moves the end; the instant itself is outside."""
    memory = store.add(P, Draft("x", USER))
    end = NOON + timedelta(microseconds=7)
    store.update(P, memory.id, lambda present: replace(present, valid_to=end))
    assert found(store, end - MICROSECOND) == {"x"}
    assert found(store, end) == set()


def test_as_of_over_http(alice: httpx.Client, user: dict[str, str]) -> None:
    """The server takes `as_of` in any offset, together with a filter, and finds the home of that time."""
    homes = {"Berlin": ("2020-01-01T00:00:00Z", "2024-05-01T00:00:00Z"), "Lisbon": ("2024-05-01T00:00:00Z", None)}
    for city, (start, end) in homes.items():
        body = {"content": f"I live in {city}", "scope": user, "valid_from": start, "valid_to": end}
        assert alice.post("/v1/memories", json=body).status_code == 201
    for at, city in (("2024-04-30T23:59:59.999999Z", "Berlin"), ("2024-05-01T02:00:00+02:00", "Lisbon")):
        body = {"query": "where do I live?", "scope": user, "as_of": at}
        answer = alice.post("/v1/search", json=body | {"filter": {"op": "exists", "field": "/key", "value": False}})
        assert [hit["memory"]["content"] for hit in answer.json()["results"]] == [f"I live in {city}"]
