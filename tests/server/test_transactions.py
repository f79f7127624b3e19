"""The store's transactions: all or nothing, alone, and on the disk when they end."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.server.at_hand import PRINCIPAL, USER, draft, opened, walked

from memconform_server.store import AlreadyThere, StorageFull

if TYPE_CHECKING:
    from pathlib import Path

DATA = pytest.mark.parametrize("data", [":memory:", "m.db"])


class Interrupted(Exception):
    """Ends a block early."""


@DATA
def test_a_block_is_all_or_nothing(tmp_path: Path, data: str) -> None:
    """What a block did is undone where it raises, and the store goes on as before."""
    with opened(data if data == ":memory:" else tmp_path / data) as store:
        kept = store.add(PRINCIPAL, draft("kept"))
        with suppress(Interrupted), store.transaction():
            store.add(PRINCIPAL, draft("undone"))
            store.delete(PRINCIPAL, kept.id)
            assert walked(store, USER) == ["undone"]
            raise Interrupted
        assert walked(store, USER) == ["kept"]
        with store.transaction():
            store.add(PRINCIPAL, draft("one"))
            store.add(PRINCIPAL, draft("two"))
        assert walked(store, USER) == ["two", "one", "kept"]


@DATA
def test_a_block_within_a_block_undoes_only_itself(tmp_path: Path, data: str) -> None:
    """Any depth: what failed inside is undone, what is around it goes on."""
    with opened(data if data == ":memory:" else tmp_path / data) as store:
        with store.transaction():
            store.add(PRINCIPAL, draft("outer"))
            for number in range(3):
                with suppress(Interrupted), store.transaction():
                    store.add(PRINCIPAL, draft(f"undone {number}"))
                    with store.transaction():
                        store.add(PRINCIPAL, draft("undone with it"))
                    raise Interrupted
                with store.transaction():
                    store.add(PRINCIPAL, draft(f"inner {number}"))
        assert walked(store, USER) == ["inner 2", "inner 1", "inner 0", "outer"]


def test_nobody_sees_half_of_it(tmp_path: Path) -> None:
    """Another thread reads the state before, without waiting, until the block has ended; then all of it."""
    with opened(tmp_path / "m.db") as store, ThreadPoolExecutor(1) as other:
        store.add(PRINCIPAL, draft("before"))
        with store.transaction():
            store.add(PRINCIPAL, draft("one"))
            assert other.submit(walked, store, USER).result(10) == ["before"]
            store.add(PRINCIPAL, draft("two"))
            assert other.submit(walked, store, USER).result(10) == ["before"]
        assert other.submit(walked, store, USER).result(10) == ["two", "one", "before"]


@DATA
def test_blocks_of_threads_follow_each_other(tmp_path: Path, data: str) -> None:
    """Reading and writing in a block is one step: of 16 threads that set one key, one adds and 15 find."""
    with opened(data if data == ":memory:" else tmp_path / data) as store:
        together = threading.Barrier(16)

        def set_key(number: int) -> bool:
            together.wait(10)
            with store.transaction():
                if store.keyed(PRINCIPAL, USER, "k") is not None:
                    return False
                store.add(PRINCIPAL, draft(str(number), key="k"))
                return True

        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(set_key, range(16))) == 1
        assert len(walked(store, USER)) == 1


def test_a_taken_key_is_told() -> None:
    """The unique index has the last word, and a block around it goes on."""
    with opened(":memory:") as store:
        first = store.add(PRINCIPAL, draft("first", key="k"))
        with store.transaction():
            with pytest.raises(AlreadyThere):
                store.add(PRINCIPAL, draft("second", key="k"))
            store.add(PRINCIPAL, draft("third", key="K"))
        store.add(PRINCIPAL, draft("elsewhere", {"agent_id": "a"}, key="k"))
        store.add("q", draft("another's", key="k"))
        assert walked(store, USER) == ["third", "first"]
        assert store.keyed(PRINCIPAL, USER, "k") == first


def test_a_full_disk_undoes_the_whole_block(tmp_path: Path) -> None:
    """Where SQLite gives up a transaction nothing of the block is left, and later ones work."""
    with opened(tmp_path / "m.db") as store:
        store.add(PRINCIPAL, draft("before"))
        database = store._connections._writer
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages + 2}")
        with suppress(StorageFull), store.transaction():
            store.add(PRINCIPAL, draft("small"))
            with pytest.raises(StorageFull):
                store.add(PRINCIPAL, draft("large" * 20_000))
            with pytest.raises(StorageFull):
                store.add(PRINCIPAL, draft("small again"))
        assert walked(store, USER) == ["before"]
        database.execute("PRAGMA max_page_count = 1000000")
        store.add(PRINCIPAL, draft("after"))
        assert walked(store, USER) == ["after", "before"]


def test_a_transaction_undone_by_sqlite_is_not_continued(tmp_path: Path) -> None:
    """After SQLite has rolled back by itself nothing is written one by one, and the block does not end well."""
    with opened(tmp_path / "m.db") as store:

        def undone() -> None:
            with store.transaction():
                store.add(PRINCIPAL, draft("undone"))
                store._connections._writer.execute("ROLLBACK")
                with pytest.raises(StorageFull):
                    store.add(PRINCIPAL, draft("never"))

        with pytest.raises(StorageFull):
            undone()
        assert walked(store, USER) == []


@DATA
def test_a_snapshot_stands_still(tmp_path: Path, data: str) -> None:
    """A frozen state stays what it was, holds up no writer, and may be read from another thread."""
    with opened(data if data == ":memory:" else tmp_path / data) as store:
        store.add(PRINCIPAL, draft("before"))
        count = "SELECT count(*) FROM memories"
        with store._connections.snapshot() as database, ThreadPoolExecutor(1) as other:
            other.submit(store.add, PRINCIPAL, draft("after")).result(10)
            assert other.submit(lambda: database.execute(count).fetchone()).result(10) == (1,)
        assert len(walked(store, USER)) == 2


def test_afterwards_is_outside_of_any_block(tmp_path: Path) -> None:
    """What is to be done afterwards is done once, when the outermost block has ended."""
    done: list[bool] = []
    with opened(tmp_path / "m.db") as store:
        with store.transaction():
            with store.transaction():
                store._connections.afterwards(lambda database: done.append(database.in_transaction))
            store.add(PRINCIPAL, draft())
            assert done == []
        assert done == [False]
        store.add(PRINCIPAL, draft())
        assert done == [False]


def test_a_file_of_format_1_is_refused(tmp_path: Path) -> None:
    """What an earlier release wrote is left alone, and the message says what to do."""
    from memconform_server.store import CannotOpen
    from memconform_server.stores.sqlite import SqliteStore

    with opened(tmp_path / "m.db"):
        pass
    old = sqlite3.connect(tmp_path / "m.db")
    old.execute("PRAGMA user_version = 1")
    old.close()
    with pytest.raises(CannotOpen, match="format 1, this release reads format 2; use the release that made it"):
        SqliteStore(tmp_path / "m.db")
