"""Noise is told from a difference: identical systems are seldom called different, and a quarter slower is found."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from memconform_load.significance import Effect, Seconds, TooFew, block_bootstrap, welch

Noise = np.random.Generator
SIMULATIONS = 200
MOST_FALSE_ALARMS = 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / SIMULATIONS)
"""What a test that is wrong in 5 % of the cases stays below with a chance of 99 %: 8.9 %."""


def run(noise: Noise, scale: float = 1.0, seconds: int = 30, along: float = 0.5, wander: float = 0.15) -> Seconds:
    """Return the latencies of a run of 50 calls a second whose level wanders from second to second (AR(1))."""
    level, found = noise.normal() * wander, []
    for _ in range(seconds):
        level = along * level + noise.normal() * wander * math.sqrt(1 - along**2)
        times = scale * 0.01 * np.exp(level + 0.5 * noise.normal(size=noise.poisson(50)))
        values, counts = np.unique(np.round(times, 5), return_counts=True)
        found.append(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    return found


def p95s(noise: Noise, scale: float = 1.0) -> list[float]:
    """Return the p95 of five runs, which differ by 6 % or so."""
    return list(scale * 0.02 * np.exp(0.06 * noise.normal(size=5)))


def shown(judge: Callable[[Noise], Effect]) -> float:
    """Return the share of simulations in which a difference was shown."""
    return sum(judge(np.random.default_rng(seed)).shown for seed in range(SIMULATIONS)) / SIMULATIONS


@pytest.mark.parametrize("along", [0.0, 0.5])
def test_one_run_of_each_of_the_same_system_is_seldom_called_different(along: float) -> None:
    """The block bootstrap is wrong in some 5 % of the cases, with seconds that hang together too."""
    assert shown(lambda noise: block_bootstrap(run(noise, along=along), run(noise, along=along))) <= MOST_FALSE_ALARMS


def test_repeats_of_the_same_system_are_seldom_called_different() -> None:
    """Welch's t on the logarithms of five p95 each is wrong in some 5 % of the cases."""
    assert shown(lambda noise: welch(p95s(noise), p95s(noise))) <= MOST_FALSE_ALARMS


def test_a_quarter_slower_is_found_by_repeats() -> None:
    """+25 % in five repeats that differ by 6 % is found nearly always, and its interval holds the truth."""
    effects = [welch(p95s(noise), p95s(noise, 1.25)) for noise in map(np.random.default_rng, range(200))]
    assert sum(effect.slower_than(0) for effect in effects) >= 190
    assert sum(effect.low <= 1.25 <= effect.high for effect in effects) >= 180


def test_a_quarter_slower_is_found_by_one_run_of_each() -> None:
    """+25 % between two runs of 30 s is found mostly, and its interval holds the truth."""
    effects = [block_bootstrap(run(noise), run(noise, 1.25)) for noise in map(np.random.default_rng, range(100))]
    assert sum(effect.slower_than(0) for effect in effects) >= 60
    assert sum(effect.low <= 1.25 <= effect.high for effect in effects) >= 88


def test_requests_taken_as_samples_would_cry_wolf() -> None:
    """Blocks of one request's worth of independence are too narrow: the interval of correlated seconds is wider."""
    noise = np.random.default_rng(1)
    calm, wandering = run(noise, along=0.0, wander=0.0), run(noise, along=0.8, wander=0.3)
    widths = [math.log(e.high / e.low) for e in (block_bootstrap(calm, calm), block_bootstrap(wandering, wandering))]
    assert widths[1] > 3 * widths[0]


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Effect(1.12, 1.04, 1.21, 0.95), "slower by 12 % (4 to 21 %)"),
        (Effect(0.88, 0.8, 0.95, 0.95), "faster by 12 % (5 to 20 %)"),
        (Effect(1.005, 0.97, 1.04, 0.95), "no difference shown (-3 to +4 %)"),
    ],
)
def test_an_effect_is_said_with_its_interval(effect: Effect, said: str) -> None:
    """Slower, faster, or that nothing was shown, always with the interval in percent."""
    assert effect.said() == said


def test_a_tolerance_is_exceeded_only_beyond_the_interval() -> None:
    """12 % slower, 4 % at least, is more than 3 % and not shown to be more than 5 %."""
    effect = Effect(1.12, 1.04, 1.21, 0.95)
    assert effect.slower_than(0.03)
    assert not effect.slower_than(0.05)


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 2.0]), ([1.0, 2.0], [0.0, 1.0]), ([1.0, math.nan], [1.0, 2.0])])
def test_too_few_runs_or_figures_are_said(a: list[float], b: list[float]) -> None:
    """One run, or a run without the figure, brings no verdict."""
    with pytest.raises(TooFew):
        welch(a, b)


def test_a_run_of_a_few_seconds_is_too_short() -> None:
    """Below eight seconds there are no blocks to resample."""
    noise = np.random.default_rng(1)
    with pytest.raises(TooFew, match="8 or more"):
        block_bootstrap(run(noise, seconds=7), run(noise))


def test_identical_figures_are_no_difference() -> None:
    """Runs without any scatter are compared without an error."""
    assert welch([0.2, 0.2], [0.2, 0.2]).ratio == 1
    assert welch([0.2, 0.2], [0.25, 0.25]).slower_than(0.2)
    second = {0.01: 50}
    assert not block_bootstrap([second] * 20, [second] * 20).shown


def test_a_comparison_is_the_same_each_time() -> None:
    """The bootstrap is seeded."""
    noise = np.random.default_rng(3)
    a, b = run(noise), run(noise)
    assert block_bootstrap(a, b) == block_bootstrap(a, b)
