"""How often `memconform compare` calls a server different from itself, and whether it finds one that is 25 % slower.

Run it with `python benchmarks/load_comparison.py [--quick] [--comparisons N] [--repeats N] [--seconds S]`. The answers
of a calibration server are lognormal with a median of 10 ms. It is compared with itself, each comparison with so many
interleaved repeats of either side, and then with one whose median is 12.5 ms. Beside it, what a Mann-Whitney test of
the requests of the same runs would say. Bounds: of 20 comparisons with itself at most 2 are called different, and of
those with the slower one all are found.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rig.bounds import Bound, concluded
from scipy import stats

from memconform_load.arrivals import poisson
from memconform_load.calibration import SCENARIO, Lognormal, calibrated
from memconform_load.compare import Comparison, compare, interleaved
from memconform_load.histogram import Histogram, middle_us
from memconform_load.launch import run
from memconform_load.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SLOWER = 1.25
MOST_FALSE_ALARMS = 2 / 20
_PLACEBO, _SLOWER = "with itself", f"with one {SLOWER - 1:.0%} slower"


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison, and what a test of single requests says of its first pair of runs."""

    comparison: Comparison
    naive: bool

    @property
    def different(self) -> bool:
        """Whether a difference was shown."""
        return any(row.effect is not None and row.effect.shown for row in self.comparison.rows)

    @property
    def slower(self) -> bool:
        """Whether B was found to be slower."""
        return bool(self.comparison.slower)


def requests(result: Mapping[str, Any]) -> list[float]:
    """Return the latency of each search."""
    row = next(row for row in result["operations"] if row["operation"] == "search")
    counts = Histogram.from_encoded(row["hops"]["latency"]["hdr"]).counts
    return [middle_us(index) for index, number in counts.items() for _ in range(number)]


def compared(a: str, b: str, number: int, repeats: int, seconds: float) -> Compared:
    """Compare two servers once."""
    one, other = (
        Plan(
            url,
            SCENARIO,
            poisson(100.0, seconds),
            duration_s=seconds,
            people=10,
            seed=number * 1_000,
            slo=("errors<1%",),
            judged=False,
        )
        for url in (a, b)
    )
    first, second = interleaved(one, other, repeats, lambda plan, _said: run(plan))
    test = stats.mannwhitneyu(requests(first[0]), requests(second[0]))
    comparison = compare(first, second)
    click.echo(f"  {comparison.said()}", err=True)
    return Compared(comparison, bool(test.pvalue < 0.05))


def main() -> int:
    """Compare again and again, print the counts, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one comparison of each kind, nothing judged")
    parser.add_argument("--comparisons", type=int, help="with itself (20; quick: 1)")
    parser.add_argument("--repeats", type=int, help="runs of each side (5; quick: 2)")
    parser.add_argument("--seconds", type=float, help="of each run (4; quick: 1.5)")
    arguments = parser.parse_args()
    quick = arguments.quick
    comparisons = arguments.comparisons or (1 if quick else 20)
    repeats, seconds = arguments.repeats or (2 if quick else 5), arguments.seconds or (1.5 if quick else 4.0)
    done: dict[str, list[Compared]] = {_PLACEBO: [], _SLOWER: []}
    with calibrated(Lognormal(0.01, 0.5)) as one, calibrated(Lognormal(0.01 * SLOWER, 0.5)) as slow:
        for kind, url, times in ((_PLACEBO, one.url, comparisons), (_SLOWER, slow.url, max(comparisons // 4, 1))):
            click.echo(f"{kind}, {times} times …", err=True)
            done[kind] = [compared(one.url, url, number, repeats, seconds) for number in range(times)]
    click.echo(f"{table(done)}\n")
    alarms = sum(each.different for each in done[_PLACEBO]) / len(done[_PLACEBO])
    found = sum(each.slower for each in done[_SLOWER]) / len(done[_SLOWER])
    bounds = [
        Bound("share of comparisons with itself that are called different", alarms, at_most=MOST_FALSE_ALARMS),
        Bound("share of comparisons with the slower one that are found", found, at_least=1.0),
    ]
    figures = {
        "repeats": repeats,
        "seconds": seconds,
        "comparisons": {kind: [each.comparison.as_json() for each in group] for kind, group in done.items()},
    }
    return concluded("load_comparison", figures, bounds, quick=quick)


def table(done: Mapping[str, Sequence[Compared]]) -> str:
    """Return the counts as a Markdown table."""
    rows = [
        "| compared | times | called different | called slower | by Mann-Whitney of single runs |",
        "|---" * 5 + "|",
    ]
    for kind, group in done.items():
        counts = (
            sum(each.different for each in group),
            sum(each.slower for each in group),
            sum(each.naive for each in group),
        )
        rows.append(f"| {kind} | {len(group)} | {' | '.join(map(str, counts))} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
