"""`memconform capacity` with real runs: a result becomes evidence, and the answer says what is known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memconform_load.arrivals import constant
from memconform_load.calibration import SCENARIO, calibrated
from memconform_load.calls import Failed
from memconform_load.capacity import Decision, Probe, TrialFailed
from memconform_load.capacity.stage import stages, trial_of
from memconform_load.launch import RunFailed
from memconform_load.plan import Plan
from memconform_load.recorder import Recorder
from memconform_load.slo import parse_slo

from .example_result import open_run

Document = dict[str, Any]
SECONDS = 10
LATE = Failed("timed out", "no answer within 1 s")
GONE = Failed("503", "unavailable")


def result(slow: float = 0.0, failing: Failed | None = None, dropped: int = 0) -> Document:
    """Return a run of 20 searches a second, of which a share is slow and, if so asked, each tenth fails."""
    recorder = Recorder()
    for number in range(20 * SECONDS):
        at = number / 20
        failed = failing if number % 10 == 0 else None
        service = 1.0 if failed is LATE else 0.5 if number % 100 < slow * 100 else 0.02
        recorder.intended(at)
        recorder.started(at, 0.0)
        recorder.record(
            "search", "direct", at_s=at, lag_s=0.0, service_s=service, failed=failed, timed_out=failed is LATE
        )
    for number in range(dropped):
        recorder.dropped(number % SECONDS, "search", "direct")
    document = open_run(5, 20.0, stalls=False)
    document.update(operations=recorder.operations(SECONDS), timeline=recorder.timeline(), counts=recorder.counts())
    document.update(load_s=float(SECONDS), arrivals_per_s=recorder.arrivals_per_s(SECONDS))
    return document


def seen(document: Document, *texts: str) -> Probe:
    """Return a probe with the one trial that a result makes."""
    return Probe(20, [trial_of(document, 20, SECONDS, [parse_slo(text) for text in texts])])


@pytest.mark.parametrize(
    ("document", "objective", "bad"),
    [
        (result(), "search.p95<200ms", 0),
        (result(slow=0.1), "search.p95<200ms", 20),
        (result(slow=0.1), "p95<200ms", 20),
        (result(slow=0.1), "search.plugin.p95<200ms", None),
        (result(failing=GONE), "search.p95<200ms", 20),  # quick failures are no good answers
        (result(failing=LATE), "search.p95<200ms", 20),  # and slow ones are not counted twice
        (result(failing=GONE), "errors<1%", 20),
        (result(dropped=30), "search.p95<200ms", 30),
    ],
)
def test_bad_calls_are_counted_second_by_second(document: Document, objective: str, bad: int | None) -> None:
    """Slow, failed and dropped ones, each once; of another driver there are none at all."""
    blocks = seen(document, objective).trials[0].objectives[objective].blocks
    assert len(blocks) == SECONDS
    if bad is None:
        assert sum(calls for calls, _ in blocks) == 0
    else:
        assert sum(number for _, number in blocks) == bad


def test_a_tenth_of_slow_calls_misses_a_p95() -> None:
    """The decision follows; the curve has the percentiles of the objective's calls."""
    probe = seen(result(slow=0.4), "search.p95<200ms")
    assert probe.decision is Decision.NOT_MET
    assert probe.as_json()["p50_ms"] == pytest.approx(20, rel=0.01)
    assert probe.as_json()["p95_ms"] == pytest.approx(500, rel=0.01)
    assert seen(result(), "search.p95<200ms").decision is Decision.MET


def test_objectives_on_the_whole_are_judged_as_in_any_run() -> None:
    """Violations, service time and throughput have no seconds."""
    probe = seen(result(), "search.service.p50<1ms", "throughput>=5/s")
    assert probe.trials[0].wholes == {"search.service.p50<1ms": False, "throughput>=5/s": True}
    assert probe.decision is Decision.NOT_MET


def test_the_generators_faults_are_no_fault_of_the_server() -> None:
    """A failed check makes the stage invalid; a server that answers nothing has missed its objectives."""
    document = result()
    document["validity"] = [{"check": "cpu", "ok": False, "said": "99 %"}]
    assert seen(document, "search.p95<200ms").invalid == ("cpu: 99 %",)
    document["validity"] = [{"check": "completeness", "ok": False, "said": "no call ended"}]
    dead = seen(document, "search.p95<200ms")
    assert not dead.invalid
    assert dead.decision is Decision.NOT_MET


def test_each_stage_has_a_seed_of_its_own_and_its_warm_up() -> None:
    """The plan is the user's but for rate, length and seed."""
    plans: list[Plan] = []

    def play(plan: Plan) -> Document:
        plans.append(plan)
        return result()

    stage = stages(Plan("u", "chat", constant(1, 1), seed=3, warm_up_s=2.0, slo=("p95<1s",)), play)
    stage(20, 10)
    stage(40, 5)
    assert [plan.seed for plan in plans] == [3, 4]
    schedule = plans[1].schedule
    assert schedule is not None
    assert (schedule.kind, schedule.duration_s, plans[1].duration_s) == ("constant", 7.0, 5)
    assert schedule.intended_rate(3) == 40


def test_a_run_that_fails_or_is_interrupted_ends_the_search() -> None:
    """Each in its way."""

    def ended(word: str) -> Document:
        return {**result(), "verdict": {"word": word, "exit_code": 4, "reasons": ["why"]}}

    def refused(_plan: Plan) -> Document:
        raise RunFailed("there is no server", 3)

    plan = Plan("u", "chat", None, slo=("p95<1s",))
    with pytest.raises(KeyboardInterrupt):
        stages(plan, lambda _: ended("interrupted"))(10, 5)
    with pytest.raises(TrialFailed, match="why"):
        stages(plan, lambda _: ended("failed"))(10, 5)
    with pytest.raises(TrialFailed, match="no server"):
        stages(plan, refused)(10, 5)


# The command


def called(*words: object) -> subprocess.CompletedProcess[str]:
    """Call the command in a process of its own."""
    code = "from memconform_load.cli.capacity import command; command()"
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=120)


def test_the_command_answers_with_the_curve(tmp_path: Path) -> None:
    """A server without a limit meets its objective at the greatest rate that may be tried: "at least", exit code 3."""
    words = ["--rate", 30, "--max-rate", 30, "--duration", "5s", "--warm-up", "0.5s", "--slo", "search.p95<2s"]
    bounded = [*words, "--max-duration", "20s", "--json", tmp_path / "out.json"]

    def answered() -> tuple[subprocess.CompletedProcess[str], Document]:
        with calibrated("fixed,delay=5ms") as server:
            ended = called(server.url, "--scenario", SCENARIO, *bounded)
        return ended, json.loads((tmp_path / "out.json").read_text())

    # A machine that is busy with other tests measures nothing, and says so.
    ended, document = answered()
    for _ in range(3):
        if not document["met_at"]:
            ended, document = answered()
    assert ended.returncode == 3, ended.stderr
    assert "At least 30 arrivals a second" in ended.stdout
    assert document["met_at"] == 30
    assert [point["decision"] for point in document["curve"]] == ["met"]
    assert document["slo"] == ["search.p95<2s"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sessions", "3"], "--sessions does not go with capacity"),
        (["--rate", "50", "--max-rate", "20"], "expected a rate above 0 and up to the greatest"),
        (["--precision", "90%"], "expected 0.5% to 50%"),
        (["--duration", "2s"], "a stage takes 5s or more"),
        (["--slo", "search.p95"], "has no form such as"),
        (["--rate", "10..20"], "--rate is '10..20'"),
    ],
)
def test_words_that_make_no_sense_are_said(words: list[str], said: str) -> None:
    """Exit code 2, and what to do instead."""
    ended = called("http://127.0.0.1:9", *words)
    assert ended.returncode == 2
    assert said in " ".join(ended.stderr.split())


def test_no_server_is_said_at_once() -> None:
    """Nothing was learned, so there is no answer but why."""
    ended = called("http://127.0.0.1:9", "--slo", "search.p95<1s")
    assert ended.returncode in (3, 4)
    assert "memconform:" in ended.stderr
    assert "Traceback" not in ended.stderr
