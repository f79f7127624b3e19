"""The kill matrix: judges every case and says whether the judge was right."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memconform.budget import SIZES, Size
from memconform.selftest.cases import Case
from memconform.selftest.farm import Farm, FarmError
from memconform.verdict import Outcome

CLEAN = {Outcome.PASS, Outcome.SKIP, "not_tested", "not_selected"}
"""Outcomes with which nothing is held against a legal server, and nothing is left open."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Whether the judge was right about one server, and what it said."""

    case: Case
    right: bool
    said: str
    budget: Size
    seconds: float
    requests: int = 0


@dataclass
class Matrix:
    """All results."""

    results: list[CaseResult] = field(default_factory=list)

    @property
    def defects(self) -> list[CaseResult]:
        """Results of the seeded defects."""
        return [result for result in self.results if result.case.kind == "defect"]

    @property
    def legal(self) -> list[CaseResult]:
        """Results of the variants and of the reference."""
        return [result for result in self.results if result.case.kind != "defect"]

    @property
    def wrong(self) -> list[CaseResult]:
        """Defects that survived, and legal servers that were blamed."""
        return [result for result in self.results if not result.right]

    def summary(self) -> str:
        """Return the line that says it all."""
        killed = sum(result.right for result in self.defects)
        alarms = sum(not result.right for result in self.legal)
        return f"killed {killed}/{len(self.defects)}, false alarms {alarms}/{len(self.legal)}"


Judged = tuple[bool, str, Size, int]
"""Whether the judge was right, what it said, the budget that it took, requests sent."""


def run_matrix(
    chosen: Iterable[Case], *, budget: Size, jobs: int, tell: Callable[[CaseResult], None] = lambda _: None
) -> Matrix:
    """Judge servers, `jobs` at a time; `tell` hears of each as it ends."""
    with tempfile.TemporaryDirectory(prefix="memconform-selftest-") as folder:
        farm = Farm(Path(folder))
        return run_cases(chosen, lambda case: _judged(farm, case, budget), jobs=jobs, tell=tell)


def run_cases(
    chosen: Iterable[Case],
    judged: Callable[[Case], Judged],
    *,
    jobs: int,
    tell: Callable[[CaseResult], None] = lambda _: None,
) -> Matrix:
    """Try the cases, `jobs` at a time; `judged` says what came of one, or raises `FarmError`."""
    matrix = Matrix()
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(_try_case, judged, case) for case in chosen]
        try:
            for future in as_completed(futures):
                matrix.results.append(future.result())
                tell(matrix.results[-1])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return matrix


def _try_case(judged: Callable[[Case], Judged], case: Case) -> CaseResult:
    started = time.monotonic()
    try:
        right, said, used, requests = judged(case)
    except FarmError as error:
        right, said, used, requests = False, str(error), "smoke", 0
    return CaseResult(case, right, said, used, time.monotonic() - started, requests)


def _judged(farm: Farm, case: Case, budget: Size) -> Judged:
    """Judge a legal server with the whole suite; a defect with its requirement's tests, more of them if it survives."""
    if case.breaks is None:
        options = ["--requirement", case.only] if case.only else []
        options += farm.failing_messages() if case.knows_failing_messages else []
        with farm.server(case.serve_options, durable=case.durable) as server:
            result = farm.check(server, [*options, "--budget", budget])
        return *_spared(result), budget, result["run"]["requests"]["tests"]
    requests, said = 0, ""
    for size in SIZES[SIZES.index(budget) : 2]:
        with farm.server(case.serve_options, durable=case.durable) as server:
            options = farm.failing_messages() if case.knows_failing_messages else []
            result = farm.check(server, ["--requirement", case.breaks, "--budget", size, *options])
        killed, said = _killed(result, case)
        requests += result["run"]["requests"]["tests"]
        if killed:
            return True, said, size, requests
    return False, said, "standard", requests


def _killed(result: dict[str, Any], case: Case) -> tuple[bool, str]:
    """Return whether a test of the broken requirement says so, with expected, observed and an exchange to repeat."""
    findings = [
        test for test in result["tests"] if test["requirement"] == case.breaks and test["outcome"] == case.wanted()
    ]
    for finding in findings:
        if finding.get("expected") and finding.get("observed") and finding.get("exchanges"):
            return True, f"expected {finding['expected']}; observed {finding['observed']}"
    return False, "survived: " + (told_of(result["tests"]) or f"no test ran ({result['run']['stopped']})")


def _spared(result: dict[str, Any]) -> tuple[bool, str]:
    """Return whether nothing at all is held against the server and nothing was left open."""
    bad = [test for test in result["tests"] if test["outcome"] not in CLEAN or test["wire"]]
    rows = [row for row in result["requirements"] if row["outcome"] not in CLEAN]
    if bad or rows or result["leaks"] or not result["run"]["finished"]:
        left = f"; {len(result['leaks'])} left behind" if result["leaks"] else ""
        return False, f"blamed: {told_of(bad) or [row['id'] for row in rows]}{left}"
    return True, "clean"


def told_of(tests: Sequence[dict[str, Any]]) -> str:
    """Return what the tests said, in a line."""
    parts = []
    for test in tests:
        told = test.get("observed") or test.get("reason") or ""
        wire = "; ".join(f"{finding['requirement']}: {finding['observed']}" for finding in test["wire"][:1])
        parts.append(
            f"{test['test'].split('::')[-1]} {test['outcome']} {test.get('expected', '')} / {told} {wire}".strip()
        )
    return " | ".join(parts)[:1500]
