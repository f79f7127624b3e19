"""Two servers, or one before and after a change: what is slower, by how much, and how sure that is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform_load.compare.likeness import differences, doubts, unfit
from memconform_load.histogram import Histogram, middle_us
from memconform_load.significance import Effect, Seconds, TooFew, block_bootstrap, welch

Result = Mapping[str, Any]
Series = tuple[str, str]
"""An operation and a driver."""

CONFIDENCE = 0.95
QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Row:
    """One operation by one driver. Times are milliseconds, medians over the runs; NaN where there is none."""

    operation: str
    driver: str
    quantile: float
    """The one that is judged."""
    a_ms: Mapping[float, float]
    b_ms: Mapping[float, float]
    failed: tuple[float, float]
    """The shares of calls that failed."""
    effect: Effect | None
    said: str

    @property
    def name(self) -> str:
        """What was called, and how where that is not plain HTTP."""
        return self.operation if self.driver == "direct" else f"{self.operation} by {self.driver}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it. Figures are there even where they prove nothing."""

    rows: tuple[Row, ...]
    method: str
    tolerance: float
    unlike: tuple[str, ...] = ()
    """Why the two cannot be compared."""
    invalid: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def slower(self) -> list[Row]:
        """The rows in which B is slower by more than the tolerance."""
        return [row for row in self.rows if row.effect and row.effect.slower_than(self.tolerance)]

    @property
    def exit_code(self) -> int:
        """0: B is not shown to be slower than the tolerance allows; 1: it is; 3: nothing can be said."""
        if self.unlike or self.invalid or not any(row.effect for row in self.rows):
            return 3
        return 1 if self.slower else 0

    def said(self) -> str:
        """Return the conclusion in a sentence."""
        if self.unlike:
            return "not comparable: " + "; ".join(self.unlike)
        if self.invalid:
            return "no conclusion: " + "; ".join(self.invalid)
        parts = [f"{row.name} p{row.quantile * 100:g} {row.said}" for row in self.rows]
        return "; ".join(parts) or "no conclusion: there is no operation that both have"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "format": "memconform.comparison/1",
            "said": self.said(),
            "exit_code": self.exit_code,
            "method": self.method,
            "tolerance": self.tolerance,
            "not_comparable": list(self.unlike),
            "invalid": list(self.invalid),
            "doubts": list(self.doubts),
            "rows": [_row_json(row) for row in self.rows],
        }


def compare(
    a: Sequence[Result],
    b: Sequence[Result],
    *,
    quantile: float = 0.95,
    tolerance: float = 0.0,
    operations: Sequence[str] = (),
    despite: bool = False,
    seed: int = 0,
) -> Comparison:
    """Compare results of A with results of B: as many runs of each, or one of each.

    `tolerance` is the share by which B may be slower. `despite` True compares what was not measured the same way.
    Several series are judged each at a higher confidence, so that all together are wrong in 5 % of the cases.
    """
    unlike = () if despite else tuple(differences(a, b))
    invalid = (*unfit(a, "A"), *unfit(b, "B"))
    both = [series for series in _series(a) if series in _series(b) and (not operations or series[0] in operations)]
    confidence = 1 - (1 - CONFIDENCE) / max(len(both), 1)
    single = len(a) == len(b) == 1
    rows = tuple(_row(a, b, series, quantile, confidence, seed) for series in both)
    method = (
        "one run of each: block bootstrap over stretches of seconds"
        if single
        else f"{len(a)} and {len(b)} runs: Welch's t on the logarithms of their percentiles"
    )
    return Comparison(rows, method, tolerance, unlike, invalid, tuple(doubts(a, b)))


def _row(
    a: Sequence[Result], b: Sequence[Result], series: Series, quantile: float, confidence: float, seed: int
) -> Row:
    of_a, of_b = ({q: _middle(runs, series, q) for q in {*QUANTILES, quantile}} for runs in (a, b))
    failed = (_failed(a, series), _failed(b, series))
    try:
        effect = _effect(a, b, series, quantile, confidence, seed)
        said = (
            effect.said()
            if effect.confidence == CONFIDENCE
            else f"{effect.said()} at {effect.confidence:.1%} confidence"
        )
    except TooFew as error:
        effect, said = None, f"no conclusion: {error}"
    if abs(failed[0] - failed[1]) > 0.01:
        said += f"; {failed[0]:.1%} of its calls failed in A, {failed[1]:.1%} in B: these are other latencies"
    return Row(*series, quantile, of_a, of_b, failed, effect, said)


def _effect(
    a: Sequence[Result], b: Sequence[Result], series: Series, quantile: float, confidence: float, seed: int
) -> Effect:
    if len(a) == len(b) == 1:
        return block_bootstrap(_seconds(a[0], series), _seconds(b[0], series), quantile, confidence, seed)
    first, second = ([_latency(run, series).quantile(quantile) for run in runs] for runs in (a, b))
    return welch(first, second, confidence)


def _series(results: Sequence[Result]) -> list[Series]:
    """Return what was called in every run, in the order of the first one."""
    called = [[(row["operation"], row["driver"]) for row in run["operations"] if row["count"]] for run in results]
    return [series for series in called[0] if all(series in each for each in called)]


def _latency(run: Result, series: Series) -> Histogram:
    for row in run["operations"]:
        if (row["operation"], row["driver"]) == series:
            return Histogram.from_encoded(row["hops"]["latency"]["hdr"])
    return Histogram()


def _middle(runs: Sequence[Result], series: Series, q: float) -> float:
    return statistics.median(_latency(run, series).quantile(q) * 1e3 for run in runs)


def _failed(runs: Sequence[Result], series: Series) -> float:
    rows = [row for run in runs for row in run["operations"] if (row["operation"], row["driver"]) == series]
    calls = sum(row["count"] + row.get("dropped", 0) for row in rows)
    bad = sum(row["failed"] + row.get("unfinished", 0) + row.get("dropped", 0) for row in rows)
    return float(bad / max(calls, 1))


def _seconds(run: Result, series: Series) -> Seconds:
    """Return how often each latency was seen in each second that had any."""
    cells = (row["operations"].get(" ".join(series)) for row in run["timeline"] if row["second"] < run["load_s"])
    histograms = (Histogram.from_encoded(cell["hdr"]) for cell in cells if cell and cell["count"])
    return [{middle_us(index) / 1e6: n for index, n in each.counts.items() if n} for each in histograms]


def _row_json(row: Row) -> dict[str, Any]:
    def named(times: Mapping[float, float]) -> dict[str, float | None]:
        return {f"p{q * 100:g}_ms": None if math.isnan(ms) else round(ms, 3) for q, ms in sorted(times.items())}

    effect = row.effect
    figures = (
        {name: round(getattr(effect, name), 5) for name in ("ratio", "low", "high", "confidence")} if effect else None
    )
    return {
        "operation": row.operation,
        "driver": row.driver,
        "judged": f"p{row.quantile * 100:g}",
        "a": named(row.a_ms),
        "b": named(row.b_ms),
        "failed": {"a": row.failed[0], "b": row.failed[1]},
        "effect": figures,
        "said": row.said,
    }
