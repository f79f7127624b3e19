"""Whole runs of Locust against real servers: what is counted, what is left, and how runs end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.load.conftest import KEY, Small, ends_as, scopes_held

from memconform.serving import served
from memconform_load.arrivals import constant, poisson
from memconform_load.calibration import calibrated
from memconform_load.launch import RunFailed
from memconform_load.plan import Plan


def _row(result: dict[str, Any], operation: str, driver: str = "direct") -> dict[str, Any]:
    return next(row for row in result["operations"] if (row["operation"], row["driver"]) == (operation, driver))


def test_every_arrival_of_the_schedule_is_sent_and_answered(server: str, small: Small) -> None:
    """An open run sends exactly the arrivals of its seeded schedule, and what it counts adds up."""
    result = small(server)
    due = list(poisson(30, 3).times(0))
    assert result["counts"]["intended"] == result["counts"]["started"] == _row(result, "search")["count"] == len(due)
    assert result["counts"]["completed"] == sum(row["count"] for row in result["operations"])
    assert (result["counts"]["failed"], result["counts"]["unfinished"], result["counts"]["dropped"]) == (0, 0, 0)
    assert sum(second["intended"] for second in result["timeline"]) == len(due)
    assert result["violations"]["total"] == 0
    assert ends_as(result, 0), result["verdict"]


def test_nothing_is_left_behind(server: str, small: Small, own_state: Path) -> None:
    """A run deletes what it created, in its preparation as well, and its ledger."""
    result = small(server)
    assert result["warnings"] == []
    assert scopes_held(server) == []
    assert list(own_state.glob("*.jsonl")) == []


def test_the_key_is_in_no_result(server: str, small: Small) -> None:
    """The API key travels in the environment and in the header, and stands in nothing that is written."""
    assert KEY not in json.dumps(small(server, seconds=1))


def test_a_run_can_be_repeated(server: str, small: Small) -> None:
    """The same seed gives the same arrivals, people and operations; another seed gives others."""
    courses = []
    for seed in (5, 5, 6):
        result = small(server, seed=seed, seconds=2)
        courses.append(
            [(row["second"], row["intended"]) for row in result["timeline"]] + [_row(result, "add")["count"]]
        )
    assert courses[0] == courses[1] != courses[2]


def test_counts_equal_the_servers_log(small: Small) -> None:
    """Two workers send together what the server writes down, call for call."""
    with calibrated("fixed,delay=5ms") as calibration:
        result = small(calibration.url, rate=60, workers=2, seed=3)
        log = calibration.log()
    assert [worker["state"] for worker in result["workers"]] == ["finished", "finished"]
    assert all(worker["started"] > 0 for worker in result["workers"])
    assert len(log.only("search").completed) == _row(result, "search")["count"] == result["counts"]["intended"]


def test_a_worker_that_dies_makes_the_run_invalid(server: str, small: Small, own_state: Path) -> None:
    """The run says which worker was lost, and its verdict cannot be that objectives are met."""
    notes: list[str] = []

    def kill_one(_: Any, killed: list[int] = []) -> None:  # noqa: B006 - remembers across calls
        mine = [each for each in psutil.Process().children(recursive=True) if "--processes" in each.cmdline()]
        workers = [each for each in mine if any(parent.pid in {one.pid for one in mine} for parent in each.parents())]
        if workers and not killed:
            killed.append(workers[0].pid)
            workers[0].kill()

    result = small(server, rate=40, seconds=8, workers=2, options={"on_live": kill_one, "on_note": notes.append})
    assert sorted(worker["state"] for worker in result["workers"]) == ["finished", "lost"]
    assert any("is lost" in note for note in notes)
    assert result["verdict"]["exit_code"] == 3
    assert any("worker" in reason for reason in result["verdict"]["reasons"])
    assert scopes_held(server) == []
    assert list(own_state.glob("*.jsonl")) == []


def test_a_server_that_dies_is_no_success(small: Small) -> None:
    """Calls after the death of the server are failures and enter the objectives; the run ends in time."""
    with calibrated("dies,at=1s") as calibration:
        result = small(calibration.url, seconds=4, timeout_s=2)
    assert result["counts"]["intended"] > 80
    assert result["counts"]["failed"] > 0.5 * result["counts"]["completed"]
    assert ends_as(result, 1), result["verdict"]
    assert result["errors"]


def test_calls_that_never_end_are_counted(small: Small) -> None:
    """A server that stalls until after the end leaves unfinished calls, which break the objectives."""
    with calibrated("stall,at=1s,length=60s") as calibration:
        result = small(calibration.url, seconds=2, drain_s=1)
    assert result["counts"]["unfinished"] > 10
    assert ends_as(result, 1), result["verdict"]


def test_latency_counts_from_the_intended_start(small: Small) -> None:
    """A stall of one second is seen by all arrivals that were due in it, not only by those that were on their way."""
    with calibrated("stall,at=1s,length=1s") as calibration:
        result = small(calibration.url, rate=50, seconds=4, parameters={"model": 0.05, "facts": 3, "adds": 0.0})
    slow = [row for row in result["timeline"] if row["operations"].get("search direct", {}).get("max_ms", 0) > 500]
    assert _row(result, "search")["hops"]["latency"]["p90_ms"] > 400
    assert slow


def test_sessions_wait_for_their_answers(server: str, small: Small) -> None:
    """A closed run plays turn after turn, begins no turn before the load, and says what it is."""
    result = small(server, schedule=None, sessions=4, parameters={"model": 0.01, "facts": 3, "think": 0.002})
    assert result["model"] == "closed"
    assert result["counts"]["started"] == _row(result, "search")["count"] > 4
    assert all(row["second"] >= 0 for row in result["timeline"])


def test_warm_up_does_not_count(small: Small) -> None:
    """Arrivals of the warm-up are sent and not counted."""
    with calibrated("fixed,delay=2ms") as calibration:
        schedule = constant(20, 2).after(1)
        result = small(calibration.url, schedule=schedule, seconds=2, warm_up_s=1.0)
        sent = len(calibration.log().only("search").completed)
    assert result["counts"]["intended"] == 40
    assert sent == 60


def test_interrupted_runs_give_what_is_known(server: str, small: Small) -> None:
    """Ctrl-C ends a run early: the result says so, and nothing is left on the server."""

    def interrupt(live: Any, sent: list[bool] = []) -> None:  # noqa: B006 - remembers across calls
        if live["elapsed_s"] > 1 and not sent:
            sent.append(True)
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    begun = time.monotonic()
    result = small(server, seconds=30, options={"on_live": interrupt})
    assert time.monotonic() - begun < 20
    assert result["verdict"]["word"] == "interrupted"
    assert result["warnings"] == []
    assert 0 < result["counts"]["completed"] < 900
    assert scopes_held(server) == []


def test_what_follows_the_load_is_called_so(server: str, small: Small) -> None:
    """Once the last arrival was due, progress says that memories are read back, not that calls go on."""
    seen: list[dict[str, Any]] = []
    small(server, seconds=2, rate=40, parameters={"model": 4.0, "facts": 3}, options={"on_live": seen.append})
    after = [live for live in seen if live["elapsed_s"] > 2]
    assert after
    assert all("the load is over" in live["said"] and "rate_per_s" not in live for live in after)
    assert all("said" not in live for live in seen if live["elapsed_s"] <= 2)


@pytest.mark.parametrize(
    ("url", "said"), [("http://127.0.0.1:1", "no answer from"), ("http://192.0.2.7", "--yes-i-own-this-target")]
)
def test_no_run_without_a_target(url: str, said: str, small: Small) -> None:
    """A target that does not answer, or that nobody said is theirs, is refused before anything is sent to it."""
    with pytest.raises(RunFailed, match=said):
        small(url)


def test_a_missing_profile_is_said(small: Small) -> None:
    """A scenario that needs what the server does not declare is skipped clearly."""
    with (
        served(["--variant", "only-core"]) as url,
        pytest.raises(RunFailed, match="skipped: the scenario chat needs search") as failed,
    ):
        small(url)
    assert failed.value.exit_code == 2


def test_unknown_parameters_are_refused(server: str, small: Small) -> None:
    """A parameter that the scenario does not have is refused with those that it has."""
    with pytest.raises(RunFailed, match="no parameter 'fact'; it has: facts=20"):
        small(server, parameters={"fact": 3})


def test_plans_survive_as_json() -> None:
    """A plan that was written and read is the same plan."""
    plan = Plan("http://127.0.0.1:1", "chat", poisson(5, 2), parameters={"facts": 1}, slo=("errors<1%",))
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan
    closed = Plan("http://127.0.0.1:1", "chat", None, sessions=3)
    assert Plan.from_json(json.loads(json.dumps(closed.as_json()))) == closed


def test_scenarios_of_ones_own(server: str, small: Small, tmp_path: Path) -> None:
    """A scenario may be any locustfile with one subclass of MemoryUser; a fault of it ends in exit code 4."""
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from memconform_load.engine import MemoryUser, Turn\n"
        "class Mine(MemoryUser):\n"
        '    """Adds, and then stumbles."""\n'
        "    def arrival(self, turn: Turn) -> None:\n"
        "        turn.add(turn.part.texts.fact(turn.rng, turn.number))\n"
        "        raise LookupError('stumbled')\n"
    )
    result = small(server, scenario=str(mine), parameters={}, seconds=1)
    assert _row(result, "add")["count"] > 10
    assert result["verdict"]["exit_code"] == 4
    assert any("stumbled" in reason for reason in result["verdict"]["reasons"])


def test_a_run_ends_when_nobody_waits_for_it(server: str) -> None:
    """Where the command that started a run is killed, the run stops sending, cleans up and ends."""
    words = [sys.executable, "-m", "memconform", "load", server, "--rate", "20", "--users", "5", "--duration", "60s"]
    command = subprocess.Popen(words, env={**os.environ, "MEMCONFORM_API_KEY": KEY}, stderr=subprocess.PIPE, text=True)
    assert command.stderr is not None
    assert "/s" in command.stderr.readline()
    (locust,) = psutil.Process(command.pid).children()
    command.kill()
    command.communicate()
    locust.wait(timeout=30)
    assert scopes_held(server) == []


def test_what_a_killed_run_left_is_cleaned_up(server: str, own_state: Path) -> None:
    """A run that was killed has written down whose data it created; `memconform cleanup` deletes it."""
    words = [sys.executable, "-m", "memconform", "load", server, "--rate", "20", "--users", "5", "--duration", "60s"]
    environment = {**os.environ, "MEMCONFORM_API_KEY": KEY}
    command = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
    assert command.stderr is not None
    assert "/s" in command.stderr.readline()
    for process in psutil.Process(command.pid).children():
        process.kill()
    command.communicate()
    assert command.returncode == 4
    held = scopes_held(server)
    assert len(held) == 5
    run_id = held[0]["user_id"].split("_")[0]
    cleanup = [sys.executable, "-m", "memconform", "cleanup", "--run-id", run_id]
    done = subprocess.run(cleanup, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert scopes_held(server) == []
    assert list(own_state.glob("*.jsonl")) == []
