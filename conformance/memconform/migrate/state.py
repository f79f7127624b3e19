"""What a run knows of every record, in a private database that spills to disk: a hundred thousand fit into any memory.

SQLite deletes such a file as it opens it, so no content outlives the process, however it ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from memconform.migrate.errors import NoRoom
from memconform.migrate.losses import Loss
from memconform.migrate.records import Record, created_ns

_TABLES = """
CREATE TABLE records (
    id TEXT PRIMARY KEY, part INTEGER, created INTEGER, arrival INTEGER, document TEXT, digest TEXT
) WITHOUT ROWID;
CREATE INDEX places ON records (part, created, arrival);
CREATE TABLE steps (
    id TEXT PRIMARY KEY, stage TEXT, target TEXT, sending TEXT, digest TEXT, outcome TEXT, losses TEXT, skipped INTEGER
) WITHOUT ROWID;
CREATE INDEX targets ON steps (target) WHERE target IS NOT NULL;
CREATE TABLE scopes (scope TEXT PRIMARY KEY, memories INTEGER) WITHOUT ROWID;
"""
_COLUMNS = "stage, target, sending, digest, outcome, losses, skipped"
_STEP = f"SELECT {_COLUMNS} FROM steps WHERE id = ?"  # noqa: S608 - column names only
_GONE = f"""
SELECT id, {_COLUMNS} FROM steps WHERE id > ? AND id NOT IN (SELECT id FROM records) ORDER BY id LIMIT ?
"""  # noqa: S608 - column names only
_WINDOW = 500


class Stage(StrEnum):
    """How far a record has come."""

    PLANNED = "planned"
    SENT = "sent"
    """A write of it went out, and what came of it is not known."""
    STORED = "stored"
    LEFT = "left"
    """It will not be written."""
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Step:
    """How far one record has come; `target` is its id at the target, `sending` what went out last."""

    stage: Stage
    target: str | None = None
    sending: Mapping[str, Any] | None = None
    digest: str | None = None
    outcome: str | None = None
    losses: tuple[Loss, ...] = ()
    skipped: bool = False
    """An import said that it left what was there."""


class State:
    """The records of the source in the order in which they are carried, and the step of each."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for word in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16384", "locking_mode=EXCLUSIVE"):
            self._database.execute(f"PRAGMA {word}")
        self._database.executescript(_TABLES)
        self._arrivals = 0

    def close(self) -> None:
        """Forget all of it."""
        self._database.close()

    # --- what the source holds

    def take(self, record: Record, digest: str, part: int, *, newest_first: bool) -> bool:
        """Keep a record; False where one of that id is there already."""
        self._arrivals += 1
        arrival = -self._arrivals if newest_first else self._arrivals
        row = (record["id"], part, created_ns(record), arrival, json.dumps(record), digest)
        with _room():
            done = self._database.execute("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?)", row)
        return done.rowcount == 1

    def drop_part(self, part: int) -> None:
        """Forget the records of one part, which is read anew."""
        self._database.execute("DELETE FROM records WHERE part = ?", (part,))

    def note_scope(self, scope: Mapping[str, str], memories: int) -> None:
        """Keep an exact scope that holds data."""
        with _room():
            self._database.execute("INSERT OR REPLACE INTO scopes VALUES (?, ?)", (_text(scope), memories))

    def holds_scope(self, scope: Mapping[str, str]) -> bool:
        """Tell whether the exact scope is among those that were noted."""
        return bool(self._database.execute("SELECT 1 FROM scopes WHERE scope = ?", (_text(scope),)).fetchone())

    def scopes(self) -> Iterator[dict[str, str]]:
        """Yield the exact scopes in a fixed order."""
        last = ""
        query = "SELECT scope FROM scopes WHERE scope > ? ORDER BY scope LIMIT ?"
        while rows := self._database.execute(query, (last, _WINDOW)).fetchall():
            for (last,) in rows:
                yield json.loads(last)

    def counted(self) -> int:
        """Return how many memories the noted scopes hold together."""
        return int(self._database.execute("SELECT coalesce(sum(memories), 0) FROM scopes").fetchone()[0])

    def record(self, record_id: str) -> Record | None:
        """Return a record of the source, None where it has none of that id."""
        row = self._database.execute("SELECT document FROM records WHERE id = ?", (record_id,)).fetchone()
        return None if row is None else json.loads(row[0])

    def digest(self, record_id: str) -> str | None:
        """Return the digest of a record as it is at the source now."""
        row = self._database.execute("SELECT digest FROM records WHERE id = ?", (record_id,)).fetchone()
        return None if row is None else row[0]

    def records(self) -> Iterator[tuple[int, Record]]:
        """Yield part and record of each in the order in which they are carried; steps may be set meanwhile."""
        last: tuple[int, int, int] = (-1, 0, 0)
        query = (
            "SELECT part, created, arrival, document FROM records "
            "WHERE (part, created, arrival) > (?, ?, ?) ORDER BY part, created, arrival LIMIT ?"
        )
        while rows := self._database.execute(query, (*last, _WINDOW)).fetchall():
            for part, _, _, document in rows:
                yield part, json.loads(document)
            last = rows[-1][:3]

    def size(self) -> int:
        """Return how many records the source holds."""
        return int(self._database.execute("SELECT count(*) FROM records").fetchone()[0])

    # --- how far they have come

    def step(self, record_id: str) -> Step | None:
        """Return the step of a record, None where nothing is known of it."""
        row = self._database.execute(_STEP, (record_id,)).fetchone()
        return None if row is None else _step(row)

    def set(self, record_id: str, step: Step) -> None:
        """Replace the step of a record."""
        sending = None if step.sending is None else json.dumps(step.sending)
        losses = json.dumps([loss.to_json() for loss in step.losses]) if step.losses else None
        row = (record_id, step.stage, step.target, sending, step.digest, step.outcome, losses, int(step.skipped))
        with _room():
            self._database.execute("INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def of_target(self, target_id: str) -> list[str]:
        """Return the ids of the records that are kept under an id of the target."""
        return [row[0] for row in self._database.execute("SELECT id FROM steps WHERE target = ?", (target_id,))]

    def at(self, stage: Stage) -> int:
        """Return how many records of the source stand at a stage."""
        query = "SELECT count(*) FROM records JOIN steps USING (id) WHERE stage = ?"
        return int(self._database.execute(query, (stage,)).fetchone()[0])

    def gone(self) -> Iterator[tuple[str, Step]]:
        """Yield the steps of records that the source has no more."""
        last = ""
        while rows := self._database.execute(_GONE, (last, _WINDOW)).fetchall():
            for last, *row in rows:
                yield last, _step(row)

    def verify_anew(self) -> None:
        """Take every record that was verified for one that is stored."""
        self._database.execute("UPDATE steps SET stage = 'stored', outcome = NULL WHERE stage = 'verified'")


def _step(row: Any) -> Step:
    stage, target, sending, digest, outcome, losses, skipped = row
    found = tuple(Loss.from_json(each) for each in json.loads(losses)) if losses else ()
    return Step(
        Stage(stage), target, None if sending is None else json.loads(sending), digest, outcome, found, bool(skipped)
    )


def _text(scope: Mapping[str, str]) -> str:
    return json.dumps(scope, sort_keys=True)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise NoRoom(
            f"the records cannot be kept aside on this machine ({error}); make room in the folder for temporary files, "
            "or name another one with TMPDIR"
        ) from error
