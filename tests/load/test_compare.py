"""Comparisons: what was slower, whether the two can be compared at all, and what the command ends with."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memconform.settings import UsageError
from memconform_load.arrivals import poisson
from memconform_load.baseline import read_baseline, save_baseline
from memconform_load.calls import Failed
from memconform_load.cli.compare import command
from memconform_load.compare import compare, interleaved, order, read_results
from memconform_load.plan import Plan
from memconform_load.recorder import Recorder

from .example_result import open_run

Document = dict[str, Any]


def run(seed: int, scale: float = 1.0, seconds: int = 20, *, failing: float = 0.0) -> Document:
    """Return the result of a run of searches, lognormal around 20 ms times a factor."""
    draw, recorder = random.Random(seed), Recorder()
    for at in poisson(60, seconds).times(seed):
        recorder.intended(at)
        recorder.started(at, 0.0002)
        service = scale * draw.lognormvariate(-3.9, 0.4)
        failed = Failed("503", "no") if draw.random() < failing else None
        recorder.record("search", "direct", at_s=at, lag_s=0.0002, service_s=service, failed=failed)
    document = copy.deepcopy(BASE)
    document["plan"]["seed"] = seed
    document["operations"], document["timeline"] = recorder.operations(seconds), recorder.timeline()
    document["load_s"] = float(seconds)
    return document


BASE = open_run(5, 20.0, stalls=False)


def runs(first: int, scale: float = 1.0, number: int = 5) -> list[Document]:
    """Return runs with the seeds 0 to 4 in their plans; what they measured depends on `first`."""
    made = [run(first + each, scale) for each in range(number)]
    for seed, each in enumerate(made):
        each["plan"]["seed"] = seed
    return made


def test_a_quarter_slower_is_said_with_its_interval() -> None:
    """Five runs of each: B is slower by some 25 %, and the exit code is 1."""
    found = compare(runs(0), runs(100, 1.25))
    (row,) = found.rows
    assert row.effect is not None
    assert row.effect.low < 1.25 < row.effect.high
    assert row.said.startswith("slower by 2")
    assert found.exit_code == 1
    assert found.said().startswith("search p95 slower by 2")


def test_a_tolerance_lets_it_pass() -> None:
    """25 % slower is no failure where 50 % are tolerated; faster is never one."""
    assert compare(runs(0), runs(100, 1.25), tolerance=0.5).exit_code == 0
    assert compare(runs(100, 1.25), runs(0)).exit_code == 0


def test_the_same_server_shows_no_difference() -> None:
    """Other runs of the same server are not called slower, by repeats or by one run of each."""
    assert "no difference shown" in compare(runs(0), runs(100)).said()
    assert "no difference shown" in compare([run(1)], [{**run(2), "plan": run(1)["plan"]}]).said()


def test_one_run_of_each_is_compared_by_its_seconds() -> None:
    """The method is said, and a third slower is found in 20 s."""
    slow = run(2, 1.35)
    slow["plan"]["seed"] = 1
    found = compare([run(1)], [slow])
    assert found.method.startswith("one run of each: block bootstrap")
    assert found.exit_code == 1


def test_many_operations_are_judged_more_strictly() -> None:
    """With two series each has a confidence of 97.5 %, and a row of its own."""
    both = [open_run(12, 40.0, stalls=False) for _ in range(2)]
    found = compare(both[:1], both[1:])
    assert len(found.rows) == 4
    assert {row.effect.confidence for row in found.rows if row.effect} == {1 - 0.05 / 4}
    assert all("at 98.8% confidence" in row.said for row in found.rows)
    assert [row.operation for row in compare(both[:1], both[1:], operations=["add"]).rows] == ["add", "add"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["environment"].update(cpu_count=64), "the machine differs"),
        (lambda r: r["environment"].update(platform="Darwin"), "the machine differs"),
        (lambda r: r["environment"].update(python="3.13.1"), "the Python differs"),
        (lambda r: r["scenario"].update(name="recall"), "the scenario differs"),
        (lambda r: r["plan"].update(people=5), "the plan's people differs: 1000 and 5"),
        (lambda r: r["plan"].update(seed=99), "the seeds differ: 0 and 99"),
        (lambda r: r.update(model="closed"), "the model differs"),
    ],
)
def test_what_was_not_measured_the_same_way_is_not_compared(change: Any, said: str) -> None:
    """Another machine, scenario, plan or seed: the difference is named, exit code 3; figures only when asked for."""
    a, b = runs(0, number=1), runs(50, 1.5, number=1)
    change(b[0])
    found = compare(a, b)
    assert found.exit_code == 3
    assert said in found.said()
    assert compare(a, b, despite=True).exit_code == 1


def test_the_server_may_differ() -> None:
    """Address, service, objectives and plugin are what is compared, no difference of the measurement."""
    a, b = runs(0, number=1), runs(50, number=1)
    b[0]["plan"].update(url="http://127.0.0.1:1", slo=["p95<1s"], plugin="another")
    b[0]["target"]["service"] = {"name": "another", "version": "2"}
    assert not compare(a, b).unlike


def test_invalid_runs_prove_nothing() -> None:
    """A run that its generator spoiled is named; objectives that were missed spoil nothing."""
    a, b = runs(0), runs(100, 1.25)
    b[1]["verdict"] = {"exit_code": 1, "word": "not met", "reasons": ["search.p95<1ms"]}
    assert compare(a, b).exit_code == 1
    b[1]["verdict"] = {"exit_code": 3, "word": "invalid", "reasons": ["cpu: 100 %"]}
    b[1]["validity"] = [{"check": "cpu", "ok": False, "said": "100 %"}]
    found = compare(a, b)
    assert found.exit_code == 3
    assert "run 2 of B is invalid: cpu: 100 %" in found.said()


def test_other_failures_are_said_beside_the_latencies() -> None:
    """A server that refuses quickly is not simply faster."""
    b = [run(100 + seed, failing=0.1) for seed in range(5)]
    for seed, each in enumerate(b):
        each["plan"]["seed"] = seed
    assert "of its calls failed in A" in compare(runs(0), b).rows[0].said


def test_a_busy_machine_is_a_doubt() -> None:
    """A load of two processes on two cores before a run is mentioned."""
    b = runs(100)
    b[0]["environment"]["load_average"] = [2.4, 1.0, 1.0]
    assert compare(runs(0), b).doubts == ("the machine was busy before 1 of 5 runs of B began",)


def test_repeats_take_turns() -> None:
    """Each side is first in every other pair."""
    assert [side for side, _ in order(5)] == [0, 1, 1, 0, 0, 1, 1, 0, 0, 1]


def test_the_runs_of_a_pair_have_the_same_seed() -> None:
    """Both servers get the same arrivals and texts; the next pair others."""
    seen: list[tuple[str, int]] = []

    def play(plan: Plan, _said: str) -> Document:
        seen.append((plan.url, plan.seed))
        return {"verdict": {"word": "met"}}

    a, b = (Plan(url, "chat", poisson(10, 1), seed=7) for url in ("a", "b"))
    first, second = interleaved(a, b, 2, play)
    assert seen == [("a", 7), ("b", 7), ("b", 8), ("a", 8)]
    assert len(first) == len(second) == 2


def test_an_interrupt_leaves_whole_pairs() -> None:
    """What both have is kept."""
    words = iter(["met", "met", "met", "interrupted"])
    plan = Plan("a", "chat", poisson(10, 1))
    first, second = interleaved(plan, plan, 5, lambda _plan, _said: {"verdict": {"word": next(words)}})
    assert len(first) == len(second) == 1


def test_a_run_that_was_invalid_is_tried_once_more() -> None:
    """With the same seed; the second one counts, whatever it is."""
    words = iter(["invalid", "met", "invalid", "invalid"])
    said: list[str] = []

    def play(_plan: Plan, which: str) -> Document:
        said.append(which)
        return {"verdict": {"word": next(words)}}

    plan = Plan("a", "chat", poisson(10, 1))
    first, second = interleaved(plan, plan, 1, play)
    assert [each["verdict"]["word"] for each in (*first, *second)] == ["met", "invalid"]
    assert said[1] == "run 1 of 2, A, again, for it was invalid"


# Files


def test_a_baseline_serves_a_later_comparison(tmp_path: Path) -> None:
    """It is much smaller than the results and gives the same verdict; a single run keeps its seconds."""
    file, results = tmp_path / "base.json", runs(0)
    save_baseline(file, results)
    assert file.stat().st_size < len(json.dumps(results)) / 3
    now = runs(100, 1.25)
    assert compare(read_baseline(file), now).rows == compare(results, now).rows
    save_baseline(file, results[:1])
    assert compare(read_baseline(file), now[:1]).rows == compare(results[:1], now[:1]).rows


def test_a_folder_of_results_is_several_runs(tmp_path: Path) -> None:
    """Files beside each other, and one in each folder."""
    for number, each in enumerate(runs(0, number=3)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "result.json").write_text(json.dumps(each))
    (tmp_path / "more.json").write_text(json.dumps(run(9)))
    assert len(read_results(tmp_path)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no result of a load test"),
        ('{"format": "memconform.result/1"}', "its format is 'memconform.result/1'; expected 'memconform.load/1'"),
        ('{"format": "memconform.load/1"}', "is damaged: it lacks environment, load_s"),
        ('{"format": "memconform.load-baseline/1", "runs": []}', "holds no result"),
        ('{"format": "memconform.load-baseline/1", "runs": [3]}', "is damaged"),
    ],
)
def test_a_file_that_holds_no_result_is_said(tmp_path: Path, text: str, said: str) -> None:
    """The message names the file, what was expected and what was seen."""
    file = tmp_path / "result.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_results(file)


def test_an_empty_folder_and_a_missing_baseline_are_said(tmp_path: Path) -> None:
    """Each with what to do."""
    with pytest.raises(UsageError, match="holds no results"):
        read_results(tmp_path)
    with pytest.raises(UsageError, match="write one with --save-baseline"):
        read_baseline(tmp_path / "none.json")


# The command


def called(*words: object) -> Result:
    """Call the command."""
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return two folders of results: before, and 25 % slower."""
    folders = tmp_path / "before", tmp_path / "after"
    for folder, results in zip(folders, (runs(0), runs(100, 1.25)), strict=True):
        folder.mkdir()
        for number, each in enumerate(results):
            (folder / f"run-{number}.json").write_text(json.dumps(each))
    return folders


def test_the_command_compares_files(files: tuple[Path, Path], tmp_path: Path) -> None:
    """It prints percentiles of both, the effect and the verdict, writes JSON, and ends with 1 where B is slower."""
    ended = called(*files, "--json", tmp_path / "out.json")
    assert ended.exit_code == 1, ended.output
    assert "B's p95: slower by 2" in ended.output
    assert ended.output.rstrip().endswith("B is slower: search")
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["exit_code"] == 1
    assert document["rows"][0]["effect"]["low"] > 1
    assert called(*files, "--tolerance", "60%").exit_code == 0
    assert called(*reversed(files)).exit_code == 0


def test_the_command_compares_with_a_baseline(files: tuple[Path, Path], tmp_path: Path) -> None:
    """What --save-baseline wrote is what --baseline reads."""
    base = tmp_path / "base.json"
    assert called(files[0], "--save-baseline", base).exit_code == 0
    ended = called(files[1], "--baseline", base, "--tolerance", "5%")
    assert ended.exit_code == 1
    assert "A is the baseline" in ended.output
    assert "slower by more than 5 %: search" in ended.output


def test_the_command_says_what_is_wrong_with_its_words(files: tuple[Path, Path]) -> None:
    """No B, too many of them, no such file, runs of unequal number: exit code 2 and what to do."""
    before, after = files
    for words, said in (
        ((before,), "A is compared with nothing"),
        ((before, after, "--baseline", before), "exclude each other"),
        ((before, "nowhere"), "is no address and no file"),
        ((before, after / "run-0.json"), "there are 5 and 1 runs"),
        ((before, after, "--tolerance", "much"), "--tolerance is 'much'"),
    ):
        ended = called(*words)
        assert ended.exit_code == 2, ended.output
        assert said in " ".join(ended.output.split())
