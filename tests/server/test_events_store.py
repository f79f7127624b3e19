"""The store's events: every change, in commit order, by scope, also after the memory is gone."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened

from memconform_server.stores.reference.events import RETENTION_S

if TYPE_CHECKING:
    from pathlib import Path

    from memconform_server.store import Event, MemoryStore, Scope

SESSION = {"user_id": "u", "session_id": "s"}


def read(
    store: MemoryStore, scope: Scope = USER, after: str | None = None, limit: int = 1_000, principal: str = PRINCIPAL
) -> list[Event]:
    """Return the events of a scope, which must be readable."""
    found = store.events(principal, scope, after, limit)
    assert found is not None
    return list(found)


def told(events: list[Event]) -> list[tuple[str, int, str]]:
    """Return what events say: memory, version, operation."""
    return [(event.memory_id, event.version, event.operation) for event in events]


def test_every_kind_of_change_is_an_event() -> None:
    """EVENTS-01: add, update, replace, supersede, restore, delete and expire, in version order, at their instants."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        old = store.add(PRINCIPAL, draft("old", key="k"))
        store.update(PRINCIPAL, old.id, lambda each: replace(each, content="older"))
        store.update(PRINCIPAL, old.id, lambda each: replace(each, content="oldest"), "replace")
        clock.now += 5_000
        new = store.add(PRINCIPAL, draft("new", supersedes=[old.id], expires_at=clock.after(1_000)))
        clock.now += 1_000
        assert store.sweep() == 1
        store.delete(PRINCIPAL, old.id)
        events = read(store)
        assert sorted(told(events)) == sorted(
            [
                (old.id, 1, "add"),
                (old.id, 2, "update"),
                (old.id, 3, "replace"),
                (new.id, 1, "add"),
                (old.id, 4, "supersede"),
                (new.id, 1, "expire"),
                (old.id, 5, "restore"),
                (old.id, 5, "delete"),
            ]
        )
        assert [event.version for event in events if event.memory_id == old.id] == [1, 2, 3, 4, 5, 5]
        positions = [event.position for event in events]
        assert positions == sorted(set(positions))
        assert len({event.id for event in events}) == len(events)
        assert events[0].at == old.created_at


def test_what_changes_nothing_is_no_event() -> None:
    """An update to an equal memory, and a change that is undone, leave none."""
    with opened(":memory:") as store:
        memory = store.add(PRINCIPAL, draft())
        store.update(PRINCIPAL, memory.id, lambda each: each)
        with suppress(ZeroDivisionError), store.transaction():
            store.delete(PRINCIPAL, memory.id)
            _ = 1 / 0
        assert told(read(store)) == [(memory.id, 1, "add")]


def test_events_obey_the_scope_law_after_the_memory_is_gone() -> None:
    """Every subset of the scope reads them, nothing else does, and no other principal."""
    with opened(":memory:") as store:
        memory = store.add(PRINCIPAL, draft(scope=SESSION))
        store.delete(PRINCIPAL, memory.id)
        for scope in (SESSION, USER, {"session_id": "s"}):
            assert told(read(store, scope)) == [(memory.id, 1, "add"), (memory.id, 1, "delete")]
        for scope in ({"user_id": "s"}, {"user_id": "U"}, {**SESSION, "app_id": "a"}, {"agent_id": "u"}):
            assert read(store, scope) == []
        assert read(store, SESSION, principal="q") == []


def test_a_reader_goes_on_where_it_stopped() -> None:
    """EVENTS-02: pages of any size, from any event's id, give the same events; a new one comes next."""
    with opened(":memory:") as store:
        for number in range(7):
            store.add(PRINCIPAL, draft(str(number)))
            store.add(PRINCIPAL, draft("elsewhere", {"user_id": "v"}))
        every = read(store)
        for limit in (1, 2, 3, 7):
            found: list[Event] = []
            while page := read(store, after=found[-1].id if found else None, limit=limit):
                assert len(page) <= limit
                found += page
            assert found == every
        assert read(store, after=every[-1].id) == []
        assert read(store, {"user_id": "v"}, after=every[3].id) == read(store, {"user_id": "v"})[3:]
        added = store.add(PRINCIPAL, draft())
        assert told(read(store, after=every[-1].id)) == [(added.id, 1, "add")]


def test_an_unknown_id_is_told_apart_from_the_end() -> None:
    """EVENTS-02: an altered, foreign or invented `after` is unknown."""
    with opened(":memory:") as store, opened(":memory:") as other:
        store.add(PRINCIPAL, draft())
        store.add("q", draft())
        other.add(PRINCIPAL, draft())
        (own,), (foreign,) = read(store), read(store, principal="q")
        altered = own.id[:-1] + ("A" if own.id[-1] != "A" else "B")
        unknown = ["1", "", "x" * 5_000, "é", "====", own.id + "=", own.id[:-4], altered, foreign.id]
        for after in [*unknown, read(other)[0].id]:
            assert store.events(PRINCIPAL, USER, after, 10) is None


def test_events_outlive_a_restart(tmp_path: Path) -> None:
    """Ids and positions are the same in the next process, and positions go on growing."""
    data = tmp_path / "memories.db"
    with opened(data) as store:
        store.delete(PRINCIPAL, store.add(PRINCIPAL, draft()).id)
        before = read(store)
    with opened(data) as store:
        assert read(store) == before
        store.add(PRINCIPAL, draft())
        (new,) = read(store, after=before[-1].id)
        assert new.position > before[-1].position


def test_events_go_after_their_retention() -> None:
    """The oldest go first; an `after` from before the oldest retained event is unknown, the last one swept is not."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        store.add(PRINCIPAL, draft("1"))
        store.add(PRINCIPAL, draft("2"))
        clock.now += RETENTION_S * 500
        kept = store.add(PRINCIPAL, draft("3"))
        events = read(store)
        clock.now += RETENTION_S * 500 - 1
        store.sweep()
        assert read(store) == events
        clock.now += 1
        store.sweep()
        assert told(read(store)) == [(kept.id, 1, "add")]
        assert store.events(PRINCIPAL, USER, events[0].id, 10) is None
        assert read(store, after=events[1].id) == events[2:]
        assert len(walk := read(store, after=events[2].id)) == 0, walk


def test_positions_follow_the_commits_of_many_writers(tmp_path: Path) -> None:
    """EVENTS-01: a reader that follows while 8 threads write misses nothing."""
    with opened(tmp_path / "memories.db") as store:
        added: list[str] = []
        done = threading.Event()
        found: list[Event] = []

        def write() -> None:
            added.extend(store.add(PRINCIPAL, draft(str(number))).id for number in range(15))

        def follow() -> None:
            while True:
                last = done.is_set()
                found.extend(read(store, after=found[-1].id if found else None, limit=5))
                if last and not read(store, after=found[-1].id):
                    return

        writers = [threading.Thread(target=write) for _ in range(8)]
        reader = threading.Thread(target=follow)
        for thread in [*writers, reader]:
            thread.start()
        for thread in writers:
            thread.join(60)
        done.set()
        reader.join(60)
        assert sorted(event.memory_id for event in found) == sorted(added)
        assert len(added) == 120


def test_erased_memories_leave_one_event() -> None:
    """EVENTS-02: of an erased memory only the erasure is told; of one deleted before, only its end."""
    with opened(":memory:") as store:
        erased = store.add(PRINCIPAL, draft(scope=SESSION))
        store.update(PRINCIPAL, erased.id, lambda each: replace(each, content="changed"))
        deleted = store.add(PRINCIPAL, draft())
        store.delete(PRINCIPAL, deleted.id)
        other = store.add(PRINCIPAL, draft(scope={"user_id": "v"}))
        before = read(store)
        job = store.begin(PRINCIPAL, "erasure", USER, None)
        later = store.add(PRINCIPAL, draft())
        claimed = store.claim()
        assert claimed is not None
        assert store.erase(claimed).memories == 1
        assert store.finish(job.id, {}, None)
        after = [(deleted.id, 1, "delete"), (later.id, 1, "add"), (erased.id, 2, "erase")]
        assert told(read(store)) == after
        assert told(read(store, SESSION)) == [(erased.id, 2, "erase")]
        assert told(read(store, {"user_id": "v"})) == [(other.id, 1, "add")]
        assert told(read(store, after=before[0].id)) == after  # the id of an event that was erased still stands
