"""The self-check believes no figure that is not the truth, and says which is not; the load tool stands the trial."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memconform_load.arrivals import constant
from memconform_load.calibration import Dies, Fixed, Journal, calibrated, latencies
from memconform_load.calibration.cases import Case, cases
from memconform_load.calibration.selfcheck import Checked, check, judged, nearest_rank
from memconform_load.histogram import Histogram
from memconform_load.launch import run

CASE = Case("fixed", Fixed(0.02), constant(50, 10))
DEATH = Case("dies", Dies(0.02, 5), constant(50, 10), told="errors<1%", exact=False)


def journal(case: Case) -> Journal:
    """Return what a perfect server writes down of a case."""
    times = list(case.schedule.times(0))
    ends = [at + took for at, took in zip(times, latencies(case.law, times), strict=True)]
    completed = [math.nan if math.isinf(end) else end for end in ends]
    return Journal(
        ["search"] * len(times), [at + 100 for at in times], [0.0] * len(times), [e + 100 for e in completed]
    )


def result(case: Case, scale: float = 1.0, *, plus_s: float = 0.0003) -> dict[str, Any]:
    """Return what a load tool says that measures `scale` times the truth, and a little for the way."""
    measured = Histogram()
    took = latencies(case.law, case.schedule.times(0))
    for each in took:
        measured.record((each if math.isfinite(each) else 0.001) * scale + plus_s)
    lost = sum(map(math.isinf, took))
    return {
        "counts": {"intended": len(took), "completed": len(took), "failed": lost},
        "operations": [{"operation": "search", "hops": {"latency": measured.summary()}}],
        "validity": [],
        "slo": [{"objective": case.told, "met": False}],
    }


def test_the_truth_is_believed() -> None:
    """Within the bounds at p50, p95 and p99, with equal counts, nothing is wrong."""
    checked = judged(CASE, result(CASE), journal(CASE))
    assert checked.good
    assert [figure.quantile for figure in checked.figures] == [0.5, 0.95, 0.99]
    assert checked.figures[0].truth_ms == pytest.approx(20, abs=0.01)
    assert judged(DEATH, result(DEATH), journal(DEATH)).good


def test_what_is_ten_percent_off_is_found() -> None:
    """Above and below: the figure is named with the truth."""
    for scale in (1.1, 0.9):
        checked = judged(CASE, result(CASE, scale), journal(CASE))
        assert len(checked.problems) == 3
        assert checked.problems[0].startswith("p50 is ")
        assert checked.problems[0].endswith("in truth 20 ms")


def test_a_small_absolute_difference_of_a_short_time_is_the_way() -> None:
    """0.9 ms more than 2 ms is no lie, 1.2 ms is one."""
    quick = Case("quick", Fixed(0.002), constant(50, 10))
    assert judged(quick, result(quick, plus_s=0.0009), journal(quick)).good
    assert not judged(quick, result(quick, plus_s=0.0012), journal(quick)).good


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["counts"].update(intended=499), "499 arrivals were due, in truth 500"),
        (lambda r: r["counts"].update(completed=490), "490 calls ended well, in truth 500"),
        (lambda r: r["counts"].update(failed=3), "497 calls ended well, in truth 500"),
        (lambda r: r.update(validity=[{"check": "cpu", "ok": False, "said": "99 %"}]), "the run is invalid: cpu: 99 %"),
    ],
)
def test_counts_that_differ_and_invalid_runs_are_found(change: Any, said: str) -> None:
    """Each is named."""
    wrong = result(CASE)
    change(wrong)
    assert judged(CASE, wrong, journal(CASE)).problems == (said,)


def test_a_server_that_saw_other_calls_is_found() -> None:
    """A call that never left is no call."""
    seen = journal(CASE)
    short = Journal(seen.operations[1:], seen.arrived[1:], seen.due[1:], seen.completed[1:])
    assert "the server saw 499 calls of 500 arrivals" in judged(CASE, result(CASE), short).problems


def test_a_death_or_an_overload_that_is_not_told_is_found() -> None:
    """The objective that the server misses must be among those not met."""
    silent = result(DEATH)
    silent["slo"][0]["met"] = True
    assert "it says that errors<1% is met, which it is not" in judged(DEATH, silent, journal(DEATH)).problems


def test_every_law_is_played() -> None:
    """The names are unique, and overload, stall and death must be told."""
    found = cases(6)
    assert len({case.name for case in found}) == len(found) == 7
    assert {case.name for case in found if case.told} == {"stall of 2 s", "overload", "dies half-way"}


def test_a_quantile_is_the_nearest_rank() -> None:
    """As histograms have it."""
    assert nearest_rank([3, 1, 2, 4], 0.5) == 2
    assert nearest_rank(range(100), 0.95) == 94
    assert math.isnan(nearest_rank([], 0.5))


def test_the_real_load_tool_counts_every_call_and_tells_a_death() -> None:
    """Played for 3 s each: all arrivals are accounted for, and the death is told.

    Percentiles and the validity of the run are for quiet machines.
    """
    told: list[Checked] = []
    found = {case.name: case for case in cases(3.0)}
    done = check([found["fixed"], found["dies half-way"]], run, told.append)
    assert done == told
    for checked in done:
        assert [each for each in checked.problems if not each.startswith(("p", "the run is invalid"))] == []
        assert checked.calls > 200


def test_the_command_prints_a_verdict_and_writes_it(tmp_path: Path) -> None:
    """One line for each law and a sentence; the exit code says whether this machine measures the truth now."""
    code = "from memconform_load.cli.selfcheck import command; command()"
    words = [sys.executable, "-c", code, "--quick", "--only", "fixed", "--json", str(tmp_path / "out.json")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=90)
    assert ended.returncode in (0, 3), ended.stderr
    verdict = "measures the truth:" if ended.returncode == 0 else "does not measure the truth now: see fixed"
    assert verdict in ended.stdout
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["exit_code"] == ended.returncode
    (case,) = document["cases"]
    assert case["good"] is (ended.returncode == 0)
    assert case["calls"] > 300


def test_a_law_that_is_none_is_a_usage_error() -> None:
    """The message has those there are."""
    code = "from memconform_load.cli.selfcheck import command; command()"
    ended = subprocess.run([sys.executable, "-c", code, "--only", "slow"], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "there is no law slow; there are fixed, bimodal" in " ".join(ended.stderr.split())


def test_nothing_of_a_run_stays_behind() -> None:
    """The server ends with its block."""
    with calibrated(Fixed(0.001)) as server:
        pid = server.pid
        assert Path(f"/proc/{pid}").exists() or not Path("/proc").exists()
    assert not Path(f"/proc/{pid}").exists()
