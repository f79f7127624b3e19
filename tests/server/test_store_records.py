"""What the store was given is what it gives back, also after it was closed or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened, walked

from memconform_server.store import Draft
from memconform_server.stores.reference.records import change, find, insert, remove

if TYPE_CHECKING:
    from pathlib import Path

WRITING = """
import sys
from memconform_server.store import Draft
from memconform_server.stores.sqlite import SqliteStore

store = SqliteStore(sys.argv[1])
last = None
for number in range(10_000):
    with store.transaction():
        first = store.add("p", Draft(f"{number} a", {"user_id": "u"}, supersedes=[] if last is None else [last.id]))
        store.add("p", Draft(f"{number} b", {"user_id": "u"}))
    last = first
    print(number, flush=True)
"""
"""Writes pairs, each superseding half of the one before, and says which ones are acknowledged."""


def test_every_member_comes_back(tmp_path: Path) -> None:
    """A record with all members is the same in the answer, by id, and after the file was opened again."""
    scope = {"user_id": "u\\u0000\\u2028", "agent_id": "*", "app_id": "%", "session_id": "é"}
    clock = Clock()
    full = Draft(
        content="a\x00b\r\n\U0001f9e0",
        scope=scope,
        metadata={"": None, "a": {"b": [1, 2.5, True, 10**400, "\x00"]}},
        confidence=0.1,
        expires_at=clock.after(86_400_000.001),
        valid_from=datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        valid_to=datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        source={"method": "inferred", "memory_ids": ["a", "a"], "message_ids": ["m"]},
        ext={"com.example": {"x": []}},
        key="k\x00",
    )
    with opened(tmp_path / "m.db", clock) as store:
        memory = store.add(PRINCIPAL, full)
        assert store.get(PRINCIPAL, memory.id) == memory
        for member in full.__dataclass_fields__:
            assert getattr(memory, member) == (getattr(full, member) or getattr(memory, member)), member
        assert memory.created_at == memory.updated_at == clock.after(0)
        assert (memory.version, memory.superseded_by) == (1, None)
    with opened(tmp_path / "m.db", clock) as store:
        assert store.get(PRINCIPAL, memory.id) == memory
        assert store.keyed(PRINCIPAL, scope, "k\x00") == memory


def test_a_record_can_move() -> None:
    """A change of scope, key, creation or sources (an import that overwrites) moves all that depends on it."""
    clock = Clock()
    there = {"agent_id": "a", "session_id": "s"}
    with opened(":memory:", clock) as store:
        moved = store.add(PRINCIPAL, draft("moved", key="k", source={"method": "inferred", "memory_ids": ["x"]}))
        store.add(PRINCIPAL, draft("stays"))
        store.add(PRINCIPAL, draft("newest", there))
        with store._connections.write() as database:
            row = find(database, PRINCIPAL, moved.id, clock.now)
            assert row is not None
            other = Draft("elsewhere", there, key="K", source={"method": "inferred", "memory_ids": ["y"]})
            record = type(moved)(
                **{name: getattr(other, name) for name in other.__dataclass_fields__},
                id=moved.id,
                created_at=clock.after(-1_000.5),
                updated_at=moved.updated_at,
            )
            changed = change(database, row, record, "import", clock.now).memory
            sources = database.execute("SELECT memory_id FROM sources").fetchall()
        assert changed.version == 2
        assert changed.created_at == record.created_at
        assert sources == [("y",)]
        assert walked(store, USER) == ["stays"]
        assert walked(store, there) == ["newest", "elsewhere"]
        assert store.keyed(PRINCIPAL, USER, "k") is None
        assert store.keyed(PRINCIPAL, there, "K") == changed


def test_an_imported_instant_keeps_its_microseconds() -> None:
    """Two records a microsecond apart are listed in that order, whichever was stored first."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        first = store.add(PRINCIPAL, draft("template"))
        store.delete(PRINCIPAL, first.id)
        for number in (3, 1, 2):
            at = clock.after(-5 + number / 1_000)
            made = {name: getattr(first, name) for name in first.__dataclass_fields__}
            made |= {"id": str(number), "content": str(number), "created_at": at}
            with store._connections.write() as database:
                insert(database, PRINCIPAL, type(first)(**made), "import")
        assert walked(store, USER, limit=1) == ["3", "2", "1"]
        two = store.get(PRINCIPAL, "2")
        assert two is not None
        assert two.created_at == clock.after(-5 + 0.002)


def test_what_goes_says_how_in_its_event() -> None:
    """Each end and each restoration is an event of the memory's scope, in the order in which they happened."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        old = store.add(PRINCIPAL, draft("old"))
        new = store.add(PRINCIPAL, draft("new", supersedes=[old.id]))
        with store._connections.write() as database:
            row = find(database, PRINCIPAL, new.id, clock.now)
            assert row is not None
            remove(database, row, "delete", clock.now)
        events = store.events(PRINCIPAL, USER, None, 100)
        assert events is not None
        assert [(event.memory_id, event.operation, event.version) for event in events] == [
            (old.id, "add", 1),
            (new.id, "add", 1),
            (old.id, "supersede", 2),
            (new.id, "delete", 1),
            (old.id, "restore", 3),
        ]


@pytest.mark.parametrize("after", [3, 17, 40])
def test_a_killed_writer_leaves_whole_steps(tmp_path: Path, after: int) -> None:
    """CORE-26: after kill -9 every acknowledged step is there whole, and of the last one all or nothing."""
    command = [sys.executable, "-c", WRITING, str(tmp_path / "m.db")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(after)][-1]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *(int(line) for line in process.stdout if line.strip())])
    process.wait(10)
    process.stdout.close()
    with opened(tmp_path / "m.db") as store:
        contents = walked(store, USER)
        last = int(contents[0].split()[0])
        assert last in (acknowledged, acknowledged + 1)
        assert contents == [f"{last} b", f"{last} a", *(f"{number} b" for number in range(last - 1, -1, -1))]
        (current,) = store.current(PRINCIPAL, USER, inherit=False, limit=2)[1:]
        for number in range(last - 1, -1, -1):
            (before,) = current.supersedes
            hidden = store.get(PRINCIPAL, before)
            assert hidden is not None
            assert (hidden.content, hidden.superseded_by, hidden.version) == (f"{number} a", current.id, 2)
            current = hidden
        store.add(PRINCIPAL, draft("goes on"))
        assert walked(store, USER)[0] == "goes on"
