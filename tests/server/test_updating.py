"""The store's `update`: one step, a version higher, strictly later, and never lost."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened, walked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from memconform_server.store import Memory

COUNTING = """
import sys
from dataclasses import replace
from memconform_server.stores.sqlite import SqliteStore

store = SqliteStore(sys.argv[1])
for _ in range(int(sys.argv[3])):
    store.update("p", sys.argv[2], lambda memory: replace(memory, metadata={"n": memory.metadata["n"] + 1}))
store.close()
"""
"""Counts up in a process of its own: the data, the id, how often."""


def counted_up(memory: Memory) -> Memory:
    """Return the memory with one more in its metadata."""
    return replace(memory, metadata={"n": memory.metadata["n"] + 1})


def test_a_change_is_the_next_version_and_later() -> None:
    """UPDATE-03: version one higher and `updated_at` strictly later, even while the clock stands or goes back."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        first = store.add(PRINCIPAL, draft("one", metadata={"a": 1}))
        second = store.update(PRINCIPAL, first.id, lambda memory: replace(memory, content="two"))
        clock.now -= 5_000
        third = store.update(PRINCIPAL, first.id, lambda memory: replace(memory, content="three"))
        assert second is not None
        assert third is not None
        assert (first.version, second.version, third.version) == (1, 2, 3)
        assert first.updated_at < second.updated_at < third.updated_at
        assert second == replace(first, content="two", version=2, updated_at=second.updated_at)
        assert store.get(PRINCIPAL, first.id) == third


@pytest.mark.parametrize(
    "change",
    [
        lambda memory: memory,
        lambda memory: replace(memory, metadata={"b": [1], "a": {"x": 1.0}}),
        lambda memory: replace(memory, version=9, updated_at=memory.created_at - timedelta(days=1)),
    ],
    ids=["the same", "the same value, written differently", "only what is the store's"],
)
def test_what_changes_nothing_leaves_no_trace(change: Callable[[Memory], Memory]) -> None:
    """UPDATE-03: where nothing differs neither version nor `updated_at` nor history move."""
    with opened(":memory:") as store:
        first = store.add(PRINCIPAL, draft(metadata={"a": {"x": 1}, "b": [1]}))
        assert store.update(PRINCIPAL, first.id, change) == first
        assert store.get(PRINCIPAL, first.id) == first
        history = store.history(PRINCIPAL, first.id, 10, None)
        assert history is not None
        assert len(history.items) == 1


@pytest.mark.parametrize(("before", "after"), [(1, True), (True, 1), (0, False), ("1", 1), ([], {}), (None, False)])
def test_values_of_another_type_differ(before: Any, after: Any) -> None:
    """A value that Python calls equal is a change where JSON has another type."""
    with opened(":memory:") as store:
        first = store.add(PRINCIPAL, draft(metadata={"a": before}))
        changed = store.update(PRINCIPAL, first.id, lambda memory: replace(memory, metadata={"a": after}))
        assert changed is not None
        assert changed.version == 2
        assert repr(changed.metadata["a"]) == repr(after)


def test_every_member_can_change() -> None:
    """What `change` returns is what is there afterwards, list place and search included."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        old = store.add(PRINCIPAL, draft("the first text about lighthouses"))
        store.add(PRINCIPAL, draft("another"))
        members: dict[str, Any] = {
            "content": "a second one about submarines",
            "metadata": {"a": 1},
            "confidence": 0.5,
            "expires_at": clock.after(1_000.001),
            "valid_from": clock.after(-0.001),
            "valid_to": clock.after(0.999),
            "ext": {"com.example": {}},
        }
        new = store.update(PRINCIPAL, old.id, lambda memory: replace(memory, **members))
        assert new is not None
        assert new == replace(old, version=2, updated_at=new.updated_at, **members)
        assert store.get(PRINCIPAL, old.id) == new
        assert walked(store, USER) == ["another", "a second one about submarines"]
        nothing: dict[str, Any] = dict.fromkeys(("confidence", "expires_at", "valid_from", "valid_to", "ext"))
        bare = store.update(PRINCIPAL, old.id, lambda memory: replace(memory, **nothing))
        assert bare is not None
        assert bare == replace(new, version=3, updated_at=bare.updated_at, **nothing)
        assert store.get(PRINCIPAL, old.id) == bare


def test_a_change_that_fails_changes_nothing() -> None:
    """Where `change` raises, the memory stays as it was."""

    def fails(memory: Memory) -> Memory:
        raise LookupError(memory.id)

    with opened(":memory:") as store:
        first = store.add(PRINCIPAL, draft())
        with pytest.raises(LookupError):
            store.update(PRINCIPAL, first.id, fails)
        assert store.get(PRINCIPAL, first.id) == first


def test_nobody_elses_memory_is_changed() -> None:
    """TENANCY-03: another principal's id, or an unknown one, is None, and `change` is not asked."""
    with opened(":memory:") as store:
        first = store.add(PRINCIPAL, draft())
        assert store.update("q", first.id, lambda _: pytest.fail("asked")) is None
        assert store.update(PRINCIPAL, "unknown", lambda _: pytest.fail("asked")) is None
        assert store.get(PRINCIPAL, first.id) == first


@pytest.mark.parametrize("data", [":memory:", "file"])
def test_no_update_is_lost_among_threads(tmp_path: Path, data: str) -> None:
    """CONCURRENCY-04: 16 threads that count up one memory leave every count, and as many versions."""
    with opened(tmp_path / "m.db" if data == "file" else data) as store:
        memory_id = store.add(PRINCIPAL, draft(metadata={"n": 0})).id

        def count(_: int) -> None:
            for _ in range(25):
                store.update(PRINCIPAL, memory_id, counted_up)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(count, range(16)))
        last = store.get(PRINCIPAL, memory_id)
        assert last is not None
        assert (last.metadata, last.version) == ({"n": 400}, 401)
        history = store.history(PRINCIPAL, memory_id, 500, None)
        assert history is not None
        assert [entry.version for entry in history.items] == list(range(1, 402))
        assert [entry.metadata["n"] for entry in history.items] == list(range(401))
        instants = [entry.at for entry in history.items]
        assert instants == sorted(set(instants))


def test_no_update_is_lost_among_processes(tmp_path: Path) -> None:
    """Two processes on one file count up one memory and lose nothing."""
    with opened(tmp_path / "m.db") as store:
        memory_id = store.add(PRINCIPAL, draft(metadata={"n": 0})).id
        command = [sys.executable, "-c", COUNTING, str(tmp_path / "m.db"), memory_id, "60"]
        others = [subprocess.Popen(command) for _ in range(2)]
        for _ in range(60):
            store.update(PRINCIPAL, memory_id, counted_up)
        assert [other.wait(60) for other in others] == [0, 0]
        last = store.get(PRINCIPAL, memory_id)
        assert last is not None
        assert (last.metadata, last.version) == ({"n": 180}, 181)
