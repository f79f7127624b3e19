"""Group commit: who is told that a write is kept was told so after a flush, and one flush serves many."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.server.at_hand import PRINCIPAL, USER, draft, opened, walked

from memconform_server.store import StorageFull
from memconform_server.stores.reference import flushing
from memconform_server.stores.reference.flushing import Log

if TYPE_CHECKING:
    from pathlib import Path


def test_no_answer_before_its_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an add wrote is in the log when a flush begins, and the add returns only after that flush ended."""
    flushed: list[bytes] = []

    def slow(file: int) -> None:
        found = os.pread(file, 10_000_000, 0)
        time.sleep(0.01)
        os.fsync(file)
        flushed.append(found)

    monkeypatch.setattr(flushing, "_DATA_SYNC", slow)
    with opened(tmp_path / "m.db") as store:

        def add(number: int) -> bool:
            store.add(PRINCIPAL, draft(f"canary-{number}."))
            return any(f"canary-{number}.".encode() in each for each in flushed)

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(add, range(96)))
        assert len(walked(store, USER, 200)) == 96
    assert len(flushed) < 64


def test_what_only_read_waits_for_what_it_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that answers from another one's commit ends after that commit is on the disk."""
    going_on = threading.Event()
    begun = threading.Event()

    def held(file: int) -> None:
        begun.set()
        assert going_on.wait(10)
        os.fsync(file)

    with opened(tmp_path / "m.db") as store:
        monkeypatch.setattr(flushing, "_DATA_SYNC", held)

        def look() -> list[str]:
            with store.transaction():
                return walked(store, USER)

        with ThreadPoolExecutor(2) as pool:
            adding = pool.submit(store.add, PRINCIPAL, draft("new"))
            assert begun.wait(10)
            looking = pool.submit(look)
            time.sleep(0.1)
            assert not adding.done()
            assert not looking.done()
            going_on.set()
            assert looking.result(10) == ["new"]
            assert adding.result(10).content == "new"


def test_reading_flushes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a read nor a block that changes nothing costs a flush."""
    with opened(tmp_path / "m.db") as store:
        memory = store.add(PRINCIPAL, draft())
        monkeypatch.setattr(flushing, "_DATA_SYNC", lambda _: pytest.fail("flushed"))
        with store.transaction():
            walked(store, USER)
        store.get(PRINCIPAL, memory.id)
        store.update(PRINCIPAL, memory.id, lambda same: same)
        assert store.sweep() == 0
        assert store.delete(PRINCIPAL, "unknown") is False


def test_a_failed_flush_acknowledges_nothing(tmp_path: Path) -> None:
    """Where the disk refuses, everybody who waited for it is told, and the next flush starts from there."""
    path = tmp_path / "log"
    path.write_bytes(b"x")
    with closing(Log(path)) as log, pytest.MonkeyPatch.context() as patch:
        log.commits = 3

        def refuse(_: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(flushing, "_DATA_SYNC", refuse)
        for commits in (1, 3):
            with pytest.raises(StorageFull):
                log.flush(commits)
        patch.undo()
        log.flush(2)
        patch.setattr(flushing, "_DATA_SYNC", refuse)
        log.flush(3)
        log.commits = 4
        with pytest.raises(StorageFull):
            log.flush(4)
