"""The store's export and import, and its list of scopes: all of a scope out, and in again somewhere else."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened, walked

from memconform_server.store import AlreadyThere

if TYPE_CHECKING:
    from pathlib import Path

    from memconform_server.store import Memory, MemoryStore, Scope

SESSION = {"user_id": "u", "session_id": "s"}
OTHER = {"user_id": "v"}


def exported(store: MemoryStore, scope: Scope = USER, principal: str = PRINCIPAL) -> list[Memory]:
    """Return an export; two walks give the same."""
    with store.export(principal, scope) as walk:
        found = list(walk())
        assert list(walk()) == found
    return found


def stripped(memories: list[Memory]) -> list[Memory]:
    """Return memories without what an import may change."""
    return [replace(each, version=0, updated_at=each.created_at) for each in memories]


def told(store: MemoryStore, memory_id: str) -> list[tuple[int, str]]:
    """Return what the events say of one memory."""
    events = store.events(PRINCIPAL, USER, None, 1_000)
    assert events is not None
    return [(event.version, event.operation) for event in events if event.memory_id == memory_id]


def filled(store: MemoryStore, clock: Clock) -> None:
    """Add memories with every member, and a chain that supersedes."""
    at = clock.after(-0.5)
    chain: list[str] = []
    for number in range(4):
        clock.now += 3
        chain.append(store.add(PRINCIPAL, draft(f"chain {number}", supersedes=chain[-1:])).id)
    members = {"metadata": {"a": [1, None, {"": "é"}]}, "ext": {"com.example": {"b": 2**60}}, "confidence": 0.25}
    times = {"valid_from": at, "valid_to": at + timedelta(microseconds=1), "expires_at": clock.after(1e9)}
    store.add(PRINCIPAL, draft("whole", SESSION, key="k", source={"memory_ids": chain}, **members, **times))
    store.add(PRINCIPAL, draft("keyed", key="k"))


def test_an_export_is_whole_and_oldest_first(tmp_path: Path) -> None:
    """PORTABILITY-01: superseded ones too, expired ones and other scopes not; each as a GET shows it."""
    clock = Clock()
    with opened(tmp_path / "memories.db", clock) as store:
        filled(store, clock)
        store.add(PRINCIPAL, draft("elsewhere", OTHER))
        store.add(PRINCIPAL, draft("short", expires_at=clock.after(1)))
        clock.now += 1
        found = exported(store)
        assert [memory.content for memory in found] == ["chain 0", "chain 1", "chain 2", "chain 3", "whole", "keyed"]
        assert found == [store.get(PRINCIPAL, memory.id) for memory in found]
        assert [memory.content for memory in exported(store, SESSION)] == ["whole"]
        assert exported(store, {"user_id": "nobody"}) == []
        assert exported(store, principal="q") == []


def test_an_export_is_one_state(tmp_path: Path) -> None:
    """PORTABILITY-05: what is added, changed and deleted during the walk is not in it; a second walk equals it."""
    with opened(tmp_path / "memories.db") as store:
        before = [store.add(PRINCIPAL, draft(str(number))) for number in range(450)]
        with store.export(PRINCIPAL, USER) as walk:
            found = []
            for number, memory in enumerate(walk()):
                found.append(memory)
                if number % 90 == 0:
                    store.delete(PRINCIPAL, before[number + 20].id)
                    store.update(PRINCIPAL, before[number + 30].id, lambda each: replace(each, content="changed"))
                    store.add(PRINCIPAL, draft("added"))
            assert found == before
            assert list(walk()) == before


def test_an_export_goes_from_thread_to_thread(tmp_path: Path) -> None:
    """Begun in one thread, walked in a second, ended in a third; also for data in memory, where writers go on."""
    for data in (tmp_path / "memories.db", ":memory:"):
        with opened(data) as store:
            memory = store.add(PRINCIPAL, draft())
            export = store.export(PRINCIPAL, USER)
            walk = export.__enter__()
            found: list[Memory] = []
            steps = (lambda: store.delete(PRINCIPAL, memory.id), lambda: found.extend(walk()))  # noqa: B023 - run at once
            for step in (*steps, lambda: export.__exit__(None, None, None)):  # noqa: B023 - as above
                thread = threading.Thread(target=step)
                thread.start()
                thread.join(20)
                assert not thread.is_alive()
            assert found == [memory]


def test_an_import_elsewhere_loses_nothing() -> None:
    """PORTABILITY-02: into another principal and another store; ids, keys, instants and links are kept."""
    clock = Clock()
    with opened(":memory:", clock) as store, opened(":memory:", clock) as other:
        filled(store, clock)
        file = exported(store)
        clock.now += 1_000
        for target, principal in ((store, "q"), (other, PRINCIPAL)):
            for memory in file:
                assert target.restore(principal, memory, "fail") == "created"
            again = exported(target, principal=principal)
            assert stripped(again) == stripped(file)
            assert all(each.updated_at >= clock.after(0) for each in again)
            assert walked(target, USER, principal=principal) == ["keyed", "whole", "chain 3"]
            target.delete(principal, file[3].id)
            assert walked(target, USER, principal=principal) == ["keyed", "whole", "chain 2"]
        assert exported(store)[:3] == file[:3]


def test_links_do_not_depend_on_the_order() -> None:
    """A successor before what it supersedes gives the same as after it."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        filled(store, clock)
        file = exported(store)
        for memory in reversed(file):
            store.restore("q", memory, "fail")
        again = exported(store, principal="q")
        assert sorted(stripped(again), key=lambda each: each.id) == sorted(stripped(file), key=lambda each: each.id)


def test_what_is_missing_supersedes_nothing() -> None:
    """A memory whose successor is not in the file is current; a link that the successor does not confirm is dropped."""
    with opened(":memory:") as store:
        old = store.add("q", draft("old"))
        store.add("q", draft("new", supersedes=[old.id]))
        hidden = store.get("q", old.id)
        assert hidden is not None
        store.restore(PRINCIPAL, hidden, "fail")
        stranger = store.add(PRINCIPAL, draft("stranger"))
        store.restore(PRINCIPAL, replace(hidden, id="x", superseded_by=stranger.id), "fail")
        store.restore(PRINCIPAL, replace(hidden, id="y", superseded_by="y", supersedes=["y"]), "fail")
        store.restore(PRINCIPAL, replace(hidden, id="z", superseded_by="z", supersedes=[old.id], scope=OTHER), "fail")
        assert sorted(walked(store, USER)) == ["old", "old", "old", "stranger"]
        assert walked(store, OTHER) == ["old"]


def test_an_import_is_a_version_and_an_event() -> None:
    """HISTORY-01, EVENTS-01: created ones begin at version 1; what links them is a change like any other."""
    with opened(":memory:") as store:
        old = store.add("q", draft("old"))
        new = store.add("q", draft("new", supersedes=[old.id]))
        for memory in exported(store, principal="q"):
            store.restore(PRINCIPAL, memory, "fail")
        history = store.history(PRINCIPAL, old.id, 10, None)
        assert history is not None
        assert [(each.version, each.operation) for each in history.items] == [(1, "import"), (2, "supersede")]
        assert told(store, old.id) == [(1, "import"), (2, "supersede")]
        assert told(store, new.id) == [(1, "import")]


def test_skip_leaves_what_is_there() -> None:
    """PORTABILITY-03: importing again changes nothing, not an event."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        filled(store, clock)
        file, events = exported(store), store.events(PRINCIPAL, USER, None, 1_000)
        clock.now += 1_000
        changed = [replace(memory, content="changed") for memory in file]
        assert {store.restore(PRINCIPAL, memory, "skip") for memory in changed} == {"skipped"}
        assert exported(store) == file
        assert store.events(PRINCIPAL, USER, None, 1_000) == events


@pytest.mark.parametrize("conflict", ["id", "key"])
def test_fail_refuses_what_is_taken(conflict: str) -> None:
    """An id, or a key in its exact scope, that is taken is refused; another principal's is not."""
    with opened(":memory:") as store:
        taken = store.add(PRINCIPAL, draft("taken", key="k"))
        clash = replace(taken, key="free") if conflict == "id" else replace(taken, id="new")
        with pytest.raises(AlreadyThere):
            store.restore(PRINCIPAL, clash, "fail")
        assert exported(store) == [taken]
        assert store.restore(PRINCIPAL, clash, "skip") == "skipped"
        assert store.restore("q", clash, "fail") == "created"


def test_overwrite_replaces_the_whole_record() -> None:
    """Content, scope, key, creation and all; a version higher; found by its new text and in its new place only."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        first = store.add(PRINCIPAL, draft("first", metadata={"a": 1}, key="k", confidence=1.0))
        store.add(PRINCIPAL, draft("second"))
        moved = replace(
            first,
            content="moved",
            metadata={},
            key=None,
            confidence=None,
            scope=SESSION,
            created_at=clock.after(-5_000),
        )
        clock.now += 10
        assert store.restore(PRINCIPAL, moved, "overwrite") == "overwritten"
        after = store.get(PRINCIPAL, first.id)
        assert after == replace(moved, version=2, updated_at=clock.after(0))
        assert walked(store, USER) == ["second", "moved"]
        assert store.keyed(PRINCIPAL, USER, "k") is None
        assert store.scopes(PRINCIPAL, 10, None).items == [(USER, 1), (SESSION, 1)]
        assert told(store, first.id) == [(1, "add"), (1, "delete"), (2, "import")]
        history = store.history(PRINCIPAL, first.id, 10, None)
        assert history is not None
        assert [(each.operation, each.content) for each in history.items] == [("add", "first"), ("import", "moved")]


def test_overwrite_puts_aside_who_has_the_key() -> None:
    """One memory for each key: the present holder goes, whatever its id."""
    with opened(":memory:") as store:
        holder = store.add(PRINCIPAL, draft("holder", key="k"))
        plain = store.add(PRINCIPAL, draft("plain"))
        assert store.restore(PRINCIPAL, replace(plain, key="k"), "overwrite") == "overwritten"
        assert store.get(PRINCIPAL, holder.id) is None
        assert store.keyed(PRINCIPAL, USER, "k") == store.get(PRINCIPAL, plain.id)
        assert store.restore(PRINCIPAL, replace(holder, key="k"), "overwrite") == "overwritten"
        assert [memory.id for memory in exported(store)] == [holder.id]


def test_overwrite_follows_the_records_links() -> None:
    """What it no longer supersedes is restored, what it supersedes now is hidden; who supersedes it still does."""
    with opened(":memory:") as store:
        one, two = store.add(PRINCIPAL, draft("one")), store.add(PRINCIPAL, draft("two"))
        new = store.add(PRINCIPAL, draft("new", supersedes=[one.id]))
        store.restore(PRINCIPAL, replace(new, supersedes=[two.id]), "overwrite")
        assert walked(store, USER) == ["new", "one"]
        store.restore(PRINCIPAL, replace(two, content="again"), "overwrite")
        hidden = store.get(PRINCIPAL, two.id)
        assert hidden is not None
        assert (hidden.content, hidden.superseded_by) == ("again", new.id)
        assert walked(store, USER) == ["new", "one"]


def test_an_expired_record_is_left_out() -> None:
    """It is skipped; where it overwrites a live one, that one expires."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        live = store.add(PRINCIPAL, draft())
        over = replace(live, expires_at=clock.after(-1))
        assert store.restore("q", over, "fail") == "skipped"
        assert store.restore(PRINCIPAL, over, "overwrite") == "overwritten"
        assert store.get(PRINCIPAL, live.id) is None
        assert exported(store) == []
        clock.now += 5_000
        store.sweep()
        assert store.restore(PRINCIPAL, live, "fail") == "created"


def test_an_import_from_a_clock_ahead_keeps_its_order() -> None:
    """`updated_at` is never before `created_at`."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        ahead = replace(store.add("q", draft()), created_at=clock.after(60_000), updated_at=clock.after(60_000))
        assert store.restore(PRINCIPAL, ahead, "fail") == "created"
        assert store.restore(PRINCIPAL, ahead, "overwrite") == "overwritten"
        (found,) = exported(store)
        assert found.created_at == clock.after(60_000)
        assert found.updated_at >= found.created_at


def test_scopes_are_exact_and_counted() -> None:
    """Each exact scope once, superseded memories counted, expired ones not; gone when its last memory goes."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        old = store.add(PRINCIPAL, draft("old"))
        new = store.add(PRINCIPAL, draft("new", supersedes=[old.id]))
        session = store.add(PRINCIPAL, draft(scope=SESSION, expires_at=clock.after(10)))
        store.add(PRINCIPAL, draft(scope=SESSION))
        store.add("q", draft(scope=OTHER))
        assert store.scopes(PRINCIPAL, 10, None).items == [(USER, 2), (SESSION, 2)]
        clock.now += 10
        assert store.scopes(PRINCIPAL, 10, None).items == [(USER, 2), (SESSION, 1)]
        store.delete(PRINCIPAL, new.id)
        store.delete(PRINCIPAL, old.id)
        assert store.scopes(PRINCIPAL, 10, None).items == [(SESSION, 1)]
        assert store.get(PRINCIPAL, session.id) is None


def test_pages_of_scopes_concatenate() -> None:
    """Whatever the limit, and while others come and go, each scope that was there throughout is there once."""
    with opened(":memory:") as store:
        ids = [store.add(PRINCIPAL, draft(scope={"user_id": f"u{number}"})).id for number in range(9)]
        for limit in (1, 2, 4, 9, 50):
            found: list[str] = []
            after = None
            while True:
                page = store.scopes(PRINCIPAL, limit, after)
                found += [scope["user_id"] for scope, _ in page.items]
                if page.next is None:
                    break
                after = page.next
            assert found == [f"u{number}" for number in range(9)]
        first = store.scopes(PRINCIPAL, 4, None)
        store.delete(PRINCIPAL, ids[3])
        store.delete(PRINCIPAL, ids[6])
        rest = store.scopes(PRINCIPAL, 10, first.next)
        assert [scope["user_id"] for scope, _ in rest.items] == ["u4", "u5", "u7", "u8"]
