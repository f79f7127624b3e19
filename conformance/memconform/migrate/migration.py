"""One migration from its beginning to its receipt: read, write, read back, account."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from memconform.migrate.adding import Adding
from memconform.migrate.fitting import Fitting
from memconform.migrate.importing import Importing
from memconform.migrate.journal import Journal
from memconform.migrate.losses import WHOLE, Cause, Loss, NotWritten
from memconform.migrate.records import Record
from memconform.migrate.service import Service
from memconform.migrate.source import Source
from memconform.migrate.state import Stage, State, Step
from memconform.migrate.verifying import Outcome, Verifying, given_up, outcome_of

Way = Literal["auto", "export", "list", "import", "add"]
Tell = Callable[[str, int], None]
"""Told the phase, and how many records further it is."""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to carry and how; `scope` is None for all of them."""

    scope: Mapping[str, str] | None
    read: Way = "auto"
    write: Way = "auto"
    on_conflict: str = "fail"
    revive: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one record; `target` is its id there."""

    id: str
    outcome: Outcome
    target: str | None = None
    losses: tuple[Loss, ...] = ()


@dataclass
class Migration:
    """Carries what the plan says from the source to the target. Both are open."""

    source: Service
    target: Service
    plan: Plan
    journal_file: Path | None = None
    """None: `journal_name` in the current folder."""
    tell: Tell = lambda _phase, _more: None
    state: State = field(default_factory=State)
    journal: Journal | None = None
    stopped: str | None = None
    """Why it ended before its end."""
    started_at: str = field(default_factory=_now)
    reading: Source | None = None

    @property
    def by_export(self) -> bool:
        """Whether the source is read by its export."""
        return self.plan.read == "export" or (self.plan.read == "auto" and self.source.declares("portability"))

    @property
    def by_import(self) -> bool:
        """Whether the target is written by its import."""
        return self.plan.write == "import" or (self.plan.write == "auto" and self.target.declares("portability"))

    @property
    def fitting(self) -> Fitting:
        """What the target can take by what it declares."""
        return Fitting(self.target.capabilities, by_import=self.by_import, revive=self.plan.revive)

    def run(self) -> None:
        """Do all of it, or raise `Stopped`, `UsageError` or `NoRoom`; `rows` tells in any case what has been done."""
        if self.plan.dry_run:
            self._read("")
            return
        self.journal = journal = Journal(self._journal_path(), self.state, self._about())
        self._read(journal.salt)
        self._plan(journal)
        write = Importing if self.by_import else Adding
        write(self.target, self.state, journal, self.fitting, self.plan.on_conflict).write(self._phase("written"))
        Verifying(self.target, self.state, journal, self.fitting).verify(self._phase("verified"))
        journal.end()

    def close(self) -> None:
        """Let go of files and connections."""
        if self.journal is not None:
            self.journal.close()
        self.state.close()
        self.source.wire.close()
        self.target.wire.close()

    # --- the receipt's rows

    def rows(self) -> Iterator[Row]:
        """Yield what became of each record, in the order in which they are carried; of a dry run, what would."""
        for _, record in self.state.records():
            yield self._expected(record) if self.plan.dry_run else self._row(record)

    def _row(self, record: Record) -> Row:
        step = self.state.step(record["id"]) or Step(Stage.PLANNED)
        if step.stage is Stage.LEFT:
            return Row(record["id"], Outcome.NOT_CARRIED, None, step.losses)
        if step.stage is not Stage.VERIFIED:
            return Row(record["id"], Outcome.NOT_FINISHED, step.target)
        if step.digest not in (None, self.state.digest(record["id"])):
            return Row(record["id"], Outcome.NOT_CARRIED, step.target, (Loss(WHOLE, Cause.CHANGED),))
        return Row(record["id"], Outcome(str(step.outcome)), step.target, step.losses)

    def _expected(self, record: Record) -> Row:
        fitted = self.fitting.fit(record)
        if isinstance(fitted, NotWritten):
            return Row(record["id"], Outcome.NOT_CARRIED, None, fitted.losses)
        losses = (*fitted[1], *self.fitting.lost_on_the_way(record))
        return Row(record["id"], outcome_of(losses), None, losses)

    def given_up(self, record_id: str) -> Iterator[str]:
        """Yield what no import of the contract carries of a record."""
        record = self.state.record(record_id)
        return given_up(record, self.source.capabilities) if record else iter(())

    # --- steps

    def _read(self, salt: str) -> None:
        tell = self._phase("read")
        self.reading = Source(self.source, self.state, salt, by_export=self.by_export, tell=tell)
        self.reading.read(self.plan.scope)

    def _plan(self, journal: Journal) -> None:
        """Write down every record that is to be carried, as it is now."""
        for _, record in self.state.records():
            step, digest = self.state.step(record["id"]), str(self.state.digest(record["id"]))
            if step is None or (step.stage is Stage.PLANNED and step.digest != digest):
                journal.planned(record["id"], digest)

    def _phase(self, name: str) -> Callable[[int], None]:
        return lambda more: self.tell(name, more)

    def _about(self) -> dict[str, Any]:
        scope = None if self.plan.scope is None else dict(sorted(self.plan.scope.items()))
        return {"from": self.source.url, "to": self.target.url, "scope": scope}

    def _journal_path(self) -> Path:
        if self.journal_file is None:
            self.journal_file = Path(journal_name(self.source, self.target, self._about()))
        return self.journal_file


def journal_name(source: Service, target: Service, about: Mapping[str, Any]) -> str:
    """Return the name of the journal of a migration: after both services, and a mark of addresses and scope."""
    mark = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:8]
    return f"migration-{_slug(source.name)}-to-{_slug(target.name)}-{mark}.jsonl"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "service"
