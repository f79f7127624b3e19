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

_CLEAN = {Outcome.PASS, Outcome.SKIP, "not_tested", "not_selected"}


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


def run_matrix(
    chosen: Iterable[Case], *, budget: Size, jobs: int, tell: Callable[[CaseResult], None] = lambda _: None
) -> Matrix:
    """Judge the cases, `jobs` at a time; `tell` hears of each as it ends."""
    matrix = Matrix()
    with tempfile.TemporaryDirectory(prefix="memconform-selftest-") as folder, ThreadPoolExecutor(jobs) as pool:
        farm = Farm(Path(folder))
        futures = [pool.submit(_try_case, farm, case, budget) for case in chosen]
        try:
            for future in as_completed(futures):
                matrix.results.append(future.result())
                tell(matrix.results[-1])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return matrix


def _try_case(farm: Farm, case: Case, budget: Size) -> CaseResult:
    started = time.monotonic()
    try:
        right, said, used, requests = _judged(farm, case, budget)
    except FarmError as error:
        right, said, used, requests = False, str(error), budget, 0
    return CaseResult(case, right, said, used, time.monotonic() - started, requests)


def _judged(farm: Farm, case: Case, budget: Size) -> tuple[bool, str, Size, int]:
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
    return False, "survived: " + (_told(result["tests"]) or f"no test ran ({result['run']['stopped']})")


def _spared(result: dict[str, Any]) -> tuple[bool, str]:
    """Return whether nothing at all is held against the server and nothing was left open."""
    bad = [test for test in result["tests"] if test["outcome"] not in _CLEAN or test["wire"]]
    rows = [row for row in result["requirements"] if row["outcome"] not in _CLEAN]
    if bad or rows or result["leaks"] or not result["run"]["finished"]:
        left = f"; {len(result['leaks'])} left behind" if result["leaks"] else ""
        return False, f"blamed: {_told(bad) or [row['id'] for row in rows]}{left}"
    return True, "clean"


def _told(tests: Sequence[dict[str, Any]]) -> str:
    parts = []
    for test in tests:
        told = test.get("observed") or test.get("reason") or ""
        wire = "; ".join(f"{finding['requirement']}: {finding['observed']}" for finding in test["wire"][:1])
        parts.append(
            f"{test['test'].split('::')[-1]} {test['outcome']} {test.get('expected', '')} / {told} {wire}".strip()
        )
    return " | ".join(parts)[:1500]
