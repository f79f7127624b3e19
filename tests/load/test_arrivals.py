"""Schedules have the rate and the scatter that they promise, exactly where that is possible, and repeat anywhere."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from memconform.settings import UsageError
from memconform_load.arrivals import (
    Schedule,
    Stage,
    constant,
    gamma_bursts,
    parse_schedule,
    poisson,
    ramp,
    spike,
    stages,
    trace,
)

PINNED_POISSON = [0.06970593870198924, 0.3185962230816085, 0.3435798938817123]
PINNED_GAMMA = [0.3535304595477983, 0.35353056355787693, 0.35355029636111646]
EVERY_KIND = [
    constant(50, 20),
    poisson(50, 20),
    gamma_bursts(50, 20, 4),
    ramp(0, 100, 20),
    spike(20, 200, 5, 5, 10, "gamma", 2.0),
    stages([(10, 5), (0, 5), (50, 5)], "constant"),
    trace([0.0, 0.5, 0.5, 9.25]),
]


def taken(schedule: Schedule, seed: int = 7) -> np.ndarray:
    """Return all instants of a schedule."""
    return np.array(list(schedule.times(seed)))


def test_even_arrivals_are_exactly_even() -> None:
    """Rate 10 for 100 s is 1,000 arrivals, at 0, 0.1, … 99.9 s, without drift."""
    assert list(constant(10, 100).times(1)) == pytest.approx([n / 10 for n in range(1000)], abs=1e-9)


@pytest.mark.parametrize(("a", "b", "s"), [(0, 100, 10), (100, 0, 10), (10, 20, 60), (30, 30.0001, 60), (0.1, 500, 3)])
def test_even_arrivals_of_a_ramp_follow_the_integral_of_its_rate(a: float, b: float, s: float) -> None:
    """The n-th arrival comes when n arrivals are due: at t with a t + (b - a) t² / 2s = n."""
    instants = taken(ramp(a, b, s, "constant"))
    due = a * instants + (b - a) * instants**2 / (2 * s)
    assert due == pytest.approx(np.arange(len(instants)), abs=1e-6)
    assert len(instants) == math.ceil((a + b) / 2 * s - 1e-6)


@pytest.mark.parametrize("schedule", EVERY_KIND, ids=lambda schedule: schedule.said())
def test_instants_ascend_within_the_schedule(schedule: Schedule) -> None:
    """From 0 to the end, in order, for any seed."""
    for seed in range(20):
        instants = taken(schedule, seed)
        assert (np.diff(instants) >= 0).all()
        assert instants[0] >= 0
        assert instants[-1] <= schedule.duration_s


def test_a_stage_without_a_rate_has_no_arrival() -> None:
    """Between two busy stages it stays quiet, and the second begins on time."""
    for kind in ("constant", "poisson", "gamma"):
        instants = taken(stages([(100, 5), (0, 5), (100, 5)], kind, 2.0))
        assert not ((instants > 5.000001) & (instants < 9.999999)).any()
        assert (instants >= 9.999999).sum() > 300


def test_poisson_gaps_are_exponential() -> None:
    """Of 40,000 arrivals: number, mean and variance of gaps, and their distribution (Kolmogorov–Smirnov)."""
    instants = taken(poisson(200, 200), seed=3)
    gaps = np.diff(instants)
    assert len(instants) == pytest.approx(40_000, abs=4 * math.sqrt(40_000))
    assert gaps.mean() * 200 == pytest.approx(1, rel=0.02)
    assert gaps.std() / gaps.mean() == pytest.approx(1, rel=0.02)
    assert stats.kstest(gaps, "expon", args=(0, 1 / 200)).pvalue > 0.01


def test_poisson_counts_of_windows_have_mean_and_variance_alike() -> None:
    """Numbers in windows of one second are Poisson: their variance is their mean."""
    counts = np.histogram(taken(poisson(50, 2000), seed=11), bins=2000, range=(0, 2000))[0]
    assert counts.mean() == pytest.approx(50, rel=0.02)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(("a", "b"), [(0, 100), (100, 0), (20, 60)])
def test_a_poisson_ramp_has_the_density_of_its_rate(a: float, b: float) -> None:
    """Laid back on the integral of the rate, arrivals are uniform; seen there, gaps are exponential."""
    s = 400.0
    instants = taken(ramp(a, b, s), seed=5)
    units = a * instants + (b - a) * instants**2 / (2 * s)
    total = (a + b) / 2 * s
    assert len(instants) == pytest.approx(total, abs=4 * math.sqrt(total))
    assert stats.kstest(units, "uniform", args=(0, total)).pvalue > 0.01
    assert stats.kstest(np.diff(units), "expon").pvalue > 0.01


@pytest.mark.parametrize("cv", [0.5, 1.0, 2.0, 4.0])
def test_gamma_gaps_have_their_coefficient_of_variation(cv: float) -> None:
    """Mean, variation and distribution of 40,000 gaps, where they are long enough to tell apart; 1 is Poisson."""
    gaps = np.diff(taken(gamma_bursts(200, 200, cv), seed=9))
    assert gaps.mean() * 200 == pytest.approx(1, rel=0.02 * max(cv, 1) * 2)
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.08)
    expected = stats.gamma(cv**-2, 0, cv**2 / 200)
    for share in (0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        if expected.ppf(share) > 1e-6:
            assert (gaps <= expected.ppf(share)).mean() == pytest.approx(share, abs=0.01)


def test_bursts_have_no_start_up() -> None:
    """The expected number is the rate times the time from the first second on: over 3,000 seeds, to 5 %.

    Were the first gap an ordinary one, a coefficient of variation of 4 would add (cv² - 1) / 2 = 7.5 arrivals.
    """
    numbers = [sum(1 for _ in gamma_bursts(10, 2, 4).times(seed)) for seed in range(3000)]
    assert np.mean(numbers) == pytest.approx(20, abs=4 * float(np.std(numbers)) / math.sqrt(3000))
    assert np.mean(numbers) == pytest.approx(20, rel=0.05)


def test_a_spike_is_where_it_should_be() -> None:
    """Numbers before, in and after the peak are those of their rates."""
    instants = taken(spike(20, 200, 30, 10, 60), seed=2)
    numbers = np.histogram(instants, bins=[0, 30, 40, 100])[0]
    for number, expected in zip(numbers, (600, 2000, 1200), strict=True):
        assert number == pytest.approx(expected, abs=4 * math.sqrt(expected))


def test_the_same_seed_gives_the_same_instants_in_any_process() -> None:
    """Whatever Python's hash seed; another seed gives others."""
    program = (
        "import json, sys; from memconform_load.arrivals import Schedule;"
        "print(json.dumps([list(Schedule.from_json(d).times(42)) for d in json.load(sys.stdin)]))"
    )
    documents = json.dumps([schedule.as_json() for schedule in EVERY_KIND])
    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            input=documents,
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert json.loads(said[0]) == [list(schedule.times(42)) for schedule in EVERY_KIND]
    assert list(poisson(50, 20).times(1)) != list(poisson(50, 20).times(2))


def test_pinned_instants() -> None:
    """A seed means the same in the next version: results name it as the way to repeat a run."""
    assert list(itertools.islice(poisson(10, 60).times(7), 3)) == pytest.approx(PINNED_POISSON)
    assert list(itertools.islice(gamma_bursts(10, 60, 3).times(7), 3)) == pytest.approx(PINNED_GAMMA)


@pytest.mark.parametrize("schedule", EVERY_KIND, ids=lambda schedule: schedule.said())
def test_schedules_survive_json(schedule: Schedule) -> None:
    """They travel to workers and stand in results."""
    assert Schedule.from_json(json.loads(json.dumps(schedule.as_json()))) == schedule


def test_what_is_no_schedule_is_a_value_error() -> None:
    """So that a plan from a file is refused, not half run."""
    good = poisson(1, 1).as_json()
    for broken in ({}, {**good, "kind": "x"}, {**good, "stages": [{}]}, {**good, "cv": 0}, {**good, "recorded": [1.0]}):
        with pytest.raises(ValueError, match=r"schedule|stage|coefficient|trace"):
            Schedule.from_json(broken)
    for stage in ((-1.0, 1.0, 1.0), (1.0, math.nan, 1.0), (1.0, 1.0, 0.0), (1.0, 1.0, math.inf)):
        with pytest.raises(ValueError, match="stage"):
            Stage(*stage)
    with pytest.raises(ValueError, match="ascend"):
        Schedule("trace", recorded=(1.0, 0.5))


def test_the_intended_rate_is_that_of_the_moment() -> None:
    """Along a ramp, at the steps of stages, in the seconds of a trace; nothing beyond the ends."""
    assert [ramp(0, 100, 10).intended_rate(at) for at in (-1, 0, 5, 9.9, 10)] == pytest.approx([0, 0, 50, 99, 0])
    assert [stages([(10, 5), (20, 5)]).intended_rate(at) for at in (4.99, 5.0)] == [10, 20]
    assert [trace([0, 0.2, 1.5]).intended_rate(at) for at in (-1, 0.9, 1.0, 2.0)] == [0, 2, 1, 0]


def test_a_warm_up_comes_before() -> None:
    """At the first rate, evenly part of the schedule; a trace is shifted and stays quiet before."""
    warmed = constant(10, 20).after(5)
    assert (warmed.duration_s, warmed.expected) == (25, 250)
    assert list(trace([0, 1]).after(5).times(0)) == [5, 6]


def test_a_schedule_costs_little_for_each_arrival() -> None:
    """Under 20 µs an arrival of any kind on a busy machine (some 1 µs on an idle one), and nothing before the first."""
    for schedule in (constant(10_000, 5), poisson(10_000, 5), gamma_bursts(10_000, 5, 3), ramp(0, 20_000, 5)):
        begin = time.process_time()
        number = sum(1 for _ in schedule.times(1))
        assert (time.process_time() - begin) / number < 20e-6
    assert next(poisson(1e6, 1e6).times(1)) < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50", ((50, 50, 120),)),
        ("50/s", ((50, 50, 120),)),
        ("3000/min", ((50, 50, 120),)),
        ("10..100", ((10, 100, 120),)),
        ("50:30s,100:30s", ((50, 50, 30), (100, 100, 30))),
        ("10..100:1m, 100", ((10, 100, 60), (100, 100, 60))),
        ("5,50:1m", ((5, 5, 60), (50, 50, 60))),
        ("spike 20..200:30s", ((20, 20, 30), (200, 200, 30), (20, 20, 60))),
    ],
)
def test_the_grammar_of_schedules(text: str, expected: tuple[tuple[float, float, float], ...]) -> None:
    """Steady, ramp, stages, spike; of 120 s; and what a schedule says of itself is read back as the same."""
    schedule = parse_schedule(text, 120, "constant")
    assert tuple((stage.rate_from, stage.rate_to, stage.seconds) for stage in schedule.stages) == expected
    assert parse_schedule(schedule.said(), 120, schedule.spacing) == schedule
    bare = Schedule(schedule.kind, schedule.stages)
    assert parse_schedule(bare.said(), 1, bare.spacing).stages == schedule.stages


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("", "poisson", "such as 50"),
        ("x", "poisson", "such as 50"),
        ("-5", "poisson", "such as 50"),
        ("1e3", "poisson", "such as 50"),
        ("50..", "poisson", "such as 50"),
        ("50:10x", "poisson", "no unit of time"),
        ("50:0s,3", "poisson", "above 0 s"),
        ("1,000", "poisson", "only one stage"),
        ("50:200s,3", "poisson", "leave nothing"),
        ("0", "poisson", "less than one arrival"),
        ("9999999", "poisson", "up to 1,000,000"),
        ("50", "posson", "do you mean poisson"),
        ("50", "poisson:2", "only gamma"),
        ("50", "gamma:0", "0.01 to 100"),
        ("50", "gamma:x", "coefficient"),
        ("spike 20", "poisson", "BASE..PEAK"),
        ("spike 20..200:300s", "poisson", "does not fit"),
        ("trace", "poisson", "which trace"),
    ],
)
def test_what_is_no_schedule_is_refused_with_what_to_write(text: str, kind: str, says: str) -> None:
    """Also a comma that was meant to mark thousands."""
    with pytest.raises(UsageError, match=says):
        parse_schedule(text, 120, kind)


def test_gamma_takes_its_variation_from_the_text() -> None:
    """Without a number it is bursty, not Poisson."""
    assert parse_schedule("50", 60, "gamma").cv == 3
    assert parse_schedule("50", 60, "gamma:1.5").spacing == "gamma:1.5"


@pytest.mark.parametrize(
    ("name", "content", "column"),
    [
        ("plain.txt", "# a comment\n10\n10.5\n\n12\n", None),
        ("windows.txt", "\ufeff10\r\n10.5\r\n12\r\n", None),
        ("dates.txt", "1970-01-01T00:00:10Z\n1970-01-01T00:00:10.5+00:00\n1970-01-01 00:00:12\n", None),
        ("table.csv", "start,path\n10,/a\n10.5,/b\n12,/c\n", "start"),
        ("one.csv", "start\n10\n10.5\n12\n", None),
        ("quoted.csv", '"path, all",start\n"/a, b",10\n"/a",10.5\n"/a",12\n', "start"),
        ("log.ndjson", '{"at":10,"x":1}\n{"at":"10.5"}\n\n{"at":12.0}\n', "at"),
        ("unordered.txt", "12\n10\n10.5\n", None),
    ],
)
def test_recorded_arrivals_are_replayed(tmp_path: Path, name: str, content: str, column: str | None) -> None:
    """From text, CSV or NDJSON, counted from the first, whatever the order, at any speed."""
    file = tmp_path / name
    file.write_text(content, encoding="utf-8", newline="")
    schedule = trace(file, column=column)
    assert list(schedule.times(1)) == list(schedule.times(2)) == [0, 0.5, 2]
    assert (schedule.expected, schedule.duration_s) == (3, 2)
    text = f"trace {file}#{column} x2" if column else f"trace {file} x2"
    parsed = parse_schedule(text, 60)
    assert list(parsed.times(1)) == [0, 0.25, 1]
    assert parsed.said() == text


@pytest.mark.parametrize(
    ("content", "column", "says"),
    [
        ("10\nten\n", None, "line 2: 'ten' is no time"),
        ("10\nnan\n", None, "line 2: 'nan'"),
        ("10\ninf\n", None, "line 2: 'inf'"),
        ("", None, "no arrival"),
        ("# only\n\n", None, "no arrival"),
        ("start,path\n10,/a\n,/b\n", "start", "line 3"),
        ("start,path\n10,/a\n", None, "which column"),
        ("start,path\n10,/a\n", "stat", "do you mean 'start'"),
        ("start,path\n10,/a\n/b\n", "path", "is no time"),
        ('{"at":1}\n{"ta":2}\n', "at", "line 2: there is no 'at'"),
        ('{"at":1}\nnope\n', "at", "line 2: expected a JSON object"),
        ('{"at":true}\n', "at", "line 1: 'True'"),
        ("start\n", None, "no arrival"),
        ("0\n86400000\n", None, "speed of 1000"),
    ],
)
def test_a_bad_trace_is_refused_with_its_line(tmp_path: Path, content: str, column: str | None, says: str) -> None:
    """Who reads it can go and mend it; times in milliseconds are recognised by how long the load would last."""
    file = tmp_path / "trace"
    file.write_text(content)
    with pytest.raises(UsageError, match=says):
        trace(file, column=column)


def test_a_trace_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Not there, a folder, no text, no speed."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "absent", tmp_path, binary):
        with pytest.raises(UsageError, match="cannot be read"):
            trace(file)
    for speed in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="speed"):
            trace([1.0, 2.0], speed)
