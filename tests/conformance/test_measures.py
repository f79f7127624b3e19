"""What a test measures is reported whatever came of it, and is judged by nobody."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema_rs
import pytest

from memconform.contract import content_root
from memconform.judgement import Judgement, judge
from memconform.measures import TIMES_KEPT, Measures
from memconform.report.terminal import verdict_lines
from memconform.requirement import Mark
from memconform.scene.restart import RestartFailed
from memconform.session import Session
from memconform.settings import RunSettings
from memconform.verdict import Inconclusive, NotMet, Outcome


def test_times_are_distributions_and_quantities_are_values() -> None:
    """Nearest ranks of all samples, from any number of threads; the last statement of a quantity counts."""
    measures = Measures()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: measures.observe("lag", n / 1000), range(1, 101)))
    measures.observe("once", 0.25)
    measures.state("recall@5", 0.5, "")
    measures.state("recall@5", 0.75, "")
    assert measures.to_json() == [
        {
            "name": "lag",
            "unit": "s",
            "samples": 100,
            "min": 0.001,
            "p50": 0.05,
            "p95": 0.095,
            "p99": 0.099,
            "max": 0.1,
            "times": [number / 1000 for number in range(1, 101)],
        },
        {
            "name": "once",
            "unit": "s",
            "samples": 1,
            **dict.fromkeys(("min", "p50", "p95", "p99", "max"), 0.25),
            "times": [0.25],
        },
        {"name": "recall@5", "unit": "", "value": 0.75},
    ]
    assert Measures().to_json() == []


@pytest.mark.parametrize("number", [1, 2, 199, 200, 201, 12345])
def test_a_result_keeps_a_bounded_number_of_times(number: int) -> None:
    """All of them up to 200; of more than that 200 at even ranks, from the smallest to the largest."""
    measures = Measures()
    for sample in reversed(range(number)):
        measures.observe("lag", sample / 1e6)
    (written,) = measures.to_json()
    ranks = [round(each * 1e6) for each in written["times"]]
    assert written["samples"] == number
    assert len(ranks) == min(number, TIMES_KEPT)
    assert (ranks[0], ranks[-1]) == (0, number - 1)
    steps = {after - before for before, after in itertools.pairwise(ranks)} or {1}
    assert max(steps) - min(steps) <= 1
    assert min(steps) >= 1


def passing(measures: Measures) -> None:
    """Pass."""
    measures.observe("lag", 0.5)


def failing(measures: Measures) -> None:
    """Fail."""
    measures.observe("lag", 0.5)
    raise NotMet("this", "that")


def undecided(measures: Measures) -> None:
    """Prove nothing."""
    measures.observe("lag", 0.5)
    raise Inconclusive("no reason")


def judged(function: Callable[..., None]) -> Judgement:
    """Run a test against a server that is not asked for anything."""
    return judge(Session(RunSettings("http://127.0.0.1:1"), "0123abcd"), Mark("CORE-01", 1), function, "test")


@pytest.mark.parametrize("function", [passing, failing, undecided])
def test_measures_are_in_the_record_whatever_the_outcome(function: Callable[..., None]) -> None:
    """A test asks for `measures` by name; its record has them and is valid against the schema of results."""
    record = {"test": "f.py::t", "promise": "p", "requirement": "CORE-01", **judged(function).to_json()}
    assert [measure["name"] for measure in record["measures"]] == ["lag"]
    schema = json.loads((content_root() / "schemas/results/conformance.schema.json").read_bytes())
    definition = {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": "#/$defs/test"}
    jsonschema_rs.validator_for(definition).validate(record)
    record["measures"][0].pop("p95")
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validator_for(definition).validate(record)


def test_a_test_that_measures_nothing_has_no_measures() -> None:
    """The member is left out, not empty."""
    assert "measures" not in judged(lambda: None).to_json()


def test_the_terminal_has_a_line_for_each_measure() -> None:
    """With the requirement, the name and figures in a unit that fits; nothing in it steers the terminal."""
    measures = Measures()
    for seconds in (0.0123, 0.0061):
        measures.observe("time to visibility", seconds)
    measures.observe("restart", 2.5)
    measures.state("recall@5\x1b[31m", 0.8125, "of 1")
    record = {"requirement": "SEARCH-09", "outcome": "pass", "wire": [], "measures": measures.to_json()}
    verdict: dict[str, Any] = {"partial": False, "badge": None, "conformance": "conformant", "exit_code": 0}
    run = {"id": "x", "stopped": None, "requests": {"tests": 1, "cleanup": 0}, "seconds": 1.0, "command": ""}
    result = {"requirements": [], "tests": [record], "leaks": [], "profiles": [], "verdict": verdict, "run": run}
    said = [line for line in verdict_lines(result) if "measured" in line]
    assert said == [
        "  measured SEARCH-09: time to visibility min 6.1, p50 6.1, p95 12.3, p99 12.3, max 12.3 ms (2 samples)",
        "  measured SEARCH-09: restart 2.5 s (1 sample)",
        "  measured SEARCH-09: recall@5?[31m 0.8125 of 1",
    ]


def test_a_restart_command_that_fails_is_told_in_its_own_words() -> None:
    """It is an error, not the server's; its message stands alone, without a traceback of ours."""

    def failing() -> None:
        raise RestartFailed("--restart-command ended with exit code 3. It said:\nno such unit")

    judgement = judged(failing)
    assert judgement.outcome is Outcome.ERROR
    assert judgement.reason == "--restart-command ended with exit code 3. It said:\nno such unit"
