"""An objective, and the text that it is written as.

    search.p95<200ms                 of all searches 95 % are answered within 200 ms, from their intended start
    p99.9<2s, mean<50ms, max<5s      of all calls
    search.plugin.service.p95<80ms   one driver (direct, plugin); one hop (latency, service, lag, server, network)
    errors<0.1%, search.errors=0     calls that failed or stayed unfinished, and dropped arrivals: a share or a number
    violations=0                     laws broken, and what timed out, stayed unfinished or was dropped
    laws=0                           only laws broken: writes lost, stale reads, foreign memories…
    dropped=0, unfinished=0, timed_out<1%
    rate>=48/s                       arrivals a second that began; throughput>=48/s: calls a second that ended well
    overhead.search.p95<10ms         what the plugin adds to the direct way (p50, p95, p99)
    measured:time to visibility.p95<2s
    figure:recovery time<10s         what the scenario itself concludes

Operators are < <= > >= =. Times need a unit: h, m, s, ms or µs.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from memconform.settings import UsageError
from memconform_load import quantities
from memconform_load.calls import Op

HOPS = ("latency", "service", "lag", "server", "network")
DRIVERS = ("direct", "plugin")
COUNTED = ("errors", "dropped", "unfinished", "timed_out")
OPERATIONS = tuple(op.value for op in Op)
WHOLE_RUN = ("violations", "laws", "rate")
METRICS = ("mean", "max", *COUNTED, *WHOLE_RUN, "throughput")
OPERATORS = {"<": "<", "<=": "<=", "≤": "<=", ">": ">", ">=": ">=", "≥": ">=", "=": "=", "==": "="}
Source = Literal["calls", "overhead", "measured", "figure"]

_SHAPE = re.compile(r"(?P<left>[^<>=≤≥]+?)\s*(?P<operator><=|>=|==|[<>=≤≥])\s*(?P<limit>[^<>=≤≥]+)")
_METRIC = re.compile(r"(?:(?P<subject>.+)\.)?(?P<metric>p\d+(?:\.\d+)?|[a-z][a-z_-]*)")


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective. `limit` is in `unit`: ms, %, /s, or nothing for a mere number."""

    text: str
    """As it was written."""
    source: Source
    metric: str
    """One of `METRICS`, `p` for a percentile, empty for a figure."""
    operator: str
    limit: float
    unit: str
    quantile: float = 0.0
    """0.95 for p95."""
    operation: str | None = None
    driver: str | None = None
    hop: str = "latency"
    name: str = ""
    """Of a figure, or of a distribution that was measured."""

    def __str__(self) -> str:
        return self.text

    def holds(self, observed: float) -> bool:
        """Return whether what was observed, in the objective's unit, is within its limit."""
        if self.operator == "<":
            return observed < self.limit
        if self.operator == "<=":
            return observed <= self.limit
        if self.operator == ">":
            return observed > self.limit
        return observed >= self.limit if self.operator == ">=" else observed == self.limit


def parse_slo(text: str, operations: Iterable[str] = OPERATIONS) -> Objective:
    """Return the objective that a text says; raise `UsageError` with a suggestion where it says none."""
    text = text.strip()
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise UsageError(f"the objective {text!r} has no form such as search.p95<200ms, errors<0.1% or violations=0")
    left, operator, limit = match["left"].strip(), OPERATORS[match["operator"]], match["limit"].strip()
    if left.startswith("figure:"):
        amount, unit = _any_amount(limit, text)
        return Objective(text, "figure", "", operator, amount, unit, name=left.removeprefix("figure:").strip())
    source, left, name = _source(left, text)
    subject, metric = _metric(left, text, operations)
    quantile = _quantile(metric, text)
    amount, unit = _amount(limit, metric, operator, text)
    kind = "p" if quantile else metric
    parts = _parts(subject, list(operations), text)
    objective = Objective(text, source, kind, operator, amount, unit, quantile, **parts, name=name)
    _check(objective)
    return objective


def _source(left: str, text: str) -> tuple[Source, str, str]:
    """Return where to look, what is left of the left side, and the name of a distribution."""
    if left.startswith("overhead."):
        return "overhead", left.removeprefix("overhead."), ""
    if not left.startswith("measured:"):
        return "calls", left, ""
    match = _METRIC.fullmatch(left.removeprefix("measured:").strip())
    if match is None or not match["subject"]:
        raise UsageError(f"the objective {text!r}: expected a form such as measured:time to visibility.p95<2s")
    return "measured", match["metric"], match["subject"].strip()


def _metric(left: str, text: str, operations: Iterable[str]) -> tuple[str, str]:
    match = _METRIC.fullmatch(left.lower())
    metric = match["metric"] if match else left
    if match and (metric in METRICS or re.fullmatch(r"p\d+(\.\d+)?", metric)):
        return match["subject"] or "", metric
    if metric in (*operations, *DRIVERS, *HOPS):
        raise UsageError(f"the objective {text!r} does not say what of {left}: write {left}.p95 or {left}.errors")
    near = difflib.get_close_matches(metric, METRICS, 1)
    hint = f"do you mean {near[0]!r}?" if near else f"there are p50, p95, p99.9…, {', '.join(METRICS)}"
    raise UsageError(f"the objective {text!r}: {metric!r} cannot be measured; {hint}")


def _quantile(metric: str, text: str) -> float:
    """Return 0.95 of p95; 0 of what is no percentile."""
    if not re.fullmatch(r"p\d+(\.\d+)?", metric):
        return 0.0
    percent = float(metric[1:])
    if 0 < percent < 100:
        return round(percent / 100, 12)
    hint = f"do you mean p{metric[1:3]}.{metric[3:]}?" if percent > 100 else "for the largest, write max"
    raise UsageError(f"the objective {text!r}: percentiles are above p0 and below p100; {hint}")


def _parts(subject: str, operations: list[str], text: str) -> dict[str, str]:
    """Return operation, driver and hop where they are named."""
    found: dict[str, str] = {}
    for word in filter(None, subject.split(".")):
        kinds = {"operation": operations, "driver": DRIVERS, "hop": HOPS}
        kind = next((kind for kind, names in kinds.items() if word in names), None)
        if kind is None:
            known = [*operations, *DRIVERS, *HOPS]
            near = difflib.get_close_matches(word, known, 1)
            hint = f"do you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"the objective {text!r}: {word!r} is no operation, driver or hop; {hint}")
        if kind in found:
            raise UsageError(f"the objective {text!r} names two of a kind: {found[kind]} and {word}; write one of each")
        found[kind] = word
    return found


def _amount(limit: str, metric: str, operator: str, text: str) -> tuple[float, str]:
    """Return the limit and its unit, as this metric takes them."""
    what = f"the limit of {text!r}"
    if metric in COUNTED and limit.endswith("%"):
        return quantities.number(limit[:-1], what=what), "%"
    if metric in (*COUNTED, "violations", "laws"):
        return quantities.number(limit, what=what), ""
    if metric in ("rate", "throughput"):
        return quantities.rate(limit, what=what), "/s"
    if operator == "=":
        raise UsageError(f"the objective {text!r}: no time is met exactly; write <= or >=")
    if re.fullmatch(r"[\d._]+", limit):
        raise UsageError(f"{what} needs a unit: {limit}ms or {limit}s?")
    return round(quantities.duration(limit, what=what) * 1000, 9), "ms"


def _any_amount(limit: str, text: str) -> tuple[float, str]:
    """Return the limit of a figure, whatever it is."""
    what = f"the limit of {text!r}"
    if limit.endswith("%"):
        return quantities.number(limit[:-1], what=what), "%"
    if "/" in limit:
        return quantities.rate(limit, what=what), "/s"
    if re.fullmatch(r"[\d._]+", limit):
        return quantities.number(limit, what=what), ""
    return round(quantities.duration(limit, what=what) * 1000, 9), "ms"


def _check(objective: Objective) -> None:
    """Raise `UsageError` for what cannot be measured of the thing it names."""
    text, metric = objective.text, objective.metric
    narrowed = objective.operation or objective.driver or objective.hop != "latency"
    if metric in WHOLE_RUN and narrowed:
        instead = "; for calls of one operation, write throughput" if metric == "rate" else ""
        raise UsageError(f"the objective {text!r}: {metric} is a figure of the whole run{instead}")
    if metric not in ("p", "mean", "max") and objective.hop != "latency":
        raise UsageError(f"the objective {text!r}: {metric} has no hops; leave out {objective.hop}")
    if objective.source == "measured" and metric not in ("p", "mean", "max"):
        raise UsageError(f"the objective {text!r}: of a distribution there are percentiles, mean and max")
    if objective.source == "overhead":
        known = metric == "p" and objective.quantile in (0.5, 0.95, 0.99)
        if not known or objective.operation is None or objective.driver or objective.hop != "latency":
            raise UsageError(f"the objective {text!r}: expected overhead.OPERATION.p50, p95 or p99")
    if not math.isfinite(objective.limit):
        raise UsageError(f"the objective {text!r}: the limit is too large")
