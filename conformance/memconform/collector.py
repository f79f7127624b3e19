"""Gathers outcomes in the controlling process and concludes: a verdict for each profile and for the server."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memconform.applicability import why_not
from memconform.baseline.comparing import compare
from memconform.baseline.file import today
from memconform.contract import BADGES, Requirement, badge_profiles, profiles, requirements
from memconform.contract.versions import came_with
from memconform.environment import tool
from memconform.verdict import Conformance, ExitCode, Outcome, conclude, gravest

if TYPE_CHECKING:
    from memconform.baseline.file import Baseline
    from memconform.plot import Plot
    from memconform.requirement import Mark
    from memconform.session import Session

FORMAT = "memconform.conformance/1"

NOT_TESTED = "not_tested"
NOT_SELECTED = "not_selected"
NOT_RUN = "not_run"


@dataclass
class Collector:
    """The outcomes of a run so far."""

    session: Session
    baseline: Baseline | None = None
    """The known failures; None where none were named."""
    records: list[dict[str, Any]] = field(default_factory=list)
    planned: dict[str, list[str]] = field(default_factory=dict)
    """Names of the planned tests by requirement."""
    own_bound: int = 0
    """At most so many requests will be sent by the planned tests themselves."""
    stories: set[Plot] = field(default_factory=set)
    """What they will look at together."""
    processes: int = 1
    """So many processes test side by side; each lives the stories for itself."""
    stopped: str | None = None
    """Why the run ended before its last test."""
    broken: bool = False
    """Whether the harness itself failed outside of a test."""
    worker_requests: int = 0
    worker_cleanup: int = 0
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)

    def plan(self, tests: Iterable[tuple[str, Mark]]) -> None:
        """Take note of what will be tested; tests that do not apply cost nothing."""
        settings, capabilities = self.session.settings, self.session.capabilities
        for name, mark in tests:
            self.planned.setdefault(mark.id, []).append(name)
            if why_not(mark, settings, capabilities) is None:
                self.own_bound += settings.budget.bound(mark.requests)
                self.stories.update(mark.stories)

    @property
    def bound(self) -> int:
        """At most so many requests will be sent by the planned tests, each shared story counted once a process."""
        budget = self.session.settings.budget
        return self.own_bound + self.processes * sum(budget.bound(plot.requests) for plot in self.stories)

    @property
    def contract(self) -> str:
        """The version of the contract that the server is judged against; known only when the session is open."""
        return self.session.settings.contract or self.session.capabilities.contract

    def add(self, record: dict[str, Any]) -> None:
        """Take the record of one finished test."""
        self.records.append(record)

    def add_worker(self, counts: Mapping[str, Any]) -> None:
        """Take what an xdist worker counted."""
        self.worker_requests += counts["requests"]
        self.worker_cleanup += counts["cleanup_requests"]
        self.session.leaks += counts["leaks"]

    def server(self) -> dict[str, Any]:
        """Return what is known of the server."""
        return {
            "url": self.session.settings.url,
            "capabilities": dict(self.session.capabilities.document),
            "served_undeclared": list(self.session.served_undeclared),
        }

    @cached_property
    def finished(self) -> dict[str, Any]:
        """The result, once; read it only after the last test and the cleanup."""
        result = self.result()
        if self.baseline is not None:
            result["baseline"] = compare(result, self.baseline, today())
        return result

    def result(self) -> dict[str, Any]:
        """Return the whole result, as `schemas/results/conformance.schema.json` describes it."""
        if self.stopped is None and len(self.records) < sum(map(len, self.planned.values())):
            self.stopped = "not every planned test ran"
        if self.stopped is None and self.broken:
            self.stopped = "the harness failed"
        rows = [self._requirement(row) for row in requirements().values() if row.profile != "client"]
        scored = scored_rows(rows)
        judged = [self._profile(name, scored) for name in profiles() if name != "client"]
        verdict = self._verdict(judged, scored)
        settings = self.session.settings
        total = self.session.wire.requests + self.worker_requests
        cleanup = self.session.cleanup_requests + self.worker_cleanup
        return {
            "format": FORMAT,
            "contract": self.contract,
            "tool": tool(),
            "run": {
                "id": self.session.run_id,
                "seed": settings.seed,
                "budget": settings.budget.size,
                "started_at": self.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "seconds": round(time.monotonic() - self.started, 3),
                "requests": {
                    "tests": sum(record["requests"] for record in self.records),
                    "cleanup": cleanup,
                    "total": total,
                    "bound": self.bound,
                },
                "planned_tests": sum(map(len, self.planned.values())),
                "finished": self.stopped is None,
                "stopped": self.stopped,
                "selection": {
                    "profiles": list(settings.profiles),
                    "level": settings.level,
                    "requirements": list(settings.requirements),
                },
                "command": settings.again(),
            },
            "server": self.server(),
            "verdict": verdict,
            "profiles": judged,
            "requirements": rows,
            "tests": self.records,
            "leaks": self.session.leaks,
        }

    def _requirement(self, row: Requirement) -> dict[str, Any]:
        said, outcomes = requirement_row(row, self.records, self.contract)
        tests = [record for record in self.records if record["requirement"] == row.id]
        elsewhere = sum(record.get("test_of") == row.id for record in self.records)
        if len(tests) + elsewhere < len(self.planned.get(row.id, ())) and gravest(outcomes) in MILD:
            said["outcome"] = NOT_RUN
        elif not outcomes:
            said["outcome"] = self._untried(row)
            if row.not_tested:
                said["reason"] = row.not_tested
        elif said["outcome"] == Outcome.SKIP and (reason := tests[0].get("reason")):
            said["reason"] = reason
        return said

    def _untried(self, row: Requirement) -> str:
        if row.not_tested:
            return NOT_TESTED
        return NOT_RUN if row.id in self.planned else NOT_SELECTED

    def _profile(self, name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        mine = [row for row in rows if row["profile"] == name]
        declared = name in self.session.capabilities.profiles
        return {
            "name": name,
            "title": profiles()[name].title,
            "declared": declared,
            "conformance": self._conformance(mine, tested=declared or name in self.session.settings.profiles).value,
            "counts": dict(sorted(Counter(row["outcome"] for row in mine).items())),
        }

    @staticmethod
    def _conformance(rows: Sequence[Mapping[str, Any]], *, tested: bool) -> Conformance:
        if not tested:
            return Conformance.NOT_DECLARED
        # A SHOULD that is not met warns; it only fails when the server died of its test.
        musts = [row["outcome"] for row in rows if row["level"] == "MUST" or row["outcome"] == Outcome.FAIL]
        unfinished = [Outcome.INCONCLUSIVE] * (NOT_RUN in musts)
        return conclude([*unfinished, *(Outcome(said) for said in musts if said in set(Outcome))])

    def _verdict(self, judged: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        said = {profile["name"]: Conformance(profile["conformance"]) for profile in judged}
        tried = set(said.values()) - {Conformance.NOT_DECLARED, Conformance.NOT_TESTED}
        overall = Conformance.CONFORMANT if tried == {Conformance.CONFORMANT} else Conformance.INCOMPLETE
        if Conformance.NOT_CONFORMANT in tried:
            overall = Conformance.NOT_CONFORMANT
        partial = self._partial(rows)
        earned = [
            badge
            for badge in BADGES
            if {said[name] for name in badge_profiles(badge, self.contract)} == {Conformance.CONFORMANT}
        ]
        counts = Counter(row["outcome"] for row in rows)
        shown = set(counts) & {Outcome.PASS, Outcome.WARN}
        if partial and overall is Conformance.INCOMPLETE and set(counts) <= _HARMLESS and shown:
            overall = Conformance.CONFORMANT
        return {
            "conformance": overall.value,
            "partial": partial,
            "badge": earned[-1] if earned and not partial else None,
            "counts": dict(sorted(counts.items())),
            "exit_code": self._exit_code(overall, counts),
        }

    def _partial(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether requirements of the declared profiles were left out (also by pytest's own -k)."""
        declared = self.session.capabilities.profiles
        left_out = any(row["outcome"] == NOT_SELECTED and row["profile"] in declared for row in rows)
        return left_out or self.session.settings.selective

    def _exit_code(self, overall: Conformance, counts: Mapping[str, int]) -> int:
        if overall is Conformance.NOT_CONFORMANT:
            return ExitCode.NOT_CONFORMANT
        if counts.get(Outcome.ERROR) or self.broken:
            return ExitCode.HARNESS
        if overall is Conformance.INCOMPLETE or self.stopped or not self.records:
            return ExitCode.USAGE
        return ExitCode.CONFORMANT


MILD = {Outcome.PASS, Outcome.SKIP, Outcome.WARN}
"""Outcomes that say nothing when not every planned test ran."""
_HARMLESS = {Outcome.PASS, Outcome.SKIP, Outcome.WARN, NOT_SELECTED, NOT_TESTED}


def scored_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of requirements that count: all but those that came with a later version of the contract."""
    return [row for row in rows if row.get("scored", True)]


def requirement_row(
    row: Requirement, records: Sequence[Mapping[str, Any]], contract: str
) -> tuple[dict[str, Any], list[Outcome]]:
    """Return what the records of tests say of a requirement, and each outcome that they gave it.

    What any test's exchanges showed of a requirement about every exchange is a failure of that one. It is not scored
    where it came with a later version of the contract than `contract`.
    """
    tests = [record for record in records if record["requirement"] == row.id]
    outcomes = [Outcome(record["outcome"]) for record in tests]
    if any(wire["requirement"] == row.id for record in records for wire in record["wire"]):
        outcomes.append(Outcome.FAIL)
    said: dict[str, Any] = {
        "id": row.id,
        "level": row.level,
        "profile": row.profile,
        "statement": row.statement,
        "outcome": gravest(outcomes).value,
        "tests": [record["test"] for record in tests],
    }
    if not came_with(row.since, contract):
        said |= {"since": row.since, "scored": False}
    return said, outcomes
