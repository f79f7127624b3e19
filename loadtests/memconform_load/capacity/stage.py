"""One stage against a real server: a plan at some rate is run, and its result becomes a trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from memconform_load.arrivals import parse_schedule
from memconform_load.capacity.evidence import Block, rises
from memconform_load.capacity.probe import Seconds, Trial
from memconform_load.capacity.search import TrialFailed, Try
from memconform_load.histogram import Histogram, middle_us
from memconform_load.launch import RunFailed
from memconform_load.plan import Plan
from memconform_load.slo import Objective, judge, parse_slo
from memconform_load.slo.seen import Calls

Result = Mapping[str, Any]


def stages(plan: Plan, run: Callable[[Plan], dict[str, Any]]) -> Try:
    """Return what runs the plan at a rate for so many seconds, with a seed of its own each time.

    Arrivals are spaced as in the plan's schedule. It raises `KeyboardInterrupt` where the run was interrupted,
    `TrialFailed` where there is no result.
    """
    arrivals = plan.schedule.spacing if plan.schedule else "poisson"
    objectives = [parse_slo(text) for text in plan.slo]
    seeds = count(plan.seed)

    def stage(rate: float, seconds: float) -> Trial:
        schedule = parse_schedule(f"{rate:.6f}", seconds, arrivals)
        if plan.warm_up_s:
            schedule = schedule.after(plan.warm_up_s)
        try:
            result = run(replace(plan, schedule=schedule, duration_s=seconds, seed=next(seeds)))
        except RunFailed as failed:
            raise TrialFailed(str(failed), failed.exit_code) from None
        verdict = result["verdict"]
        if verdict["word"] == "interrupted":
            raise KeyboardInterrupt
        if verdict["word"] == "failed":
            raise TrialFailed("; ".join(verdict["reasons"]), verdict["exit_code"])
        return trial_of(result, rate, seconds, objectives)

    return stage


def trial_of(result: Result, rate: float, seconds: float, objectives: Iterable[Objective]) -> Trial:
    """Return what a result says of the objectives, second by second where they count calls."""
    counted, wholes = {}, {}
    for objective in objectives:
        seen = _seconds(objective, result)
        if seen is not None:
            counted[objective.text] = seen
        else:
            row = judge([objective], result)[0]
            wholes[objective.text] = row["met"] or not row["decided"]
    failed = [row for row in result["validity"] if not row["ok"]]
    if any(row["check"] == "completeness" for row in failed):
        wholes["calls are answered"] = False  # nothing was: that is no fault of the generator
        failed = [row for row in failed if row["check"] not in ("completeness", "generator lag")]
    return Trial(
        rate,
        seconds,
        counted,
        wholes,
        rises([value for row in _rows(result) if (value := _median(row)) is not None]),
        tuple(f"{row['check']}: {row['said']}" for row in failed),
        result["arrivals_per_s"]["achieved"],
        _figures(result, next((each for each in objectives if each.metric == "p"), None)),
    )


def _seconds(objective: Objective, result: Result) -> Seconds | None:
    """Return the seconds of an objective on latency or errors; None of one that only the whole can meet."""
    if objective.source != "calls" or not objective.operator.startswith("<") or objective.hop != "latency":
        return None
    if objective.metric == "p":
        quick = _quick_failures(Calls.of(objective, result), objective.limit)
        blocks = (
            _block(row, objective, lambda cell: _over(cell, objective.limit) + cell["failed"] * quick)
            for row in _rows(result)
        )
        return Seconds(1 - objective.quantile, tuple(blocks))
    if objective.metric == "errors" and objective.unit == "%":
        blocks = (_block(row, objective, lambda cell: cell["failed"]) for row in _rows(result))
        return Seconds(objective.limit / 100, tuple(blocks), innocent=True)
    return None


def _rows(result: Result) -> list[Mapping[str, Any]]:
    return [row for row in result["timeline"] if row["second"] < result["load_s"]]


def _block(row: Mapping[str, Any], objective: Objective, bad: Callable[[Mapping[str, Any]], float]) -> Block:
    """Return the calls of a second, and the bad ones; a dropped arrival would have been a call, and a bad one."""
    cells = [cell for series, cell in row["operations"].items() if _is_about(objective, series)]
    calls = sum(cell["count"] for cell in cells)
    return calls + row["dropped"], min(round(sum(map(bad, cells))), calls) + row["dropped"]


def _is_about(objective: Objective, series: str) -> bool:
    operation, _, driver = series.rpartition(" ")
    return objective.operation in (None, operation) and objective.driver in (None, driver)


def _over(cell: Mapping[str, Any], limit_ms: float) -> int:
    counts = Histogram.from_encoded(cell["hdr"]).counts if cell["count"] else {}
    return sum(number for index, number in counts.items() if middle_us(index) > limit_ms * 1000)


def _quick_failures(calls: Calls, limit_ms: float) -> float:
    """Return the share of the failures that were quicker than the limit: they are not among the slow ones."""
    failures = Histogram()
    for row in calls.rows:
        if row.get("failures", {}).get("count"):
            failures.merge(Histogram.from_encoded(row["failures"]["hdr"]))
    quick = sum(number for index, number in failures.counts.items() if middle_us(index) <= limit_ms * 1000)
    return quick / failures.count if failures.count else 0.0


def _median(row: Mapping[str, Any]) -> float | None:
    known = [cell["p50_ms"] for cell in row["operations"].values() if cell["p50_ms"] is not None]
    return max(known, default=None)


def _figures(result: Result, objective: Objective | None) -> dict[str, float | None]:
    """Return percentiles of what the first objective is about, its share of failures, and the calls of all a second."""
    calls = Calls.of(objective or parse_slo("p95<1s"), result)
    found = dict(zip(("p50_ms", "p95_ms", "p99_ms"), calls.hop("latency").quantiles((0.5, 0.95, 0.99)), strict=True))
    figures = {name: None if math.isnan(value) else round(value * 1e3, 3) for name, value in found.items()}
    sent = result["counts"]["completed"] / result["load_s"] if result["load_s"] else None
    return {**figures, "errors": calls.bad / calls.number if calls.number else None, "calls_per_s": sent}
