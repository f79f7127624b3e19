"""The search index in memory: always what its transaction sees, whoever wrote it, and within its budget."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from memconform_server.store import Draft, SearchQuery
from memconform_server.stores.reference import index
from memconform_server.stores.reference.conditions import Condition
from memconform_server.stores.reference.index import changes, copies, searching
from memconform_server.stores.reference.index.block import block, merged
from memconform_server.stores.reference.index.entries import entry
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from memconform_server.stores.reference.index.block import Block

P = "p"
USER = {"user_id": "u"}
WORDS = ["red", "blue", "boat", "harbour", "tea", "cat", "dog", "sings", "old", "new", "Tokyo", "cello", "茶", "кот"]
ALL = Condition("1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Give a store in a file."""
    opened = SqliteStore(tmp_path / "memories.db")
    yield opened
    opened.close()


@contextmanager
def own_copies(monkeypatch: pytest.MonkeyPatch, budget: int = copies.BUDGET_BYTES) -> Iterator[copies.Copies]:
    """Use fresh copies for the time of a block: all is read from the tables."""
    with monkeypatch.context() as patch:
        patch.setattr(searching, "COPIES", copies.Copies(budget))
        yield searching.COPIES


def ranking(store: SqliteStore, text: str, scope: dict[str, str] | None = None) -> list[tuple[str, float]]:
    """Return ids and scores."""
    return [(hit.memory.id, hit.score) for hit in store.search(P, SearchQuery(text, scope or USER, 200))]


def test_it_follows_every_change(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each of many changes (adds, new contents, deletions) it ranks as one that was made anew."""
    chance = random.Random(1)
    ids: list[str] = []
    for step in range(150):
        text = " ".join(chance.choices(WORDS, k=4))
        dice = chance.random()
        if dice < 0.55 or len(ids) < 3:
            scope = USER if dice < 0.4 else USER | {"agent_id": "a"}
            ids += [store.add(P, Draft(text, scope)).id for _ in range(1 + step % 3)]
        elif dice < 0.75:
            assert store.update(P, chance.choice(ids), partial(replace, content=text)) is not None
        else:
            assert store.delete(P, ids.pop(chance.randrange(len(ids))))
        if chance.random() < 0.7:
            for query in (text, "old cat"):
                grown = ranking(store, query)
                with own_copies(monkeypatch):
                    assert grown == ranking(store, query)
                assert {memory_id for memory_id, _ in grown} == set(ids)


def test_it_follows_another_process(store: SqliteStore, tmp_path: Path) -> None:
    """What another process committed is found by the next search here."""
    store.add(P, Draft("the first one", USER))
    assert len(ranking(store, "one")) == 1
    program = (
        "import sys; from memconform_server.store import Draft\n"
        "from memconform_server.stores.sqlite import SqliteStore\n"
        "store = SqliteStore(sys.argv[1])\n"
        "for n in range(3): store.add('p', Draft(f'number {n}', {'user_id': 'u'}))\n"
        "store.close()"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "memories.db"], check=True, timeout=60)
    assert len(ranking(store, "number")) == 4


def test_it_forgets_what_was_rolled_back(store: SqliteStore) -> None:
    """A search within a transaction sees its writes; after a rollback nobody does, nor what took their numbers."""
    store.add(P, Draft("kept", USER))

    def undone() -> None:
        with store.transaction():
            memory = store.add(P, Draft("undone", USER))
            assert ranking(store, "undone")[0] == (memory.id, 1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert len(ranking(store, "undone")) == 1
    later = store.add(P, Draft("later", USER))
    assert ranking(store, "later")[0] == (later.id, 1.0)
    assert len(ranking(store, "undone")) == 2


def test_an_older_transaction_sees_its_own_state(tmp_path: Path) -> None:
    """A transaction that began before a commit ranks what was there then, also after others saw the new state."""
    path = tmp_path / "memories.db"
    store = SqliteStore(path)
    for number in range(5):
        store.add(P, Draft(f"note {number}", USER))
    first = store.list(P, USER, 1, None).items[0].id
    connections = [sqlite3.connect(path, isolation_level=None) for _ in range(2)]
    (selector,) = connections[0].execute("SELECT id FROM selectors WHERE exact = 0").fetchone()
    seen = []
    for connection in connections:
        connection.execute("BEGIN")
        seen.append(index.search(connection, [selector], "note", 100, None, ALL))
        store.delete(P, first)
        for number in range(5):
            first = store.add(P, Draft(f"another note {number}", USER)).id
            ranking(store, "note")
    for connection, before, count in zip(connections, seen, (5, 9), strict=True):
        assert index.search(connection, [selector], "note", 100, None, ALL) == before
        assert len(before) == count
        connection.close()
    assert len(ranking(store, "note")) == 13
    store.close()


def test_it_follows_a_memory_from_scope_to_scope(store: SqliteStore) -> None:
    """What an import moved into another scope is found there, and no longer where it was."""
    other = {"user_id": "other"}
    memory = store.add(P, Draft("it moves", USER))
    store.add(P, Draft("it stays", USER))
    store.add(P, Draft("it was there", other))
    assert [len(ranking(store, "it", scope)) for scope in (USER, other)] == [2, 1]
    store.update(P, memory.id, lambda present: replace(present, scope=other), "import")
    assert [len(ranking(store, "it", scope)) for scope in (USER, other)] == [1, 2]
    assert ranking(store, "it moves", other)[0] == (memory.id, 1.0)


def test_it_is_made_anew_where_the_log_does_not_reach(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that keeps five changes does for a copy that is further behind: it is read from the tables."""
    monkeypatch.setattr(changes, "KEPT", 5)
    store.add(P, Draft("the first", USER))
    assert len(ranking(store, "first")) == 1
    with store.transaction():
        for number in range(20):
            store.add(P, Draft(f"note {number}", USER))
            store.add(P, Draft(f"note {number}", {"user_id": "other"}))
    assert len(ranking(store, "first")) == 21
    with sqlite3.connect(str(store._connections._path)) as database:
        assert database.execute("SELECT count(*) FROM index_changes").fetchone() == (5,)


def test_changes_elsewhere_make_nothing_anew(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that is up to date stays, whatever other scopes do."""
    store.add(P, Draft("mine", USER))
    before = ranking(store, "mine")
    store.add(P, Draft("yours", {"user_id": "other"}))

    def never(*_: object) -> None:
        raise AssertionError("it was read from the tables again")

    monkeypatch.setattr(copies, "_read", never)
    assert ranking(store, "mine") == before


def test_a_budget_is_kept(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies unused longest go when the budget is spent; a scope beyond the budget is searched all the same."""
    users = [{"user_id": f"u{number}"} for number in range(12)]
    for scope in users:
        with store.transaction():
            for number in range(40):
                store.add(P, Draft(f"note {number} of {scope['user_id']}", scope))
    with own_copies(monkeypatch) as plenty:
        expected = [ranking(store, "note 7", scope) for scope in users]
        each = plenty.size / len(users)
    for budget, kept in ((int(3.5 * each), 3), (1_000, 0)):
        with own_copies(monkeypatch, budget) as few:
            assert [ranking(store, "note 7", scope) for scope in users] == expected
            assert len(few._copies) == kept
            assert few.size <= budget


def test_threads_search_and_write_at_once(store: SqliteStore) -> None:
    """Eight threads write and search one scope: each finds its own write first, and no search fails."""
    faults: list[object] = []

    def work(thread: int) -> None:
        for number in range(15):
            text = f"thread {thread} number {number}"
            memory = store.add(P, Draft(text, USER))
            if ranking(store, text)[:1] != [(memory.id, 1.0)]:
                faults.append(text)
            if number % 3 == 0:
                store.delete(P, memory.id)
                faults.extend(hit for hit in ranking(store, text) if hit[0] == memory.id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert len(ranking(store, "thread")) == 8 * 10


def test_selectors_that_overlap_give_nothing_twice(store: SqliteStore) -> None:
    """A memory that several selectors select is ranked once, and counts once."""
    store.add(P, Draft("the red boat", USER))
    store.add(P, Draft("the red harbour", USER | {"agent_id": "a"}))
    with store._connections.read() as database:
        selectors = [row[0] for row in database.execute("SELECT id FROM selectors ORDER BY scope, exact")]
        assert len(selectors) == 5
        whole = ranking(store, "red boat")
        for order in (selectors, selectors[::-1]):
            ranked = index.search(database, order, "red boat", 10, None, ALL)
            assert [each.score for each in ranked] == [score for _, score in whole]
            assert len({each.seq for each in ranked}) == 2


def test_few_blocks_are_kept(store: SqliteStore) -> None:
    """One add at a time, each searched for, leaves a handful of blocks, and no dead weight."""
    with own_blocks(store) as blocks:
        for number in range(300):
            memory = store.add(P, Draft(f"note {number}", USER))
            if number % 2:
                store.delete(P, memory.id)
            assert len(blocks()) <= 6
        assert sum(each.living for each in blocks()) == 150
        assert sum(len(each.seqs) for each in blocks()) < 300


@contextmanager
def own_blocks(store: SqliteStore) -> Iterator[Callable[[], list[Block]]]:
    """Give a function that returns the blocks of the scope."""
    own = copies.Copies()

    def blocks() -> list[Block]:
        with store._connections.read() as database:
            (selector,) = database.execute("SELECT id FROM selectors WHERE exact = 0").fetchone()
            return list(own.blocks(database, selector))

    yield blocks


def test_merging_keeps_what_is_alive() -> None:
    """Blocks merge in the order of places, whichever came first, without the dead and with all their words."""

    def rows(*numbers: int) -> list[tuple[int, int, bytes, bytes]]:
        return [(number, number * 10, *entry(f"word{number} all")) for number in numbers]

    one = merged([block(rows(1, 5, 9)).without([5]), block(rows(3, 7)), block(rows(2)).without([2])])
    whole = block(rows(1, 3, 7, 9))
    assert one.living == 4
    for name in ("seqs", "created", "vectors", "scales", "terms", "starts", "alive"):
        assert np.array_equal(getattr(one, name), getattr(whole, name)), name
    for term in whole.terms:
        assert sorted(one.postings(term)) == sorted(whole.postings(term))
