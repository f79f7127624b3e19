"""Whether objectives are met by a result. What did not run, or cannot be known, is never met."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from memconform_load.histogram import Histogram
from memconform_load.slo.objective import Objective
from memconform_load.slo.sample import bounds, needed
from memconform_load.slo.seen import Calls, said_ms

BAD_IN_A_MEAN = 0.05
"""The share of calls without a good answer beyond which a mean says nothing: quick failures would better it."""

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one objective."""

    observed: float | None
    met: bool
    said: str
    decided: bool = True
    """Whether the sample suffices to know."""


def judge(objectives: Iterable[Objective], result: Result) -> list[dict[str, Any]]:
    """Return the rows of a result that say of each objective whether it is met, and why not."""
    return [_row(objective, _found(objective, result)) for objective in objectives]


def _row(objective: Objective, finding: Finding) -> dict[str, Any]:
    return {
        "objective": objective.text,
        "observed": None if finding.observed is None else round(finding.observed, 4),
        "unit": objective.unit,
        "limit": round(objective.limit, 6),
        "met": finding.met,
        "decided": finding.decided,
        "said": finding.said,
    }


def _found(objective: Objective, result: Result) -> Finding:
    if objective.source == "calls":
        return _OF_CALLS[objective.metric](objective, result)
    return {"figure": _figure, "overhead": _overhead, "measured": _measured}[objective.source](objective, result)


# Times


def _time(objective: Objective, result: Result) -> Finding:
    calls = Calls.of(objective, result)
    if not calls.number:
        return _did_not_run(calls)
    if objective.hop == "latency":
        return _distribution(objective, calls.answered(), calls.what, calls)
    times = calls.hop(objective.hop)
    if not times.count:
        why = "the server says no Server-Timing" if objective.hop in ("server", "network") else "nothing was measured"
        return Finding(None, False, f"{calls.what}: nothing is known of {objective.hop}: {why}")
    if objective.hop != "lag" and calls.bad > (1 - _share(objective)) * calls.number:
        return _too_many_bad(objective, calls)
    return _distribution(objective, times, f"{objective.hop} of {calls.what}")


def _share(objective: Objective) -> float:
    """Return the share of calls that must have been answered well for the objective to be met."""
    return {"p": objective.quantile, "max": 1.0, "mean": 1 - BAD_IN_A_MEAN}[objective.metric]


def _too_many_bad(objective: Objective, calls: Calls) -> Finding:
    said = f"{calls.what}: {calls.bad:,} of {calls.number:,} brought no good answer ({calls.said_bad()})"
    return Finding(None, objective.operator.startswith(">"), f"{said}; they count as slower than any limit")


def _distribution(objective: Objective, times: Histogram, what: str, calls: Calls | None = None) -> Finding:
    """Judge times of good answers; the bad ones among `calls` count as slower than any limit."""
    bad = calls.bad if calls else 0
    if objective.metric == "p":
        return _percentile(objective, times, what, calls)
    if calls and bad > (1 - _share(objective)) * calls.number:
        return _too_many_bad(objective, calls)
    observed = (times.mean if objective.metric == "mean" else times.quantile(1.0)) * 1e3
    without = f", without {bad:,} that brought no good answer" if bad else ""
    said = f"{what}: {objective.metric} {said_ms(observed)} of {times.count:,}{without}"
    return Finding(observed, objective.holds(observed), said)


def _percentile(objective: Objective, times: Histogram, what: str, calls: Calls | None) -> Finding:
    """Judge a percentile by the value at its rank, if there are enough for any value to bound it."""
    quantile, percent = objective.quantile, f"p{objective.quantile * 100:.10g}"
    number = times.count + (calls.bad if calls else 0)
    observed = _at(times, quantile * number)
    bound = [math.nan if rank is None else _at(times, rank) for rank in bounds(quantile, number)]
    met = objective.holds(observed)
    bad = f" ({calls.said_bad()}: these count as slower than any limit)" if calls and calls.bad else ""
    said = f"{what}: {percent} {said_ms(observed)} of {number:,}{bad}"
    known = None if math.isinf(observed) else observed
    nearer = bound[0] if objective.operator.startswith("<") else bound[1]
    if number < needed(quantile) and (met or math.isnan(nearer) or objective.holds(nearer)):
        why = f"{percent} takes {needed(quantile):,} calls or more"
        return Finding(known, False, f"not decided: {said}; {why}", decided=False)
    interval = f", 90 % interval {said_ms(bound[0])} to {said_ms(bound[1])}" if math.isfinite(bound[0]) else ""
    return Finding(known, met, said + interval)


def _at(times: Histogram, rank: float) -> float:
    """Return the time at a rank, from 1, in milliseconds; infinite beyond the last."""
    if math.ceil(rank - 1e-9) > times.count:
        return math.inf
    return times.quantile(rank / times.count) * 1e3


def _did_not_run(calls: Calls) -> Finding:
    what = "no call was made" if calls.what == "all calls" else f"there was no {calls.what}"
    return Finding(None, False, f"{what} in this run, so nothing can be said of it")


# Counts


def _counted(objective: Objective, result: Result) -> Finding:
    calls = Calls.of(objective, result)
    if not calls.number:
        return _did_not_run(calls)
    bad = {"errors": calls.bad, "dropped": calls.dropped}.get(objective.metric)
    bad = calls.sum(objective.metric) if bad is None else bad
    observed = bad / calls.number * 100 if objective.unit == "%" else float(bad)
    share = f" ({observed:.3g} %)" if objective.unit == "%" and bad else ""
    parts = f": {calls.said_bad()}" if objective.metric == "errors" and bad else ""
    name = objective.metric.replace("_", " ")
    said = f"{calls.what}: {bad:,} {name} of {calls.number:,}{share}{parts}"
    unseen = 300 / calls.number
    if objective.unit == "%" and not bad and unseen > objective.limit > 0:
        said += f"; so few calls cannot show a share below {unseen:.2g} %"
    return Finding(observed, objective.holds(observed), said)


def _laws(objective: Objective, result: Result) -> Finding:
    violations = result["violations"]
    if not sum(violations["checked"].values()):
        return Finding(None, False, "no answer was judged in this run, so nothing is known of violations")
    broken = {each["law"]: each["count"] for each in violations["found"]}
    counts = {"timed out": "timed_out", "unfinished": "unfinished", "dropped": "dropped"}
    if objective.metric == "violations":
        broken |= {said: result["counts"][name] for said, name in counts.items()}
    total = violations["total"] + sum(broken.get(said, 0) for said in counts)
    parts = ", ".join(f"{number:,} {name}" for name, number in broken.items() if number)
    said = f"{total:,} {objective.metric}" + (f": {parts}" if parts else "")
    if violations.get("suspended"):
        said += f"; not judged: {', '.join(violations['suspended'])}"
    return Finding(float(total), objective.holds(total), said)


def _rate(objective: Objective, result: Result) -> Finding:
    rates, intended = result["arrivals_per_s"], result["counts"]["intended"]
    if not intended:
        return Finding(None, False, "there was no arrival in this run, so nothing can be said of their rate")
    said = f"{rates['achieved']:.4g} arrivals a second began, of {rates['intended']:.4g} intended"
    return Finding(rates["achieved"], objective.holds(rates["achieved"]), said)


def _throughput(objective: Objective, result: Result) -> Finding:
    calls = Calls.of(objective, result)
    if not calls.number or not result["load_s"]:
        return _did_not_run(calls)
    well = calls.number - calls.bad
    observed = well / result["load_s"]
    return Finding(observed, objective.holds(observed), f"{calls.what}: {observed:.4g} a second ended well ({well:,})")


_OF_CALLS: dict[str, Callable[[Objective, Result], Finding]] = {
    **dict.fromkeys(("p", "mean", "max"), _time),
    **dict.fromkeys(("errors", "dropped", "unfinished", "timed_out"), _counted),
    **dict.fromkeys(("violations", "laws"), _laws),
    "rate": _rate,
    "throughput": _throughput,
}


# What is not about calls


def _figure(objective: Objective, result: Result) -> Finding:
    figures = {figure["name"]: figure for figure in result["figures"]}
    figure = figures.get(objective.name)
    if figure is None or figure["value"] is None:
        known = f"there are {', '.join(figures)}" if figures else "this scenario has none"
        why = figure["said"] if figure else f"the run has no such figure; {known}"
        return Finding(None, False, f"{objective.name}: {why}")
    value, unit = figure["value"], figure["unit"]
    in_ms = {"s": 1000.0, "ms": 1.0, "µs": 0.001}
    if objective.unit == "ms" and unit in in_ms:
        value, unit = value * in_ms[unit], "ms"
    if objective.unit not in ("", unit):
        units = f"in {unit or 'mere numbers'}, the objective in {objective.unit}"
        return Finding(None, False, f"{objective.name} is {units}")
    return Finding(float(value), objective.holds(value), f"{objective.name}: {value:.4g} {unit}".rstrip())


def _overhead(objective: Objective, result: Result) -> Finding:
    rows = {row["operation"]: row for row in result["overhead"]}
    row = rows.get(objective.operation or "")
    value = row[f"p{objective.quantile * 100:.0f}_ms"] if row else None
    if row is None or value is None:
        return Finding(None, False, f"{objective.operation} did not go both ways, direct and by plugin, in this run")
    counts = [_calls(each) for each in result["operations"] if each["operation"] == objective.operation]
    fewest, least = min(counts, default=0), needed(objective.quantile)
    said = row["said"] + ("; less than nothing is noise" if value < 0 else "")
    if fewest < least:
        why = f"p{objective.quantile * 100:.0f} takes {least:,} calls or more each way, there were {fewest:,}"
        return Finding(value, False, f"not decided: {said}; {why}", decided=False)
    return Finding(value, objective.holds(value), said)


def _calls(row: Mapping[str, Any]) -> int:
    return int(row["hops"].get("service", {}).get("count", 0))


def _measured(objective: Objective, result: Result) -> Finding:
    summaries = {each["name"]: each["summary"] for each in result["measured"]}
    summary = summaries.get(objective.name)
    if not summary or not summary["count"]:
        known = f"; there are {', '.join(summaries)}" if summaries and not summary else ""
        return Finding(None, False, f"{objective.name}: nothing was measured in this run{known}")
    return _distribution(objective, Histogram.from_encoded(summary["hdr"]), objective.name)
