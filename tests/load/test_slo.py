"""Objectives are read as they are meant, and met only by what was seen: never by silence, luck or failures."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from memconform.settings import UsageError
from memconform_load.calls import Failed
from memconform_load.recorder import Recorder
from memconform_load.slo import judge, parse_slo, read_slo_file
from memconform_load.slo.sample import bounds, needed

REFUSED = Failed("503 unavailable", "no")


def result(recorder: Recorder, load_s: float = 60.0, **more: Any) -> dict[str, Any]:
    """Return what a result holds for objectives, of a recorder."""
    return {
        "load_s": load_s,
        "counts": recorder.counts(),
        "arrivals_per_s": recorder.arrivals_per_s(load_s),
        "operations": recorder.operations(load_s),
        "violations": {"total": 0, "checked": {"reads": 10}, "found": [], "suspended": []},
        "overhead": [],
        "measured": [],
        "figures": [],
        **more,
    }


def calls(number: int = 1000, service_s: float = 0.1, *, bad: int = 0, op: str = "search", **how: Any) -> Recorder:
    """Return a recorder of calls that took 1 % to 100 % of a time, of which the first `bad` failed at once."""
    recorder = Recorder()
    for index in range(number):
        at = index * 60 / number
        recorder.intended(at)
        recorder.started(at)
        took = service_s * (index % 100 + 1) / 100
        failed = REFUSED if index < bad else None
        call = {"at_s": at, "lag_s": 0.0, "service_s": 0.001 if failed else took, "failed": failed}
        recorder.record(op, "direct", **{**call, **how})
    return recorder


def row(objective: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return the row of one objective."""
    (only,) = judge([parse_slo(objective)], document)
    return only


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("search.p95<200ms", {"metric": "p", "quantile": 0.95, "operation": "search", "operator": "<", "limit": 200}),
        ("p99.9 <= 2s", {"quantile": 0.999, "operation": None, "operator": "<=", "limit": 2000, "unit": "ms"}),
        ("p95 ≤ 50µs", {"operator": "<=", "limit": 0.05}),
        ("add.plugin.service.mean<1m", {"driver": "plugin", "hop": "service", "metric": "mean", "limit": 60_000}),
        ("MAX < 5s", {"metric": "max"}),
        ("errors<0.1%", {"metric": "errors", "limit": 0.1, "unit": "%"}),
        ("search.errors==0", {"operator": "=", "limit": 0, "unit": ""}),
        ("violations=0", {"metric": "violations", "unit": ""}),
        ("rate>=48/s", {"operator": ">=", "limit": 48, "unit": "/s"}),
        ("search.throughput≥3000/min", {"limit": 50, "operation": "search"}),
        ("overhead.search.p95<10ms", {"source": "overhead", "quantile": 0.95}),
        ("measured:time to visibility.p99.9<2s", {"source": "measured", "name": "time to visibility"}),
        ("figure:recovery time<10s", {"source": "figure", "name": "recovery time", "limit": 10_000, "unit": "ms"}),
        ("figure:Jain's index>=0.9", {"name": "Jain's index", "limit": 0.9, "unit": ""}),
    ],
)
def test_the_grammar_of_objectives(text: str, members: dict[str, Any]) -> None:
    """Operation, driver, hop, metric, operator, limit and unit; and its text is what was written."""
    objective = parse_slo(text)
    assert {name: getattr(objective, name) for name in members} == members
    assert str(objective) == text
    assert parse_slo(str(objective)) == objective


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no form such as"),
        ("search", "no form such as"),
        ("search.p95", "no form such as"),
        ("p95<1s<2s", "no form such as"),
        ("serach.p95<1s", "do you mean 'search'"),
        ("search.servce.p95<1s", "do you mean 'service'"),
        ("search.p95.plugin<1s", "write search.p95.plugin.p95"),
        ("errrors<1%", "do you mean 'errors'"),
        ("search<200ms", "write search.p95 or search.errors"),
        ("p95<200", "200ms or 200s"),
        ("p95=200ms", "write <= or >="),
        ("p999<1s", "p99.9"),
        ("p0<1s", "above p0"),
        ("p100<1s", "write max"),
        ("search.add.p95<1s", "two of a kind"),
        ("search.rate>3", "throughput"),
        ("search.violations=0", "whole run"),
        ("service.errors<1%", "no hops"),
        ("overhead.p95<1s", "overhead.OPERATION"),
        ("overhead.search.p90<1s", "overhead.OPERATION"),
        ("measured:p95<1s", "time to visibility"),
        ("measured:x.errors<1", "distribution"),
        ("errors<1s", "expected a number"),
        ("violations<1%", "expected a number"),
        ("p95<10%", "with a unit"),
        ("rate>=3/day", "/s, /min or /h"),
        ("p95<-3ms", "with a unit"),
    ],
)
def test_what_is_no_objective_is_refused_with_what_to_write(text: str, says: str) -> None:
    """Before the run, so that no hour is spent for a typing error."""
    with pytest.raises(UsageError, match=re.escape(says)):
        parse_slo(text)


@pytest.mark.parametrize(
    "content",
    [
        "# chat\n- search.p95<200ms\n- errors < 0.1%  # a share\n- rate>=48/s\n- violations=0\n",
        'search.p95: <200ms\nerrors: "< 0.1%"\nrate: ">=48/s"\nviolations: 0\n',
        'slo:\n  search:\n    p95: <200ms\n  errors: < 0.1%\n  rate: ">=48/s"\n  violations: =0\n',
        "\ufeffobjectives:\n- search: {p95: <200ms}\n- errors < 0.1%\n- rate>=48/s\n- violations=0\n",
    ],
)
def test_objectives_from_a_file(tmp_path: Path, content: str) -> None:
    """A list or a mapping, of any depth, with comments."""
    file = tmp_path / "slo.yaml"
    file.write_text(content, encoding="utf-8")
    objectives = [str(each).replace(" ", "") for each in read_slo_file(file)]
    assert objectives == ["search.p95<200ms", "errors<0.1%", "rate>=48/s", "violations=0"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no objective"),
        ("[]", "no objective"),
        ("slo:\n", "no objective"),
        ("- serach.p95<1s\n", "do you mean 'search'"),
        ("rate: >=48/s\n", "needs quotes"),
        ("p95: 200ms\n", "an operator"),
        ("p95: true\n", "an operator"),
        ("p95: <1s\np95: <2s\n", "twice"),
        ("- [p95<1s]\n", "expected a text"),
        ("p95<1s\n", "expected a list"),
        ("- 'x\n", "slo.yaml"),
        ("- !!python/object/apply:os.system ['true']\n", "slo.yaml"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, content: str, says: str) -> None:
    """A key that stands twice is refused too: YAML would silently forget the first."""
    file = tmp_path / "slo.yaml"
    file.write_text(content)
    with pytest.raises(UsageError, match=says) as refusal:
        read_slo_file(file)
    assert "slo.yaml" in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Or that is no text."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "absent", tmp_path, binary):
        with pytest.raises(UsageError, match="cannot be read"):
            read_slo_file(file)


@pytest.mark.parametrize(
    ("objective", "met", "observed"),
    [
        ("search.p95<95.2ms", True, 95),
        ("search.p95<94.8ms", False, 95),
        ("p50<=51ms", True, 50),
        ("search.mean<51ms", True, 50.5),
        ("search.mean<50ms", False, 50.5),
        ("max<101ms", True, 100),
        ("search.direct.service.p99<99.2ms", True, 99),
        ("lag.p99<1ms", True, 0),
        ("p50>49ms", True, 50),
        ("search.errors<0.1%", True, 0),
        ("errors=0", True, 0),
        ("rate>=16/s", True, 16.6667),
        ("rate>=17/s", False, 16.6667),
        ("search.throughput>16/s", True, 16.6667),
        ("violations=0", True, 0),
        ("laws=0", True, 0),
        ("dropped=0", True, 0),
        ("unfinished<1%", True, 0),
    ],
)
def test_objectives_are_judged_by_what_was_observed(objective: str, met: bool, observed: float) -> None:
    """1,000 calls of 1 to 100 ms, in 60 s; the row says figure, limit and words."""
    found = row(objective, result(calls()))
    assert found["met"] is met
    assert found["decided"]
    assert found["observed"] == pytest.approx(observed, rel=0.001)
    assert found["objective"] == objective
    assert (
        "1,000" in found["said"]
        or "a second" in found["said"]
        or "violations" in found["said"]
        or "laws" in found["said"]
    )


@pytest.mark.parametrize(
    "objective",
    [
        "add.p95<10s",
        "add.errors<99%",
        "add.errors=0",
        "add.throughput>=0/s",
        "search.plugin.p50<10s",
        "search.server.p50<10s",
        "search.network.mean<10s",
        "overhead.search.p95<10s",
        "measured:time to forget.p50<10s",
        "figure:recovery time<10s",
    ],
)
def test_what_did_not_run_is_not_met(objective: str) -> None:
    """And says that it did not run, instead of a figure."""
    found = row(objective, result(calls()))
    assert (found["met"], found["observed"]) == (False, None)
    assert found["decided"]
    assert re.search(r"there was no|nothing|did not go|no such figure", found["said"])


def test_a_run_without_any_call_meets_nothing() -> None:
    """No objective that a run could have is met by an empty one, unless it counts violations that were looked for."""
    empty = result(Recorder())
    empty["violations"]["checked"] = {"reads": 0}
    for objective in (
        "p95<1h",
        "mean<1h",
        "max<1h",
        "errors<100%",
        "errors=0",
        "rate>=0/s",
        "throughput>=0/s",
        "laws=0",
    ):
        found = row(objective, empty)
        assert not found["met"], objective
        assert found["observed"] is None


@pytest.mark.parametrize(
    ("bad", "met"),
    [(0, True), (49, True), (50, True), (51, False), (200, False), (1000, False)],
)
def test_quick_failures_do_not_meet_a_percentile(bad: int, met: bool) -> None:
    """`p95<200ms` says that 95 % were *answered* in 200 ms: at 5 % failures it still can be, beyond it cannot."""
    found = row("search.p95<200ms", result(calls(bad=bad)))
    assert found["met"] is met
    assert ("failed" in found["said"]) is (bad > 0)
    assert (found["observed"] is None) is (not met)


@pytest.mark.parametrize("objective", ["max<1s", "p99.99<1s", "search.service.max<1s"])
def test_one_call_without_an_answer_breaks_a_maximum(objective: str) -> None:
    """No time is known that all stayed below."""
    recorder = calls(40_000)
    assert row(objective, result(recorder))["met"]
    recorder.unfinished(59.0, "search", "direct", waited_s=0.01)
    for _ in range(4):
        recorder.record("search", "direct", at_s=59, lag_s=0, service_s=0.01, timed_out=True)
    assert not row(objective, result(recorder))["met"]


def test_a_mean_needs_answers() -> None:
    """Of failures alone there is none, however quick they were."""
    assert row("mean<1s", result(calls(bad=40)))["met"]
    assert not row("mean<1s", result(calls(bad=60)))["met"]


def test_dropped_arrivals_count_against_what_they_would_have_called() -> None:
    """Also when they were dropped before anything was called."""
    recorder = calls(900)
    for _ in range(100):
        recorder.intended(30)
        recorder.dropped(30, "turn", "direct")
    document = result(recorder)
    assert not row("search.p95<200ms", document)["met"]
    assert row("search.p50<200ms", document)["met"]
    assert row("errors<11%", document)["observed"] == pytest.approx(10)
    assert row("search.errors=100", document)["met"]
    assert row("dropped=100", document)["met"]
    assert row("violations=100", document)["met"]
    assert "100 dropped" in row("violations=0", document)["said"]
    assert row("laws=0", document)["met"]


def test_violations_are_told_by_law() -> None:
    """With what was not judged; and where nothing was judged, nothing is met."""
    found = [{"law": "lost write", "count": 2, "witness": []}, {"law": "stale read", "count": 1, "witness": []}]
    violations = {"total": 3, "checked": {"reads": 9}, "found": found, "suspended": ["duplicates: dedupe is exact"]}
    judged = row("violations=0", result(calls(), violations=violations))
    assert (judged["met"], judged["observed"]) == (False, 3)
    assert "2 lost write, 1 stale read" in judged["said"]
    assert "duplicates" in judged["said"]
    nothing = {"total": 0, "checked": {}, "found": [], "suspended": []}
    assert not row("violations=0", result(calls(), violations=nothing))["met"]


def test_a_percentile_is_not_met_by_a_sample_that_cannot_show_it() -> None:
    """p99.9 of 100 calls is not decided, p95 of 100 is; a sample may suffice to show that it is *not* met."""
    few = result(calls(100))
    undecided = row("p99.9<1s", few)
    assert (undecided["met"], undecided["decided"]) == (False, False)
    assert "2,995 calls" in undecided["said"]
    assert row("p95<1s", few)["decided"]
    missed = row("p99.9<1ms", few)
    assert (missed["met"], missed["decided"]) == (False, True)
    for number, decided in ((58, False), (59, True)):
        assert row("p95<1s", result(calls(number)))["decided"] is decided
    assert not row("p50<1s", result(calls(1)))["decided"]
    failing = result(calls(20, bad=20))
    assert (row("p95<1s", failing)["met"], row("p95<1s", failing)["decided"]) == (False, True)


def test_a_share_below_what_so_few_calls_can_show_is_said() -> None:
    """No error in 100 calls does not show that fewer than 1 in 1,000 fail."""
    assert "cannot show a share below 3 %" in row("errors<0.1%", result(calls(100)))["said"]
    assert "cannot show" not in row("errors<0.1%", result(calls(4000)))["said"]


def test_the_interval_of_a_percentile_is_told() -> None:
    """So that a limit inside it is seen to be a close call."""
    said = row("search.p95<96ms", result(calls()))["said"]
    match = re.search(r"90 % interval (\S+) ms to (\S+) ms", said)
    assert match
    assert float(match[1]) < 95 < float(match[2])


@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999])
def test_ranks_that_bound_a_quantile_are_those_of_the_binomial(quantile: float) -> None:
    """Exact for small samples, one rank at most beside for large ones; and there are none below what is needed."""
    for n in (1, 4, 5, 10, 28, 29, 58, 59, 100, 298, 299, 1000, 2994, 2995, 20_000):
        low, high = bounds(quantile, n)
        expected_high = int(stats.binom.ppf(0.95, n, quantile)) + 1
        expected_low = n + 1 - (int(stats.binom.ppf(0.95, n, 1 - quantile)) + 1)
        assert (high or n + 1) == pytest.approx(min(expected_high, n + 1), abs=1 if n * quantile > 100 else 0)
        assert (low or 0) == pytest.approx(max(expected_low, 0), abs=1 if n * quantile > 100 else 0)
        if quantile >= 0.5:
            assert (high is not None) is (n >= needed(quantile))
    assert bounds(0.5, 0) == (None, None)
    assert [needed(q) for q in (0.5, 0.95, 0.99, 0.999)] == [5, 59, 299, 2995]


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of 400 samples, the true p95 lies above the upper bound in some 5 %."""
    draw = random.Random(8)
    low, high = bounds(0.95, 200)
    assert low
    assert high
    samples = [sorted(draw.expovariate(1) for _ in range(200)) for _ in range(400)]
    truth = stats.expon.ppf(0.95)
    assert sum(sample[high - 1] < truth for sample in samples) / 400 == pytest.approx(0.05, abs=0.04)
    assert sum(sample[low - 1] > truth for sample in samples) / 400 == pytest.approx(0.05, abs=0.04)


def figure(value: float | None, unit: str) -> list[dict[str, Any]]:
    """Return the figures of a scenario that concludes one."""
    return [{"name": "recovery time", "value": value, "unit": unit, "said": "it never came back"}]


@pytest.mark.parametrize(
    ("objective", "value", "unit", "met", "says"),
    [
        ("figure:recovery time<10s", 2.5, "s", True, "2500 ms"),
        ("figure:recovery time<10s", 2500.0, "ms", True, "2500 ms"),
        ("figure:recovery time<2s", 2.5, "s", False, "2500 ms"),
        ("figure:recovery time<3", 2.5, "s", True, "2.5 s"),
        ("figure:recovery time<10%", 2.5, "s", False, "the objective in %"),
        ("figure:recovery time<10s", None, "s", False, "never came back"),
    ],
)
def test_figures_of_a_scenario_can_be_gated(objective: str, value: float, unit: str, met: bool, says: str) -> None:
    """In their own unit, or in any unit of time; one that cannot be known is not met."""
    found = row(objective, result(calls(), figures=figure(value, unit)))
    assert found["met"] is met
    assert says in found["said"]


def test_an_overhead_of_few_calls_is_not_decided() -> None:
    """Neither met nor missed where one way had too few calls; a plugin that seems to save time is called noise."""
    overhead = [{"operation": "search", "p50_ms": -1.0, "p95_ms": -18.3, "p99_ms": None, "said": "the plugin adds"}]
    few = row("overhead.search.p95<10ms", result(calls(40), overhead=overhead))
    assert (few["met"], few["decided"]) == (False, False)
    assert "less than nothing is noise; p95 takes 59 calls or more each way, there were 40" in few["said"]
    assert row("overhead.search.p50<10ms", result(calls(40), overhead=overhead))["met"]
    assert row("overhead.search.p95<10ms", result(calls(59), overhead=overhead))["met"]


def test_overhead_and_measured_times_can_be_gated() -> None:
    """The difference that a result holds, and the distributions that a scenario or the judge measured."""
    overhead = [{"operation": "search", "p50_ms": 1.0, "p95_ms": 2.5, "p99_ms": None, "said": "the plugin adds"}]
    summary = result(calls())["operations"][0]["hops"]["latency"]
    document = result(calls(), overhead=overhead, measured=[{"name": "time to visibility", "summary": summary}])
    assert row("overhead.search.p95<3ms", document)["met"]
    assert not row("overhead.search.p95<2ms", document)["met"]
    assert not row("overhead.search.p99<1h", document)["met"]
    assert row("measured:time to visibility.p95<96ms", document)["met"]
    assert not row("measured:time to visibility.max<96ms", document)["met"]


@pytest.mark.parametrize("make", [calls, lambda: calls(bad=500), Recorder])
def test_rows_are_json(make: Callable[[], Recorder]) -> None:
    """No infinity and no NaN in a result, whatever happened."""
    texts = [
        "p95<1s",
        "p99.9<1s",
        "mean<1s",
        "max<1s",
        "errors<1%",
        "rate>1",
        "throughput>1",
        "violations=0",
        "server.p50<1s",
    ]
    for found in judge([parse_slo(text) for text in texts], result(make())):
        assert found["observed"] is None or abs(found["observed"]) < 1e12
        assert found["said"]
        assert not re.search(r"\b(nan|inf|None)\b", found["said"])
