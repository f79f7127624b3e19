"""Whether `memconform capacity` finds a capacity that is known.

Run it with `python benchmarks/load_capacity.py [--quick] [--objective MS]`. A calibration server of 17 servers does
exactly 340 requests a second; before them stands one queue. With arrivals at even distances p95 stays within any limit
up to 340/s. With Poisson arrivals the queue wavers, and the capacity under the objective is a little less: it is worked
out from the law over 2,000 s at each rate. Bounds: both are found within 3 %.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rig.bounds import Bound, concluded

from memconform_load.arrivals import parse_schedule
from memconform_load.calibration import SCENARIO, calibrated, latencies
from memconform_load.calibration import Capacity as Law
from memconform_load.capacity import Capacity, Probe, Search, find_capacity
from memconform_load.capacity.stage import stages
from memconform_load.launch import run
from memconform_load.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN = 0.03
_LONG_S = 2_000.0


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one kind of arrivals."""

    arrivals: str
    known: float
    capacity: Capacity
    seconds: float

    @property
    def off(self) -> float:
        """By which share it is off; 1 where nothing was found."""
        return 1.0 if self.capacity.rate is None else abs(self.capacity.rate / self.known - 1)


def poisson_capacity(law: Law, limit_s: float) -> float:
    """Return the rate of Poisson arrivals at which 95 % are answered within the limit."""
    low, high = 0.5 * law.rate, law.rate
    while high / low > 1.002:
        middle = (low + high) / 2
        took = latencies(law, parse_schedule(f"{middle:.6f}", _LONG_S, "poisson").times(1))
        low, high = (middle, high) if sum(each > limit_s for each in took) < 0.05 * len(took) else (low, middle)
    return (low + high) / 2


def searched(law: Law, arrivals: str, known: float, search: Search, limit_ms: float) -> Found:
    """Look for the capacity of a fresh server."""
    click.echo(f"{arrivals} arrivals; the capacity is {known:.1f}/s", err=True)
    with calibrated(law) as server:
        plan = Plan(
            server.url,
            SCENARIO,
            parse_schedule(f"{search.start:g}", search.stage_s, arrivals),
            people=10,
            slo=(f"search.p95<{limit_ms:g}ms", "errors<0.1%"),
            warm_up_s=1.0,
        )
        began = time.monotonic()
        capacity = find_capacity(stages(plan, run), search, tell=_told)
    click.echo(capacity.said(), err=True)
    return Found(arrivals, known, capacity, time.monotonic() - began)


def _told(probe: Probe) -> None:
    click.echo(f"  {probe.rate:7.1f}/s {probe.seconds:5.0f} s  {probe.decision}: {probe.why()}", err=True)


def main() -> int:
    """Look for the capacity with both kinds of arrivals, print the curves, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small server, a wide bracket, nothing judged")
    parser.add_argument("--objective", type=float, default=200.0, help="p95 within so many ms")
    arguments = parser.parse_args()
    if arguments.quick:
        law = Law(80.0, 4)
        search = Search(60.0, 120.0, 0.3, 3.0, 3.0, 3.0, 25.0)
    else:
        law, search = Law(340.0, 17), Search()
    known = {"constant": law.rate, "poisson": poisson_capacity(law, arguments.objective / 1e3)}
    found = [searched(law, arrivals, rate, search, arguments.objective) for arrivals, rate in known.items()]
    click.echo(f"\n{table(found)}\n")
    bounds = [
        Bound(f"capacity with {each.arrivals} arrivals, off by a share", each.off, at_most=WITHIN) for each in found
    ]
    figures: dict[str, Any] = {
        "objective_ms": arguments.objective,
        "found": [
            {"arrivals": e.arrivals, "known": round(e.known, 2), "seconds": round(e.seconds, 1), **e.capacity.as_json()}
            for e in found
        ],
    }
    return concluded("load_capacity", figures, bounds, quick=arguments.quick)


def table(found: Sequence[Found]) -> str:
    """Return what was found as a Markdown table."""
    rows = ["| arrivals | known, 1/s | found, 1/s | ± | off | stages | seconds |", "|---" * 7 + "|"]
    for each in found:
        rate, margin = each.capacity.rate, each.capacity.margin
        cells = ["-", "-"] if rate is None or margin is None else [f"{rate:.1f}", f"{margin:.1%}"]
        stages_run = sum(len(probe.trials) for probe in each.capacity.probes)
        rows.append(
            f"| {each.arrivals} | {each.known:.1f} | {cells[0]} | {cells[1]} | {each.off:.1%} | {stages_run} "
            f"| {each.seconds:.0f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
