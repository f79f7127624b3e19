"""Runs the load tool against servers of a known truth, and says whether what it measures is that truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from memconform_load.calibration.cases import Case
from memconform_load.calibration.journal import Journal
from memconform_load.calibration.started import calibrated
from memconform_load.histogram import Histogram
from memconform_load.plan import Plan

SCENARIO, OPERATION = str(Path(__file__).with_name("one_search.py")), "search"
"""In this scenario each arrival is one search."""
QUANTILES = (0.5, 0.95, 0.99)
SHARE = 0.03
FLOOR_MS = 1.0
"""What the way there and back may cost. The server's journal ends when the answer is written and its user waits until
it is read; on the loopback interface of a busy machine that takes some tenths of a millisecond."""
_TRIES = 2
"""A case that fails is tried once more: any machine has a bad moment, and a bad machine has another one."""

Run = Callable[[Plan], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A percentile: the truth and what was measured, in milliseconds."""

    quantile: float
    truth_ms: float
    measured_ms: float

    @property
    def off(self) -> float:
        """By which share what was measured is off."""
        return self.measured_ms / self.truth_ms - 1

    @property
    def good(self) -> bool:
        """Whether that is within the bounds."""
        return abs(self.measured_ms - self.truth_ms) <= max(SHARE * self.truth_ms, FLOOR_MS)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a case."""

    case: Case
    calls: int
    figures: tuple[Figure, ...]
    problems: tuple[str, ...]
    tries: int = 1

    @property
    def good(self) -> bool:
        """Whether the load tool told the truth."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        figures = [
            {
                "quantile": f.quantile,
                "truth_ms": round(f.truth_ms, 4),
                "measured_ms": round(f.measured_ms, 4),
                "good": f.good,
            }
            for f in self.figures
        ]
        return {
            "case": self.case.name,
            "good": self.good,
            "tries": self.tries,
            "calls": self.calls,
            "figures": figures,
            "problems": list(self.problems),
        }


def check(cases: Iterable[Case], run: Run, tell: Callable[[Checked], None]) -> list[Checked]:
    """Play every case; `tell` hears of each one when it has ended."""
    done = []
    for case in cases:
        checked = _played(case, run)
        for tries in range(2, _TRIES + 1):
            if not checked.good:
                checked = replace(_played(case, run), tries=tries)
        tell(checked)
        done.append(checked)
    return done


def _played(case: Case, run: Run) -> Checked:
    with calibrated(case.law) as server:
        plan = Plan(
            server.url,
            SCENARIO,
            case.schedule,
            duration_s=case.schedule.duration_s,
            people=10,
            slo=(case.told,) if case.told else (),
            drain_s=15.0,
        )
        result = run(plan)
        return judged(case, result, server.log().only(OPERATION), plan.seed)


def judged(case: Case, result: Mapping[str, Any], journal: Journal, seed: int = 0) -> Checked:
    """Compare a result with what the server wrote down."""
    intended = list(case.schedule.times(seed))
    measured = _measured(result)
    problems = [*_counts(case, result, journal, len(intended)), *_told(case, result)]
    figures: tuple[Figure, ...] = ()
    if case.exact and len(journal.arrived) == len(intended):
        truth = journal.latencies(intended)
        figures = tuple(Figure(q, nearest_rank(truth, q) * 1e3, measured.quantile(q) * 1e3) for q in QUANTILES)
        problems += [
            f"p{f.quantile * 100:g} is {f.measured_ms:.4g} ms, in truth {f.truth_ms:.4g} ms"
            for f in figures
            if not f.good
        ]
    return Checked(case, measured.count, figures, tuple(problems))


def _counts(case: Case, result: Mapping[str, Any], journal: Journal, intended: int) -> list[str]:
    counts = result["counts"]
    problems = []
    if counts["intended"] != intended:
        problems.append(f"{counts['intended']} arrivals were due, in truth {intended}")
    if case.exact and len(journal.arrived) != intended:
        problems.append(f"the server saw {len(journal.arrived)} calls of {intended} arrivals")
    well = counts["completed"] - counts["failed"]
    if well != journal.answered:
        problems.append(f"{well} calls ended well, in truth {journal.answered}")
    return problems


def _told(case: Case, result: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the verdict: it must miss the objective that the server misses, and be valid."""
    invalid = [f"the run is invalid: {row['check']}: {row['said']}" for row in result["validity"] if not row["ok"]]
    missed = [row["objective"] for row in result["slo"] if not row["met"]]
    if case.told and case.told not in missed:
        invalid.append(f"it says that {case.told} is met, which it is not")
    return invalid


def _measured(result: Mapping[str, Any]) -> Histogram:
    for row in result["operations"]:
        if row["operation"] == OPERATION:
            return Histogram.from_encoded(row["hops"]["latency"]["hdr"])
    return Histogram()


def nearest_rank(values: Iterable[float], q: float) -> float:
    """Return the smallest value that a share `q` of all does not exceed; NaN of nothing."""
    ordered = sorted(values)
    return ordered[max(math.ceil(q * len(ordered) - 1e-9), 1) - 1] if ordered else math.nan
