"""How true the percentiles of load generators are, where the truth is known.

Run it with `python benchmarks/load_accuracy.py [--quick] [--seconds S] [--rate R] [--laws a,b] [--tools FOLDER]`.
Calibration servers answer by a law and write down what happened: always 20 ms, bimodal, a stall of 2 s, one queue
(M/M/1), and one that dies half-way. Beside each other, at the same rate: what users saw who arrived when the schedule
says (worked out from the law), what our load tool says, what the calibration server's journal says of our run, stock
Locust with its own waits, and wrk, hey, vegeta and oha where they are on PATH or in FOLDER. Bounds: ours is within 3 %
of the journal, or within 1 ms, at p50, p95, p99 and p99.9 under every law, and every call is counted.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rig.bounds import Bound, concluded
from rig.load_generators import GENERATORS, QUANTILES, Generator, Reported, found, percentiles

from memconform_load.arrivals import constant
from memconform_load.calibration import SCENARIO, Bimodal, Dies, Fixed, Law, SingleQueue, Stall, calibrated, latencies
from memconform_load.histogram import Histogram
from memconform_load.launch import run
from memconform_load.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN, FLOOR_MS = 0.03, 1.0
_TRIES = 3
"""A run that says of itself that it is invalid is run again: this machine was busy."""
OURS, TRUTH, JOURNAL = "memconform load", "truth of the schedule", "truth of its journal"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table."""

    who: str
    calls: int
    lost: int
    """Calls of which it is known that they brought no answer."""
    ms: dict[float, float]
    said: str = ""


def laws(seconds: float) -> dict[str, Law]:
    """Return the laws by name, laid out for so many seconds."""
    stall = min(2.0, seconds / 5)
    return {
        "fixed": Fixed(0.02),
        "bimodal": Bimodal(0.005, 0.08, 0.1, seed=1),
        "stall": Stall(0.005, seconds / 3, stall),
        "mm1": SingleQueue(150.0, seed=1),
        "dies": Dies(0.005, seconds / 2),
    }


def truth(law: Law, rate: float, seconds: float) -> Line:
    """Return what users saw who arrived at even distances."""
    took = latencies(law, constant(rate, seconds).times(0))
    answered = [each * 1e3 for each in took if math.isfinite(each)]
    return Line(TRUTH, len(took), len(took) - len(answered), percentiles(answered))


def ours(law: Law, rate: float, seconds: float) -> list[Line]:
    """Return what our load tool says, and what the server's journal says of the same run."""
    for _ in range(_TRIES):
        lines, valid = _ours(law, rate, seconds)
        if valid:
            break
    return lines


def _ours(law: Law, rate: float, seconds: float) -> tuple[list[Line], bool]:
    schedule = constant(rate, seconds)
    with calibrated(law) as server:
        plan = Plan(server.url, SCENARIO, schedule, duration_s=seconds, people=10, slo=("errors=0",))
        result = run(plan)
        journal = server.log().only("search")
    row = next(row for row in result["operations"] if row["operation"] == "search")
    times = Histogram.from_encoded(row["hops"]["latency"]["hdr"])
    if "failures" in row:
        times = times.without(Histogram.from_encoded(row["failures"]["hdr"]))
    counts, verdict = result["counts"], result["verdict"]
    said = verdict["word"] + "".join(f"; {row['check']}: {row['said']}" for row in result["validity"] if not row["ok"])
    lost = counts["failed"] + counts["unfinished"] + counts["dropped"]
    measured = dict(zip(QUANTILES, (each * 1e3 for each in times.quantiles(QUANTILES)), strict=True))
    intended = list(schedule.times(plan.seed))
    seen = journal.latencies(intended[: len(journal.arrived)])
    answered = [each * 1e3 for each in seen if math.isfinite(each)]
    lines = [
        Line(OURS, counts["intended"], lost, measured, said),
        Line(JOURNAL, len(intended), len(intended) - journal.answered, percentiles(answered)),
    ]
    return lines, all(row["ok"] for row in result["validity"])


def other(generator: Generator, program: str, law: Law, rate: float, seconds: float) -> Line:
    """Return what another generator says."""
    with calibrated(law) as server:
        reported: Reported = generator.run(program, server.url, rate, seconds)
    said = f"exit code {reported.exit_code}" if generator.program is None else ""
    return Line(generator.name, reported.calls, reported.failed, dict(reported.ms), said)


def bounds_of(name: str, lines: Sequence[Line]) -> list[Bound]:
    """Return the bounds of one law."""
    mine, journal = (next(line for line in lines if line.who == who) for who in (OURS, JOURNAL))
    bounds = [Bound(f"{name}: lost calls that ours does not tell", abs(mine.lost - journal.lost), at_most=0)]
    for q, real in journal.ms.items():
        off = abs(mine.ms[q] - real)
        share = 0.0 if off <= FLOOR_MS else off / real
        bounds.append(Bound(f"{name}: ours off at p{q * 100:g}, share beyond {FLOOR_MS:g} ms", share, at_most=WITHIN))
    return bounds


def table(name: str, lines: Sequence[Line]) -> str:
    """Return a Markdown table, in milliseconds."""
    head = " | ".join(f"p{q * 100:g}" for q in QUANTILES)
    rows = [f"| {name}, ms | calls | lost | {head} | |", "|---" * (len(QUANTILES) + 4) + "|"]
    for line in lines:
        cells = " | ".join(f"{line.ms[q]:,.1f}" if q in line.ms else "-" for q in QUANTILES)
        rows.append(f"| {line.who} | {line.calls:,} | {line.lost:,} | {cells} | {line.said} |")
    return "\n".join(rows)


def main() -> int:
    """Measure law after law, print the tables, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the stall alone, few seconds, nothing judged")
    parser.add_argument("--seconds", type=float, help="of load (30; quick: 3)")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--laws", default="fixed,bimodal,stall,mm1,dies")
    parser.add_argument("--tools", action="append", default=[], metavar="FOLDER", help="where other generators lie")
    arguments = parser.parse_args()
    seconds = arguments.seconds or (3.0 if arguments.quick else 30.0)
    chosen = ["stall"] if arguments.quick else arguments.laws.split(",")
    programs = [(each, found(each, arguments.tools)) for each in GENERATORS]
    for missing in sorted({str(each.program) for each, program in programs if program is None}):
        click.echo(f"{missing} is left out: it is neither on PATH nor in --tools", err=True)
    tables: dict[str, list[Line]] = {}
    bounds: list[Bound] = []
    for name in chosen:
        law = laws(seconds)[name]
        click.echo(f"{name} …", err=True)
        lines = [truth(law, arguments.rate, seconds), *ours(law, arguments.rate, seconds)]
        lines += [
            other(each, program, law, arguments.rate, seconds) for each, program in programs if program is not None
        ]
        click.echo(f"{table(name, lines)}\n")
        tables[name], bounds = lines, [*bounds, *bounds_of(name, lines)]
    figures: dict[str, Any] = {
        "rate": arguments.rate,
        "seconds": seconds,
        "laws": {n: document(t) for n, t in tables.items()},
    }
    return concluded("load_accuracy", figures, bounds, quick=arguments.quick)


def document(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return a table as JSON."""
    return [
        {
            "who": line.who,
            "calls": line.calls,
            "lost": line.lost,
            **{f"p{q * 100:g}_ms": round(ms, 3) for q, ms in line.ms.items()},
            "said": line.said,
        }
        for line in lines
    ]


if __name__ == "__main__":
    sys.exit(main())
