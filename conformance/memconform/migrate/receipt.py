"""The receipt: totals first, then what became of every record; written as it is computed, however many there are."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memconform.environment import tool
from memconform.migrate.losses import Cause
from memconform.migrate.migration import Migration
from memconform.migrate.verifying import Outcome
from memconform.verdict import ExitCode

FORMAT = "memconform.migration/1"

COUNTS = {
    Outcome.CARRIED: "carried",
    Outcome.WITH_LOSS: "carried_with_loss",
    Outcome.NOT_CARRIED: "not_carried",
    Outcome.NOT_FINISHED: "not_finished",
}


@dataclass
class Totals:
    """How many records ended how, and what was lost by member and cause."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    losses: Counter[tuple[str, Cause]] = field(default_factory=Counter)
    """By member of the contract and cause: in how many records."""
    given_up: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, migration: Migration) -> Totals:
        """Count all rows of a migration."""
        totals = cls()
        for row in migration.rows():
            totals.outcomes[row.outcome] += 1
            totals.losses.update({(loss.of, loss.cause) for loss in row.losses})
            totals.given_up.update(migration.given_up(row.id))
        return totals

    def exit_code(self, *, finished: bool, accepted: Collection[str]) -> int:
        """Return 0 where nothing is lost but accepted members, 1 where something is, 3 where it is not finished."""
        if not finished:
            return ExitCode.UNREACHABLE
        lost = {member for member, _ in self.losses} - {f"/{name}" for name in accepted}
        left = self.outcomes[Outcome.NOT_CARRIED] + self.outcomes[Outcome.NOT_FINISHED]
        return ExitCode.NOT_CONFORMANT if lost or left else ExitCode.CONFORMANT


def head_of(migration: Migration, totals: Totals, accepted: Collection[str]) -> dict[str, Any]:
    """Return the receipt without its records."""
    finished = migration.stopped is None
    reading, journal = migration.reading, migration.journal
    unreadable = reading.unreadable_count if reading else 0
    code = totals.exit_code(finished=finished, accepted=accepted)
    if unreadable:
        code = max(code, int(ExitCode.NOT_CONFORMANT))
    return {
        "format": FORMAT,
        "contract": "1.0",
        "tool": tool(),
        "from": {**migration.source.told(), "read_by": "export" if migration.by_export else "list"},
        "to": {**migration.target.told(), "written_by": "import" if migration.by_import else "add"},
        "scope": None if migration.plan.scope is None else dict(migration.plan.scope),
        "plan": {
            "dry_run": migration.plan.dry_run,
            "on_conflict": migration.plan.on_conflict,
            "revive": migration.plan.revive,
            "accepted": sorted(accepted),
        },
        "started_at": migration.started_at,
        "ended_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "runs": journal.runs if journal else 1,
        "verdict": {
            "word": _word(migration, code),
            "exit_code": code,
            "stopped": migration.stopped,
        },
        "counts": {
            "records": totals.outcomes.total(),
            **{name: totals.outcomes[outcome] for outcome, name in COUNTS.items()},
            "unreadable_at_source": unreadable,
            "gone_from_source": sum(1 for _ in migration.state.gone()),
        },
        "losses": [
            {"member": member, "cause": str(cause), "records": count}
            for (member, cause), count in sorted(totals.losses.items(), key=lambda each: (-each[1], each[0]))
        ],
        "given_up": dict(sorted(totals.given_up.items())),
        "doubts": journal.doubts if journal else [],
        "notes": reading.notes if reading else [],
        "unreadable": reading.unreadable if reading else [],
    }


def write_receipt(path: Path, head: Mapping[str, Any], migration: Migration) -> None:
    """Write the receipt beside its place and move it there, so that no reader ever sees half of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, indent=1, ensure_ascii=True).removesuffix("\n}"))
        file.write(',\n "records": [')
        for number, row in enumerate(_rows(migration)):
            file.write(("," if number else "") + "\n  " + json.dumps(row, ensure_ascii=True))
        file.write("\n ]\n}\n")
    unfinished.replace(path)


_FORESEEN = {
    Outcome.CARRIED: "to be carried",
    Outcome.WITH_LOSS: "to be carried with loss",
    Outcome.NOT_CARRIED: "not to be carried",
}
"""The words of a dry run, which has carried nothing."""


def _rows(migration: Migration) -> Iterator[dict[str, Any]]:
    for row in migration.rows():
        outcome = _FORESEEN[row.outcome] if migration.plan.dry_run else str(row.outcome)
        losses = [loss.to_json() for loss in row.losses]
        yield {"id": row.id, "as": row.target, "outcome": outcome, "losses": losses}
    for record_id, step in migration.state.gone():
        yield {"id": record_id, "as": step.target, "outcome": "gone from source", "losses": []}


def _word(migration: Migration, code: int) -> str:
    if migration.stopped is not None:
        return "not finished"
    if migration.plan.dry_run:
        return "dry run"
    return "complete" if code == ExitCode.CONFORMANT else "with loss"
