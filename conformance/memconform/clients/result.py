"""The result of a check of a client as data, as `schemas/results/client.schema.json` describes it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from memconform.baseline.comparing import compare
from memconform.baseline.file import Baseline, today
from memconform.clients.run import ClientRun, ClientTest
from memconform.collector import MILD, NOT_RUN, NOT_SELECTED, requirement_row, scored_rows
from memconform.contract import Requirement, requirements
from memconform.contract.versions import FIRST
from memconform.environment import tool
from memconform.verdict import Conformance, ExitCode, Outcome, conclude, gravest

FORMAT = "memconform.client/1"


@dataclass
class ClientResult:
    """What was asked for and what came of it."""

    run: ClientRun
    planned: Sequence[ClientTest]
    selected: Sequence[str]
    command: str
    contract: str = FIRST
    """The version of the contract that is judged against: a client declares none."""
    baseline: Baseline | None = None
    """The known failures; None where none were named."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)

    def to_json(self) -> dict[str, Any]:
        """Return the whole result; read it only when the last test has ended."""
        rows = [self._requirement(row) for row in requirements().values() if row.profile == "client"]
        result = {
            "format": FORMAT,
            "contract": self.contract,
            "tool": tool(),
            "client": self._client(),
            "run": {
                "started_at": self.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "seconds": round(time.monotonic() - self.started, 3),
                "calls": len(self.run.client.called),
                "requests": self.run.requests,
                "planned_tests": len(self.planned),
                "finished": len(self.run.records) == len(self.planned),
                "stopped": self.run.stopped,
                "selection": list(self.selected),
                "command": self.command,
            },
            "verdict": self._verdict(scored_rows(rows)),
            "requirements": rows,
            "tests": self.run.records,
        }
        return result if self.baseline is None else {**result, "baseline": compare(result, self.baseline, today())}

    def _client(self) -> dict[str, Any]:
        client = self.run.client
        return {
            "path": str(client.path),
            "identity": client.identity,
            "deadline_s": client.deadline_s,
            "tools": [{"tool": each.tool, "operation": each.operation} for each in client.mapping.tools],
            "deaths": list(client.deaths),
            "stray_lines": len(client.stray()),
        }

    def _requirement(self, row: Requirement) -> dict[str, Any]:
        planned = sum(test.requirement == row.id for test in self.planned)
        said, outcomes = requirement_row(row, self.run.records, self.contract)
        if not planned and not outcomes:
            said["outcome"] = NOT_SELECTED
        elif len(said["tests"]) < planned and gravest(outcomes) in MILD:
            said["outcome"] = NOT_RUN
        return said

    def _verdict(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        counts = Counter(row["outcome"] for row in rows)
        musts = [row["outcome"] for row in rows if row["level"] == "MUST"]
        known = [Outcome(said) for said in musts if said in set(Outcome)]
        conformance = conclude([*known, *([Outcome.INCONCLUSIVE] * (NOT_RUN in musts))])
        if conformance is Conformance.NOT_TESTED and counts.get(Outcome.WARN, 0) + counts.get(Outcome.PASS, 0):
            conformance = Conformance.CONFORMANT
        return {
            "conformance": (Conformance.INCOMPLETE if conformance is Conformance.NOT_TESTED else conformance).value,
            "partial": bool(counts.get(NOT_SELECTED)),
            "counts": dict(sorted(counts.items())),
            "exit_code": _exit_code(conformance, counts),
        }


def _exit_code(conformance: Conformance, counts: Mapping[str, int]) -> int:
    if conformance is Conformance.NOT_CONFORMANT:
        return ExitCode.NOT_CONFORMANT
    if counts.get(Outcome.ERROR):
        return ExitCode.HARNESS
    return ExitCode.CONFORMANT if conformance is Conformance.CONFORMANT else ExitCode.USAGE
