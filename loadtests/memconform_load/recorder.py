"""What a run measured: each call once, in distributions and counts that merge across processes in any order.

Nobody is left out. A call that timed out, or that was still waiting when the run ended, is in the distributions with
the time that it had waited: a lower bound of the truth, and far better than its absence, which would leave the figures
to the survivors. A dropped arrival has waited for nothing; it is counted. Objectives go further: `memconform_load.slo`
takes every call that failed, and every dropped arrival, as slower than any limit.

Latency runs from the intended start. An arrival that the generator could not send in time still counts from when its
caller wanted an answer, so that a server that stalls is not spared by a generator that waits for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from memconform_load.calls import Failed
from memconform_load.histogram import Histogram, add_counts, index_of
from memconform_load.measured import NUMBERS, Measured
from memconform_load.timeline import Series, Timeline

KINDS_OF_ERRORS = 200
"""Errors of further kinds count as `other`."""


class Recorder:
    """Measurements of one process, or of all of them merged. Not for use by several threads; greenlets are fine.

    `at_s` is always the intended start in seconds since the start of the load, 0 or more.
    """

    def __init__(self) -> None:
        self._start_anew()

    def _start_anew(self) -> None:
        self._measured: dict[Series, Measured] = defaultdict(Measured)
        self._errors: dict[tuple[str, str, str], tuple[int, float, str]] = {}
        self._timeline = Timeline()
        self._intended = self._started = self._violations = 0

    def intended(self, at_s: float) -> None:
        """Count an arrival that is due now."""
        self._timeline[int(at_s)].intended += 1
        self._intended += 1

    def started(self, at_s: float, lag_s: float = 0.0) -> None:
        """Count an arrival that has begun, so late."""
        self._timeline[int(at_s + lag_s)].started += 1
        self._started += 1

    def dropped(self, at_s: float, op: str, driver: str) -> None:
        """Count an arrival that could not begin."""
        self._timeline[int(at_s)].dropped += 1
        self._measured[op, driver].dropped += 1
        self._error("dropped", op, driver, at_s, "the arrival was not sent: too many calls were in flight already")

    def record(
        self,
        op: str,
        driver: str,
        *,
        at_s: float,
        lag_s: float,
        service_s: float,
        server_s: float | None = None,
        failed: Failed | None = None,
        timed_out: bool = False,
    ) -> None:
        """Record a call that has ended, well or badly."""
        series = (op, driver)
        measured = self._measured[series]
        latency_s = lag_s + service_s
        index = index_of(latency_s)
        lag = index_of(lag_s)
        measured.completed += 1
        measured.latency[index] += 1
        measured.lag[lag] += 1
        measured.service[index_of(service_s)] += 1
        if server_s is not None:
            measured.server[index_of(server_s)] += 1
            measured.network[index_of(service_s - server_s)] += 1
        intended = self._timeline[int(at_s)]
        intended.lag[lag] += 1
        cell = intended.cells[series]
        cell.completed += 1
        cell.latency[index] += 1
        end = self._timeline[int(at_s + latency_s)]
        end.ended += 1
        end.answers[index] += 1
        if failed is not None or timed_out:
            measured.failed += 1
            measured.timed_out += timed_out
            measured.failures[index] += 1
            cell.failed += 1
            end.ended_badly += 1
            failed = failed or Failed("timed out", f"no answer after {service_s:.3g} s")
            self._error(failed.kind, op, driver, at_s, failed.said)

    def unfinished(self, at_s: float, op: str, driver: str, *, waited_s: float, lag_s: float = 0.0) -> None:
        """Record a call that was given up at the end of the run, `waited_s` seconds after its intended start."""
        measured = self._measured[op, driver]
        index = index_of(waited_s)
        measured.unfinished += 1
        measured.latency[index] += 1
        measured.failures[index] += 1
        measured.lag[index_of(lag_s)] += 1
        measured.service[index_of(waited_s - lag_s)] += 1
        second = self._timeline[int(at_s)]
        second.lag[index_of(lag_s)] += 1
        second.cells[op, driver].latency[index] += 1
        said = f"no answer {waited_s:.3g} s after its intended start, when the run ended"
        self._error("unfinished", op, driver, at_s, said)

    def violation(self, at_s: float) -> None:
        """Count a law that was broken."""
        self._timeline[int(at_s)].violations += 1
        self._violations += 1

    def cpu(self, at_s: float, percent: float, *, plugin: bool = False) -> None:
        """Note the CPU of the generator or of a plugin's process, in percent of one core; its peak stays."""
        self._timeline[int(at_s)].peak("plugin_cpu_percent" if plugin else "cpu_percent", percent)

    def server_rss(self, at_s: float, mb: float) -> None:
        """Note the memory of the server in MB; the peak of a second stays."""
        self._timeline[int(at_s)].peak("server_rss_mb", mb)

    def _error(self, kind: str, op: str, driver: str, at_s: float, said: str, number: int = 1) -> None:
        key = (kind, op, driver)
        if key not in self._errors and len(self._errors) >= KINDS_OF_ERRORS:
            key = ("other", op, driver)
        before, first_at, example = self._errors.get(key, (0, at_s, said))
        self._errors[key] = (before + number, *min((first_at, example), (at_s, said)))

    def delta(self) -> dict[str, Any]:
        """Return all that was recorded since the last delta, as JSON values, and start anew."""
        delta = {
            "measured": [[*series, measured.as_json()] for series, measured in self._measured.items()],
            "errors": [[*key, *error] for key, error in self._errors.items()],
            "arrivals": [self._intended, self._started, self._violations],
            "seconds": self._timeline.delta(),
        }
        self._start_anew()
        return delta

    def merge(self, delta: Mapping[str, Any]) -> None:
        """Add what another recorder's `delta` gave; the order of merging makes no difference."""
        for op, driver, document in delta["measured"]:
            self._measured[op, driver].merge(document)
        for kind, op, driver, number, at_s, said in delta["errors"]:
            self._error(kind, op, driver, at_s, said, number)
        intended, started, violations = delta["arrivals"]
        self._intended += intended
        self._started += started
        self._violations += violations
        self._timeline.merge(delta["seconds"])

    def counts(self) -> dict[str, int]:
        """Return arrivals (intended, started, dropped) and calls (completed, failed, timed out, unfinished)."""
        calls = {name: sum(getattr(each, name) for each in self._measured.values()) for name in NUMBERS}
        return {"intended": self._intended, "started": self._started, **calls}

    def arrivals_per_s(self, load_s: float) -> dict[str, float]:
        """Return arrivals a second: intended, and begun before the load was over."""
        in_time = sum(second.started for number, second in self._timeline.all() if number <= load_s)
        return {"intended": _rate(self._intended, load_s), "achieved": _rate(in_time, load_s)}

    def operations(self, load_s: float) -> list[dict[str, Any]]:
        """Return a row for each operation and driver."""
        return [measured.row(series, load_s) for series, measured in sorted(self._measured.items())]

    def errors(self) -> list[dict[str, Any]]:
        """Return the kinds of errors, the most frequent first, each with its first example."""
        rows = [
            {"kind": kind, "operation": op, "driver": driver, "count": number, "example": said, "first_at_s": at_s}
            for (kind, op, driver), (number, at_s, said) in self._errors.items()
        ]
        return sorted(rows, key=lambda row: (-int(row["count"]), row["kind"], row["operation"], row["driver"]))

    def timeline(self, width_s: int = 1) -> list[dict[str, Any]]:
        """Return a row for each second, or for each `width_s` seconds."""
        return self._timeline.rows(width_s)

    def live(self, window_s: int = 5) -> dict[str, Any]:
        """Return how it goes: rates and percentiles of the last seconds, failures and violations of all."""
        known = self._timeline.open()
        newest = known[-1][0] if known else 0
        whole = [second for number, second in known if newest - window_s <= number < newest]
        window = whole or [second for _, second in known]
        width = min(window_s, newest) or 1
        answers = Histogram()
        for second in window:
            add_counts(answers.counts, second.answers.items())
        figures = dict(zip(("p50_ms", "p95_ms", "p99_ms"), answers.quantiles((0.5, 0.95, 0.99)), strict=True))
        return {
            "at_s": newest,
            "intended_per_s": sum(second.intended for second in window) / width,
            "rate_per_s": sum(second.ended for second in window) / width,
            "failed": sum(each.failed + each.dropped for each in self._measured.values()),
            "violations": self._violations,
            **{name: round(value * 1e3, 4) if answers.counts else None for name, value in figures.items()},
        }


def _rate(number: int, load_s: float) -> float:
    return round(number / load_s, 4) if load_s else 0.0
