"""The capacity under objectives: found where it is known, said as unknown where it is not, and never lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from tests.load.simulated import trials, true_capacity

from memconform_load.calibration import Capacity as Law
from memconform_load.calibration import Fixed, SingleQueue
from memconform_load.capacity import (
    Capacity,
    Criterion,
    Decision,
    Probe,
    Search,
    Seconds,
    Trial,
    TrialFailed,
    find_capacity,
    rises,
)

LIMIT_S = 0.2
SERVER = Law(340, 17)
SEEDS = range(12)
Try = Callable[[float, float], Trial]


def plain(limit: float) -> Try:
    """Return trials of a server that meets its objective below a rate, and misses it above, without any doubt."""

    def trial(rate: float, seconds: float) -> Trial:
        bad = 0 if rate < limit else 100
        return Trial(rate, seconds, {"p95<1s": Seconds(0.05, ((100, bad),) * max(int(seconds), 1))})

    return trial


def off(found: Capacity, known: float) -> float:
    """Return by which share it is off."""
    assert found.rate is not None, found.said()
    return abs(found.rate / known - 1)


def test_the_capacity_of_a_queue_with_even_arrivals_is_found() -> None:
    """17 servers of fixed service do 340/s: the answer is within 3 %."""
    assert off(find_capacity(trials(SERVER, LIMIT_S, 0, "constant")), 340) < 0.03


def test_the_capacity_of_a_queue_with_poisson_arrivals_is_found_mostly() -> None:
    """Of a dozen searches nearly all are within 3 % of what a long simulation says, and all within 6 %."""
    known = true_capacity(SERVER, LIMIT_S, 300, 340)
    wrong = [off(find_capacity(trials(SERVER, LIMIT_S, seed)), known) for seed in SEEDS]
    assert sum(each < 0.03 for each in wrong) >= len(SEEDS) - 2
    assert max(wrong) < 0.06


def test_the_answer_holds_what_was_met_and_what_was_not() -> None:
    """The bracket is as narrow as asked for, around the truth, and the margin says how narrow."""
    found = find_capacity(plain(77), Search(tolerance=0.01))
    low, high = found.bracket
    assert low < 77 <= high
    assert found.margin is not None
    assert found.margin <= 0.0101
    assert found.exit_code == 0
    assert "arrivals a second, ± " in found.said()


def test_a_first_rate_that_is_too_much_is_halved() -> None:
    """The search goes down as well."""
    assert off(find_capacity(plain(3), Search(start=100)), 3) < 0.03


def test_a_server_that_never_meets_its_objectives_has_no_capacity() -> None:
    """The answer says so, with exit code 1."""
    found = find_capacity(plain(0), Search(start=10))
    assert found.rate is None
    assert found.exit_code == 1
    assert found.said().startswith("None: the objectives are not met even at 0.1")


def test_a_greatest_rate_ends_the_search() -> None:
    """What is met at --max-rate is "at least", with exit code 3, and nothing above was tried."""
    found = find_capacity(plain(1e9), Search(start=10, most=50))
    assert max(probe.rate for probe in found.probes) == 50
    assert found.said() == (
        "At least 50 arrivals a second: no rate was found at which the objectives are not met. --max-rate is 50."
    )
    assert found.exit_code == 3


def limited(server: float, generator: float) -> Try:
    """Return trials with a generator that cannot send more than some rate."""
    good = plain(server)

    def trial(rate: float, seconds: float) -> Trial:
        return (
            Trial(rate, seconds, invalid=("cpu: it used 99 % of a core",)) if rate > generator else good(rate, seconds)
        )

    return trial


def test_a_generator_that_is_the_limit_is_said_and_not_blamed_on_the_server() -> None:
    """The answer is "at least", names the check, and advises more workers."""
    found = find_capacity(limited(1e9, 150))
    assert found.rate is None
    assert found.exit_code == 3
    assert 140 < found.bracket[0] <= 150
    assert "this generator is the limit, not the server (cpu: it used 99 % of a core)" in found.said()


def test_a_generator_that_fails_far_above_does_not_hide_the_capacity() -> None:
    """The ramp jumps beyond what the generator can do; the server's limit below is found all the same."""
    assert off(find_capacity(limited(90, 130)), 90) < 0.03


def test_a_stage_that_was_invalid_once_is_tried_again() -> None:
    """One bad moment of the machine is no limit."""
    good, bad = plain(90), [True]

    def trial(rate: float, seconds: float) -> Trial:
        return Trial(rate, seconds, invalid=("lag",)) if rate > 20 and bad and bad.pop() else good(rate, seconds)

    assert off(find_capacity(trial), 90) < 0.03


def test_one_slow_second_is_no_capacity() -> None:
    """A stall of this machine in one second of a stage leaves it open, so it is measured longer and met in the end."""
    good, stalled = plain(90), [True]

    def trial(rate: float, seconds: float) -> Trial:
        if rate == 40 and stalled:
            stalled.clear()
            blocks = ((40, 0),) * (int(seconds) - 1) + ((40, 40),)
            return Trial(rate, seconds, {"p95<1s": Seconds(0.05, blocks)})
        return good(rate, seconds)

    assert off(find_capacity(trial), 90) < 0.03


@pytest.mark.parametrize("stops", [KeyboardInterrupt, TrialFailed("the server is gone", 3)])
def test_what_is_known_survives_an_interrupt_and_a_failure(stops: BaseException | type[BaseException]) -> None:
    """After some stages the answer is what they say, that it was cut short, and exit code 3."""
    good = plain(90)

    def trial(rate: float, seconds: float) -> Trial:
        if rate > 50:
            raise stops
        return good(rate, seconds)

    found = find_capacity(trial)
    assert list(found.bracket) == [40.0, math.inf]
    assert found.exit_code == 3
    assert found.said().startswith("At least 40 arrivals a second")
    assert found.cut_short in found.said()
    assert found.cut_short


def test_a_failure_of_the_first_stage_is_raised() -> None:
    """There is nothing to tell."""

    def trial(_rate: float, _seconds: float) -> Trial:
        raise TrialFailed("there is no server", 3)

    with pytest.raises(TrialFailed, match="no server"):
        find_capacity(trial)


def test_the_time_is_kept() -> None:
    """No stage begins that would end too late; the answer says that the time was up."""
    now = [0.0]
    good = plain(90)

    def trial(rate: float, seconds: float) -> Trial:
        now[0] += seconds + 3
        return good(rate, seconds)

    found = find_capacity(trial, Search(limit_s=40), clock=lambda: now[0])
    assert now[0] <= 40
    assert "The time was up" in found.said()


def test_every_stage_is_told_as_it_ends() -> None:
    """Progress hears of each one, in order."""
    told: list[tuple[float, int]] = []
    found = find_capacity(plain(50), tell=lambda probe: told.append((probe.rate, len(probe.trials))))
    assert told[:3] == [(10, 1), (20, 1), (40, 1)]
    assert len(told) == sum(len(probe.trials) for probe in found.probes)


def test_its_json_has_the_curve() -> None:
    """Rate, margin, ends and a point for each rate, in ascending order and without infinity."""
    document: dict[str, Any] = find_capacity(plain(50)).as_json()
    rates = [point["rate"] for point in document["curve"]]
    assert rates == sorted(rates)
    assert {point["decision"] for point in document["curve"]} == {"met", "not met"}
    assert document["met_at"] < 50 <= document["not_met_at"]


# Evidence


def seen(*blocks: tuple[int, int], share: float = 0.05, innocent: bool = False) -> Criterion:
    """Return a criterion with one stage."""
    return Criterion("p95<1s", share, (tuple(blocks),), innocent)


@pytest.mark.parametrize(
    ("criterion", "decision"),
    [
        (seen(*[(100, 0)] * 10), Decision.MET),
        (seen(*[(100, 100)] * 10), Decision.NOT_MET),
        (seen(*[(100, 5)] * 10), Decision.OPEN),
        (seen(*[(2, 0)] * 10), Decision.OPEN),  # 20 good calls may come from a server that misses it
        (seen(*[(100, 0)] * 4), Decision.OPEN),  # four seconds are too few whatever they say
        (seen(*[(100, 0)] * 9, (100, 100)), Decision.OPEN),  # one bad second of ten
        (seen(*[(10, 0)] * 10, share=0.001), Decision.OPEN),
        (seen(*[(10, 0)] * 10, share=0.001, innocent=True), Decision.MET),
        (seen(), Decision.OPEN),
    ],
)
def test_evidence_decides_only_what_it_proves(criterion: Criterion, decision: Decision) -> None:
    """Clear cases are decided, few calls and few seconds are not, and bad calls in one clump prove little."""
    assert criterion.decision() is decision


def test_clumped_calls_prove_less_than_scattered_ones() -> None:
    """The same share of bad calls has a wider interval when they come together."""
    scattered, clumped = seen(*[(100, 10)] * 40), seen(*[(100, 0)] * 36, *[(100, 100)] * 4)
    assert scattered.seen == clumped.seen
    low, high = scattered.interval()
    wide_low, wide_high = clumped.interval()
    assert wide_high - wide_low > 3 * (high - low)


def test_an_interval_holds_the_truth_mostly() -> None:
    """In M/M/1, where waiting hangs together for a second or more, it holds the 5 % of theory in nine of ten stages."""
    limit_s = math.log(20) / (100 - 70)  # the p95 of an exponential time of mean 1 / (mu - lambda)
    stages = (trials(SingleQueue(100, seed), limit_s, seed)(70, 60).objectives["p95<limit"] for seed in range(80))
    intervals = [Criterion("", 0.05, (stage.blocks,)).interval() for stage in stages]
    assert sum(low <= 0.05 <= high for low, high in intervals) >= 70


def test_latency_that_still_rises_decides_nothing_good() -> None:
    """A stage in which the queue only grew is measured for longer; steady noise is no rise."""
    assert rises([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert not rises([5, 4, 6, 5, 4, 6, 5, 4, 6, 5])
    assert not rises([1, 9])
    probe = Probe(10, [Trial(10, 10, {"x": Seconds(0.05, ((100, 0),) * 10)}, rising=True)])
    assert probe.decision is Decision.OPEN
    assert "still rising" in probe.why()


def test_an_objective_on_the_whole_decides_too() -> None:
    """One that the stage missed as a whole is not met, and named."""
    probe = Probe(10, [Trial(10, 10, {"x": Seconds(0.05, ((100, 0),) * 10)}, {"violations=0": False})])
    assert probe.decision is Decision.NOT_MET
    assert probe.why() == "violations=0 is not met"


def test_a_fixed_server_without_a_limit_is_never_called_full() -> None:
    """Infinite servers carry any rate up to the greatest one."""
    found = find_capacity(trials(Fixed(0.05), LIMIT_S, 1), Search(start=50, most=400))
    assert found.bracket == (400, math.inf)


def test_a_slow_server_is_not_looked_for_below_what_it_does() -> None:
    """Few calls prove little: the ramp's stages are made longer instead of going down to a call a minute."""
    law = Law(15, 1)
    rates: list[float] = []
    found = find_capacity(trials(law, 1.0, 3, "constant"), tell=lambda probe: rates.append(probe.rate))
    assert off(found, 15) < 0.06
    assert min(rates) == 10


def test_stages_that_stay_invalid_end() -> None:
    """A generator that fails now and then is given a few chances and no more."""
    good, number = plain(1e9), [0]

    def trial(rate: float, seconds: float) -> Trial:
        number[0] += 1
        if number[0] % 2:
            return Trial(rate, seconds, {"p95<1s": Seconds(0.05, ((2, 0),) * int(seconds))})
        return Trial(rate, seconds, invalid=("lag",)) if rate > 5 else good(rate, seconds)

    assert find_capacity(trial, Search(start=10, most=20)).exit_code == 3
    assert number[0] < 60
