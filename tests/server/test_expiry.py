"""The store's expiry: gone at the very instant, swept soon after, and in nobody's way meanwhile."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened, walked

from memconform_server.store import SearchQuery

if TYPE_CHECKING:
    from pathlib import Path

    from memconform_server.stores.sqlite import SqliteStore


def rows(store: SqliteStore, table: str) -> int:
    """Return how many rows a table has."""
    with store._connections.read() as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.parametrize("microseconds", [0, 1, 500, 999])
def test_it_is_gone_at_the_instant(microseconds: int) -> None:
    """LIFECYCLE-01, LIFECYCLE-02: in everything before, in nothing from then on, whatever was swept."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        memory = store.add(PRINCIPAL, draft("dies", expires_at=clock.after(1_000 + microseconds / 1_000), key="k"))
        store.add(PRINCIPAL, draft("lives"))
        clock.now += 1_000 if microseconds else 999
        assert store.get(PRINCIPAL, memory.id) == memory
        assert store.keyed(PRINCIPAL, USER, "k") == memory
        assert store.history(PRINCIPAL, memory.id, 10, None) is not None
        assert walked(store, USER, limit=1) == ["lives", "dies"]
        clock.now += 1
        assert store.get(PRINCIPAL, memory.id) is None
        assert store.keyed(PRINCIPAL, USER, "k") is None
        assert store.history(PRINCIPAL, memory.id, 10, None) is None
        assert walked(store, USER, limit=1) == ["lives"]
        assert [each.content for each in store.current(PRINCIPAL, USER, inherit=False, limit=5)] == ["lives"]
        assert [hit.memory.content for hit in store.search(PRINCIPAL, SearchQuery("dies", USER, top_k=5))] == ["lives"]
        assert store.update(PRINCIPAL, memory.id, lambda each: replace(each, content="changed")) is None
        assert store.delete(PRINCIPAL, memory.id) is False


def test_the_sweep_leaves_nothing() -> None:
    """What has expired goes with all that depends on it; more than one round takes; the rest stays."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        for number in range(250):
            store.add(PRINCIPAL, draft(f"dies {number}", expires_at=clock.after(1_000)))
        kept = store.add(PRINCIPAL, draft("lives", {"agent_id": "a"}, expires_at=clock.after(1_001)))
        assert store.sweep() == 0
        clock.now += 1_000
        assert store.sweep() == 250
        assert store.sweep() == 0
        for table, left in (("memories", 1), ("selections", 2), ("selectors", 2), ("versions", 1)):
            assert rows(store, table) == left, table
        assert store.get(PRINCIPAL, kept.id) == kept


def test_any_write_sweeps_what_is_due() -> None:
    """A store without a sweeper does not grow with what has expired."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        for number in range(5):
            store.add(PRINCIPAL, draft(str(number), expires_at=clock.after(100)))
            clock.now += 100
        assert rows(store, "memories") == 1


def test_an_expired_key_is_free() -> None:
    """KEYED-05: the same key can be set anew at the instant of the expiry, also behind many that wait to be swept."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        for number in range(150):
            store.add(PRINCIPAL, draft(f"before {number}", expires_at=clock.after(10)))
        old = store.add(PRINCIPAL, draft("old", key="k", expires_at=clock.after(20)))
        clock.now += 20
        new = store.add(PRINCIPAL, draft("new", key="k"))
        assert new.id != old.id
        assert store.keyed(PRINCIPAL, USER, "k") == new


def test_a_long_chain_expires_from_its_end() -> None:
    """Each link of a chain may expire before the one that it supersedes; all are swept, and none restored."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        with store.transaction():
            last = store.add(PRINCIPAL, draft(expires_at=clock.after(5_000)))
            for number in range(1_200):
                expiry = clock.after(4_000 - number)
                last = store.add(PRINCIPAL, draft(supersedes=[last.id], expires_at=expiry))
        clock.now += 5_000
        assert store.sweep() == 1_201
        events = store.events(PRINCIPAL, USER, None, 10_000)
        assert events is not None
        assert Counter(event.operation for event in events) == {"add": 1_201, "supersede": 1_200, "expire": 1_201}
        assert rows(store, "memories") == rows(store, "selectors") == rows(store, "versions") == 0


def test_null_takes_the_expiry_back() -> None:
    """LIFECYCLE-03: a memory whose expiry was removed never goes."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        memory = store.add(PRINCIPAL, draft(expires_at=clock.after(10)))
        store.update(PRINCIPAL, memory.id, lambda each: replace(each, expires_at=None))
        clock.now += 10**12
        assert store.sweep() == 0
        assert store.get(PRINCIPAL, memory.id) is not None


def test_a_transaction_is_one_instant(tmp_path: Path) -> None:
    """What is there when a transaction begins cannot expire before it ends."""
    clock = Clock()
    with opened(tmp_path / "m.db", clock) as store:
        memory = store.add(PRINCIPAL, draft(expires_at=clock.after(10)))
        with store.transaction():
            clock.now += 10
            assert store.now() == clock.now - 10
            assert store.get(PRINCIPAL, memory.id) == memory
            later = store.add(PRINCIPAL, draft("later"))
            assert later.created_at == clock.after(-10)
        assert store.now() == clock.now
        assert store.get(PRINCIPAL, memory.id) is None
