"""A run is invalid by its generator's fault and never by its server's; the verdict says which, and why."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import pytest

from memconform_load.arrivals import Schedule, constant, gamma_bursts, poisson, trace
from memconform_load.calls import Failed
from memconform_load.cpu import CpuSampler, rss_mb
from memconform_load.recorder import Recorder
from memconform_load.slo import judge, parse_slo
from memconform_load.validity import judge_validity, verdict


@dataclass
class Run:
    """A simulated run: a generator with a lag, a server with a service time; 100 arrivals a second for 20 s."""

    lag_s: float = 0.0002
    service_s: float = 0.02
    schedule: Schedule | None = None
    ends_at_s: float = 20.0
    """When the generator dies."""
    cpu: float = 30.0
    plugin_cpu: float | None = None
    in_flight: int = 1_000_000
    model: str = "open"
    workers: tuple[str, ...] = ("finished",)

    def result(self, **more: Any) -> dict[str, Any]:
        """Play it, and return what its result holds for validity and objectives."""
        schedule = self.schedule or constant(100, 20)
        recorder = Recorder()
        ends: list[float] = []
        for at in schedule.times(1):
            if at >= self.ends_at_s:
                break
            recorder.intended(at)
            ends = [end for end in ends if end > at]
            if len(ends) >= self.in_flight:
                recorder.dropped(at, "turn", "direct")
                continue
            ends.append(at + self.lag_s + self.service_s)
            recorder.started(at, self.lag_s)
            recorder.record("search", "direct", at_s=at, lag_s=self.lag_s, service_s=self.service_s)
        for second in range(20):
            recorder.cpu(second, self.cpu)
            if self.plugin_cpu is not None:
                recorder.cpu(second, self.plugin_cpu, plugin=True)
        result = {
            "model": self.model,
            "plan": {"schedule": schedule.as_json(), "warm_up_s": 0.0},
            "load_s": 20.0,
            "counts": recorder.counts(),
            "arrivals_per_s": recorder.arrivals_per_s(20.0),
            "operations": recorder.operations(20.0),
            "timeline": recorder.timeline(),
            "violations": {"total": 0, "checked": {"reads": 1}, "found": [], "suspended": []},
            "workers": [{"index": index, "state": state} for index, state in enumerate(self.workers)],
        }
        return {**result, **more}


def not_ok(result: dict[str, Any]) -> list[str]:
    """Return the checks that did not hold."""
    return [row["check"] for row in judge_validity(result) if not row["ok"]]


def ended(result: dict[str, Any], *objectives: str, **how: Any) -> dict[str, Any]:
    """Return the verdict on a result."""
    slo = judge([parse_slo(text) for text in objectives], result)
    return verdict(slo, judge_validity(result), **how)


def test_a_sound_run_is_valid() -> None:
    """Each check says what it saw, with figure, limit and unit."""
    rows = judge_validity(Run().result())
    assert [row["check"] for row in rows] == [
        "completeness",
        "arrivals due",
        "achieved rate",
        "generator lag",
        "cpu",
        "workers",
    ]
    assert all(row["ok"] for row in rows)
    assert all(row.keys() == {"check", "ok", "observed", "limit", "unit", "said"} for row in rows)


def test_an_overloaded_server_does_not_make_a_run_invalid() -> None:
    """Arrivals pile up for 15 s each, but begin on time: the run is valid, the objective not met."""
    result = Run(service_s=15.0).result()
    assert not_ok(result) == []
    assert ended(result, "search.p95<200ms")["exit_code"] == 1


def test_dropped_arrivals_are_the_servers_fault_too() -> None:
    """Beyond 50 calls in flight the rest is dropped: the achieved rate still counts them as having come on time."""
    result = Run(service_s=5.0, in_flight=50).result()
    assert result["counts"]["dropped"] > 1500
    assert not_ok(result) == []
    found = ended(result, "errors<1%")
    assert (found["exit_code"], found["word"]) == (1, "not met")
    assert "dropped" in found["reasons"][0]


def test_a_late_generator_makes_a_run_invalid() -> None:
    """With words that put no blame on the server."""
    result = Run(lag_s=0.05).result()
    assert not_ok(result) == ["generator lag"]
    found = ended(result)
    assert (found["exit_code"], found["word"]) == (3, "invalid")
    assert "the generator's, not the server's" in found["reasons"][0]


@pytest.mark.parametrize(("lag_s", "service_s", "ok"), [(0.009, 0.001, True), (0.011, 0.001, False), (0.05, 0.3, True)])
def test_lag_is_measured_against_a_floor_and_the_service_time(lag_s: float, service_s: float, ok: bool) -> None:
    """10 ms, or a fifth of the median service time where that is more."""
    assert ("generator lag" not in not_ok(Run(lag_s=lag_s, service_s=service_s).result())) is ok


def test_a_generator_that_cannot_keep_up_makes_a_run_invalid() -> None:
    """Arrivals that began only after the load was over were not achieved."""
    result = Run(lag_s=5.0, service_s=60.0).result()
    assert not_ok(result) == ["achieved rate"]
    found = ended(result, "p95<1s")
    assert found["exit_code"] == 3
    assert "add workers" in found["reasons"][0]
    assert "not met" in found["reasons"][1]


@pytest.mark.parametrize("schedule", [constant(100, 20), poisson(100, 20), gamma_bursts(100, 20, 3)])
def test_a_generator_that_died_makes_a_run_invalid(schedule: Schedule) -> None:
    """What it counted agrees with itself: only the schedule tells that half is missing."""
    assert not_ok(Run(schedule=schedule).result()) == []
    assert not_ok(Run(schedule=schedule, ends_at_s=10.0).result()) == ["arrivals due"]


def test_arrivals_of_a_warm_up_are_not_missed() -> None:
    """They are in the schedule, and do not count."""
    for schedule in (constant(100, 20), trace([n / 100 for n in range(2000)])):
        result = Run(schedule=schedule).result(plan={"schedule": schedule.after(30).as_json(), "warm_up_s": 30.0})
        assert not_ok(result) == []


def test_chance_does_not_make_a_run_invalid() -> None:
    """Random schedules of few arrivals have fewer than expected often enough: 300 seeds, none blamed."""
    for schedule in (poisson(2, 10), gamma_bursts(2, 10, 4)):
        document = Run().result(plan={"schedule": schedule.as_json(), "warm_up_s": 0.0})
        for seed in range(300):
            number = sum(1 for _ in schedule.times(seed))
            counts = {**document["counts"], "intended": number or 1}
            assert "arrivals due" not in not_ok({**document, "counts": counts}), seed


def test_a_busy_generator_makes_a_run_invalid_and_a_busy_plugin_does_not() -> None:
    """A plugin's CPU is what its latency is made of; it is said, and no more."""
    assert not_ok(Run(cpu=97.0).result()) == ["cpu"]
    result = Run(plugin_cpu=99.0).result()
    assert not_ok(result) == []
    (said,) = [row["said"] for row in judge_validity(result) if row["check"] == "plugin cpu"]
    assert "mostly its own" in said


def test_a_busy_moment_is_no_saturation() -> None:
    """One second of twenty; nor is what comes after the load, when the run drains and cleans up."""
    result = Run().result()
    result["timeline"][3]["cpu_percent"] = 100.0
    result["timeline"] += [{**result["timeline"][0], "second": 20 + n, "cpu_percent": 100.0} for n in range(30)]
    assert not_ok(result) == []


@pytest.mark.parametrize("state", ["lost", "running", "preparing"])
def test_a_worker_that_did_not_finish_makes_a_run_invalid(state: str) -> None:
    """Named, with its state."""
    result = Run(workers=("finished", state)).result()
    assert not_ok(result) == ["workers"]
    assert f"worker 1 ({state})" in ended(result)["reasons"][0]


def test_a_run_in_which_no_call_ended_is_invalid_and_meets_nothing() -> None:
    """Nothing listens, nothing answers: both are said, and the exit code is 3."""
    recorder = Recorder()
    for number in range(100):
        recorder.intended(number / 5)
        recorder.started(number / 5)
        recorder.unfinished(number / 5, "search", "direct", waited_s=30.0)
    counts = {"counts": recorder.counts(), "operations": recorder.operations(20.0)}
    result = Run(schedule=constant(5, 20)).result(**counts, arrivals_per_s=recorder.arrivals_per_s(20.0))
    assert not_ok(result) == ["completeness"]
    found = ended(result, "p95<1h", "errors<100%")
    assert found["exit_code"] == 3
    assert len(found["reasons"]) == 3
    assert not_ok(Run(ends_at_s=0.0).result())[0] == "completeness"


def test_a_server_that_dies_half_way_is_not_met_although_refusals_are_quick() -> None:
    """The p95 of all calls is 10 ms; a third of them brought no answer."""
    recorder = Recorder()
    for number in range(1500):
        at = number / 100
        dead = Failed("connection refused", "nothing listens") if at >= 10 else None
        recorder.intended(at)
        recorder.started(at)
        recorder.record("search", "direct", at_s=at, lag_s=0, service_s=0.0003 if dead else 0.01, failed=dead)
    assert recorder.operations(15.0)[0]["hops"]["latency"]["p95_ms"] < 10.1
    counts = {"counts": recorder.counts(), "operations": recorder.operations(15.0)}
    found = ended(Run(schedule=constant(100, 15)).result(**counts), "search.p95<200ms")
    assert (found["exit_code"], found["word"]) == (1, "not met")
    assert "500 failed" in found["reasons"][0]


def test_a_closed_run_has_no_lag_and_no_schedule() -> None:
    """Its sessions wait for their answers by design."""
    result = Run(model="closed", lag_s=1.0).result(plan={"schedule": None})
    assert "generator lag" not in [row["check"] for row in judge_validity(result)]
    assert not_ok(result) == []


def test_all_verdicts() -> None:
    """0 met, 1 not met, 3 invalid or interrupted, 4 when ours failed; all reasons are told, the gravest first."""
    good, late = Run().result(), Run(lag_s=0.05).result()
    assert ended(good, "p95<1s") == {"exit_code": 0, "word": "met", "reasons": []}
    assert "no objective was set" in ended(good)["reasons"][0]
    missed = ended(good, "p95<1ms", "p50<1s")
    assert (missed["exit_code"], missed["word"], len(missed["reasons"])) == (1, "not met", 1)
    assert missed["reasons"][0].startswith("p95<1ms is not met")
    both = ended(late, "p95<1ms")
    assert (both["exit_code"], both["word"]) == (3, "invalid")
    assert [reason.split(":")[0] for reason in both["reasons"]] == ["generator lag", "p95<1ms is not met"]
    undecided = ended(good, "p99.99<1s")
    assert (undecided["exit_code"], undecided["word"]) == (3, "invalid")
    assert "not decided" in undecided["reasons"][0]
    stopped = ended(good, "p95<1s", interrupted=True)
    assert (stopped["exit_code"], stopped["word"]) == (3, "interrupted")
    assert "interrupted" in stopped["reasons"][0]
    failed = ended(late, "p95<1ms", failures=["the scenario failed: KeyError: 'x'"])
    assert (failed["exit_code"], failed["word"]) == (4, "failed")
    assert "KeyError" in failed["reasons"][0]
    assert len(failed["reasons"]) == 3
    assert ended(good, failures=["x"], interrupted=True)["exit_code"] == 4


def test_cpu_is_sampled_without_waiting() -> None:
    """A process that spins is seen beside this one; one that is gone is passed over, at once and later."""
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        sampler = CpuSampler([spinning.pid, 2**22 + 1])
        deadline = time.monotonic() + 20
        while sampler.each().get(spinning.pid, 0.0) < 10.0:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        begin = time.monotonic()
        assert sampler.sample() >= 0
        assert time.monotonic() - begin < 5
        assert (rss_mb(spinning.pid) or 0) > 1
    finally:
        spinning.kill()
        spinning.wait()
    assert list(sampler.each()) == [os.getpid()]
    assert rss_mb(spinning.pid) is None
    assert (rss_mb(os.getpid()) or 0) > 5
