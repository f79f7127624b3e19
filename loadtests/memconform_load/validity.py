"""Whether a run's figures can be believed, and what objectives and validity add up to.

A run is invalid by what the *generator* did or failed to do, never by a server that is slow: arrivals that pile up in
front of an overloaded server still begin on time, and their waiting is latency. Hence lag is looked at (intended start
until the request leaves), not latency, and the achieved rate counts arrivals that began, not calls that ended. An
arrival that was dropped because too many calls were in flight came on time as well: it counts against the server.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from memconform_load.arrivals import Schedule
from memconform_load.exit_codes import HARNESS, INVALID, MET, NOT_MET
from memconform_load.histogram import Histogram

LAG_MS = 10.0
"""Lag that no figure of a service over a network is much the worse for."""
LAG_SHARE = 0.2
"""Lag as a share of the median service time. Lag is part of latency: it makes a server look slower, never faster."""
ACHIEVED = 0.98
BUSY_PERCENT = 90.0
"""CPU of one core beyond which a process of ours cannot be trusted to be on time."""
BUSY_SHARE = 0.1
"""The share of seconds that may be so busy: starting and ending are."""

Row = dict[str, Any]
Result = Mapping[str, Any]


def judge_validity(result: Result) -> list[Row]:
    """Return the rows of a result that say whether its figures can be believed."""
    rows = (check(result) for check in _CHECKS)
    return [row for row in rows if row is not None]


def _row(
    check: str, said: str, ok: bool, observed: float | None = None, limit: float | None = None, unit: str = ""
) -> Row:
    figures = {"observed": None if observed is None else round(observed, 4), "limit": limit}
    return {"check": check, "ok": ok, **figures, "unit": unit, "said": said}


def _completeness(result: Result) -> Row:
    """Tell whether anything was measured at all."""
    counts = result["counts"]
    if not counts["intended"]:
        return _row("completeness", "no arrival came: the load never began", False, 0.0, 1.0)
    if counts["completed"]:
        open_ended = f", {counts['unfinished']:,} were unfinished at the end" if counts["unfinished"] else ""
        return _row("completeness", f"{counts['completed']:,} calls ended{open_ended}", True, counts["completed"], 1.0)
    said = f"of {counts['intended']:,} arrivals no call ended: is the server there, and is the time-out long enough?"
    return _row("completeness", said, False, 0.0, 1.0)


def _all_intended(result: Result) -> Row | None:
    """Compare with the schedule: a generator that ends early never counts the arrivals that it did not live to see."""
    schedule = result["plan"].get("schedule")
    if schedule is None or not result["counts"]["intended"]:
        return None
    plan = Schedule.from_json(schedule)
    warm_up_s = float(result["plan"].get("warm_up_s", 0.0))
    warming = sum(1 for at in plan.recorded if at < warm_up_s) if plan.kind == "trace" else _expected(plan, warm_up_s)
    expected = plan.expected - warming
    chance = 0.0 if plan.kind in ("constant", "trace") else 4 * max(plan.cv, 1.0) * math.sqrt(expected) + 2
    limit = math.floor(ACHIEVED * (expected - chance))
    intended = result["counts"]["intended"]
    said = f"{intended:,} arrivals were due, of some {expected:,.0f} in the schedule"
    if intended < limit:
        said += ": the run was cut short, or a generator ended before it"
    return _row("arrivals due", said, intended >= limit, intended, float(limit))


def _expected(plan: Schedule, until_s: float) -> float:
    """Return how many arrivals a schedule expects in its warm-up, which is its first stage."""
    return plan.stages[0].rate_from * until_s


def _achieved(result: Result) -> Row | None:
    rates, counts = result["arrivals_per_s"], result["counts"]
    if not rates["intended"]:
        return None
    dropped = counts["dropped"] / counts["intended"]
    share = rates["achieved"] / rates["intended"] + dropped
    of = f"{rates['achieved']:.4g} of {rates['intended']:.4g}/s"
    said = f"{share:.1%} of the arrivals began while the load went on ({of})"
    if dropped:
        said += f", {counts['dropped']:,} dropped ones included: these count against the server"
    if share < ACHIEVED:
        said += ": the generator could not keep up; lower the rate, or add workers (--workers N) or cores"
    return _row("achieved rate", said, share >= ACHIEVED, share * 100, ACHIEVED * 100, "%")


def _lag(result: Result) -> Row | None:
    if result["model"] != "open":
        return None
    lag, service = _hop(result, "lag"), _hop(result, "service")
    if not lag.count or not service.count:
        return None
    observed, median = lag.quantile(0.99) * 1e3, service.quantile(0.5) * 1e3
    limit = round(max(LAG_MS, LAG_SHARE * median), 4)
    said = f"99 % of the calls left within {observed:.3g} ms of their intended start (median service {median:.3g} ms)"
    if observed > limit:
        said += f"; beyond {limit:.3g} ms latency is the generator's, not the server's: lower the rate, or add workers"
    return _row("generator lag", said, observed <= limit, observed, limit, "ms")


def _hop(result: Result, name: str) -> Histogram:
    merged = Histogram()
    for row in result["operations"]:
        summary = row["hops"].get(name)
        if summary and summary["count"]:
            merged.merge(Histogram.from_encoded(summary["hdr"]))
    return merged


def _cpu(result: Result) -> Row | None:
    busy = _busy(result, "cpu_percent")
    if busy is None:
        return None
    seconds, known, most = busy
    ok = seconds <= max(1, BUSY_SHARE * known)
    said = f"the generator used up to {most:.0f} % of a core"
    if not ok:
        said += f", more than {BUSY_PERCENT:.0f} % in {seconds} of {known} seconds: add workers, or lower the rate"
    return _row("cpu", said, ok, most, BUSY_PERCENT, "%")


def _plugin_cpu(result: Result) -> Row | None:
    """Tell of a busy plugin: its own slowness is what is measured, and no fault of the run."""
    busy = _busy(result, "plugin_cpu_percent")
    if busy is None:
        return None
    seconds, known, most = busy
    said = f"a process of the plugin used up to {most:.0f} % of a core"
    if seconds > max(1, BUSY_SHARE * known):
        said += f", more than {BUSY_PERCENT:.0f} % in {seconds} of {known} seconds: latency by plugin is mostly its own"
    return _row("plugin cpu", said, True, most, None, "%")


def _busy(result: Result, name: str) -> tuple[int, int, float] | None:
    """Return how many seconds of the load were busy, of how many is known, and the highest of them."""
    known = [row[name] for row in result["timeline"] if row.get(name) is not None and row["second"] < result["load_s"]]
    return (sum(each > BUSY_PERCENT for each in known), len(known), max(known)) if known else None


def _workers(result: Result) -> Row | None:
    workers = result["workers"]
    if not workers:
        return None
    gone = [worker for worker in workers if worker["state"] != "finished"]
    if not gone:
        return _row("workers", f"{_plural(len(workers))} took part to the end", True, 0.0, 0.0)
    which = ", ".join(f"worker {worker['index']} ({worker['state']})" for worker in gone)
    said = f"{len(gone)} of {_plural(len(workers))} did not finish: {which}; what they measured last is missing"
    return _row("workers", said, False, len(gone), 0.0)


def _plural(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"


_CHECKS: tuple[Callable[[Result], Row | None], ...] = (
    _completeness,
    _all_intended,
    _achieved,
    _lag,
    _cpu,
    _plugin_cpu,
    _workers,
)


def verdict(
    slo: Sequence[Row], validity: Sequence[Row], *, failures: Iterable[str] = (), interrupted: bool = False
) -> dict[str, Any]:
    """Return exit code, word and reasons, the gravest first.

    4: ours failed. 3: the figures cannot be believed, somebody stopped the run, or an objective cannot be decided by so
    few calls. 1: an objective is not met. 0: all are. A run that is invalid and misses objectives ends with 3 and says
    both.
    """
    failed = [f"the load test itself failed: {why}" for why in failures]
    invalid = [f"{row['check']}: {row['said']}" for row in validity if not row["ok"]]
    invalid += [f"{row['objective']}: {row['said']}" for row in slo if not row.get("decided", True)]
    missed = [
        f"{row['objective']} is not met: {row['said']}" for row in slo if not row["met"] and row.get("decided", True)
    ]
    stopped = ["the run was interrupted before its end"] if interrupted else []
    if failed:
        code, word = HARNESS, "interrupted" if interrupted else "failed"
    elif interrupted:
        code, word = INVALID, "interrupted"
    elif invalid:
        code, word = INVALID, "invalid"
    else:
        code, word = (NOT_MET, "not met") if missed else (MET, "met")
    reasons = [*failed, *stopped, *invalid, *missed]
    if not slo:
        reasons.append("no objective was set: nothing was judged but whether the run is valid")
    return {"exit_code": code, "word": word, "reasons": reasons}
