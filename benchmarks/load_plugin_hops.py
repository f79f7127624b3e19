"""Where the time of a plugin's search goes, hop by hop, beside the same search sent directly.

Run it with `python benchmarks/load_plugin_hops.py [--quick] [--rounds N] [--seconds S]`. At 1, 16 and 64 sessions that
search again at once, three ways take turns at one server, all by `memconform load`: directly, by the reference plugin,
and by a plugin whose tool does nothing, in the same runtime. Hops, as medians:

- generator: from the moment when a call is due until it leaves;
- runtime: what a tool that does nothing takes, over Dify's protocol and through its SDK;
- plugin: its code, its HTTP client and the network, which is what the other hops leave of the whole;
- server: what the server says it took (its log for the plugin's requests, `Server-Timing` for the direct ones).

Bounds: at one session the plugin adds at most 3 ms to the median of a direct search, the runtime takes at most 2 ms and
the generator at most 1 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rig.bounds import Bound, concluded
from rig.servers import KEYS, Served, served

from memconform_load.histogram import Histogram
from memconform_load.launch import run
from memconform_load.plan import Plan

ROOT = Path(__file__).parents[1]
SCENARIO = Path(__file__).parent / "rig" / "load_hops_scenario.py"
SESSIONS = (1, 16, 64)
MOST_OVERHEAD_MS, MOST_RUNTIME_MS, MOST_LAG_MS = 3.0, 2.0, 1.0
DIRECT, PLUGIN, NOTHING = "direct", "by the plugin", "a tool that does nothing"
WAYS: dict[str, dict[str, Any]] = {
    DIRECT: {"drivers": ("direct",)},
    PLUGIN: {"drivers": ("plugin",), "plugin": str(ROOT / "reference_plugin")},
    NOTHING: {"drivers": ("plugin",), "plugin": str(ROOT / "fixtures" / "plugins" / "noop")},
}


@dataclass
class Measured:
    """All rounds of one way at one number of sessions."""

    hops: dict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    server_ms: list[float] = field(default_factory=list)
    """What the server's log says of the searches that came by the plugin."""
    calls: int = 0
    seconds: float = 0.0
    about: dict[str, Any] = field(default_factory=dict)

    def ms(self, hop: str, quantile: float = 0.5) -> float:
        """Return a quantile of a hop in milliseconds."""
        if hop == "server" and self.server_ms:
            return statistics.quantiles(self.server_ms, n=100)[round(quantile * 100) - 1]
        return self.hops[hop].quantile(quantile) * 1_000


def turn(measured: Measured, server: Served, way: str, sessions: int, seconds: float) -> None:
    """Play one way once, and add what was measured."""
    log = server.pid_file.with_name("log")
    begun = log.stat().st_size
    # Each session has a person of its own, so that nobody's searches are faster for being asked twice.
    plan = Plan(
        url=server.url,
        scenario=str(SCENARIO),
        schedule=None,
        sessions=sessions,
        duration_s=seconds,
        people=sessions,
        judged=False,
        **WAYS[way],
    )
    result = run(plan, env={"MEMCONFORM_API_KEY": KEYS[0]})
    if result["counts"]["failed"]:
        raise SystemExit(f"calls failed: {result['errors']}")
    row = next(each for each in result["operations"] if each["operation"] == "search")
    for hop, summary in row["hops"].items():
        measured.hops[hop].merge(Histogram.from_encoded(summary["hdr"]))
    measured.calls += row["count"]
    measured.seconds += result["load_s"]
    measured.about = next(iter(result["plugins"]), {})
    if way == PLUGIN:
        measured.server_ms += searches_in(log, begun)[1:]  # the first one is the plugin's first call


def searches_in(log: Path, begun: int) -> list[float]:
    """Return how long the searches took, in ms, that a server has written down since its log had so many bytes."""
    with log.open("rb") as lines:
        lines.seek(begun)
        rows = [json.loads(line) for line in lines if b'"/v1/search"' in line]
    return [row["ms"] for row in rows]


def main() -> None:
    """Measure in turns, print the table, judge the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--quick", action="store_true", help="few samples, and no judgement")
    given = parser.parse_args()
    rounds, seconds = (1, 1.0) if given.quick else (given.rounds, given.seconds)
    at = SESSIONS[:2] if given.quick else SESSIONS
    found: dict[tuple[str, int], Measured] = defaultdict(Measured)
    os.environ.setdefault("MEMCONFORM_STATE", str(ROOT / "results" / "benchmarks" / "state"))
    with served(["--access-log"]) as server:
        for number in range(rounds):
            for sessions in at:
                for way in WAYS:
                    turn(found[way, sessions], server, way, sessions, seconds)
            click.echo(f"round {number + 1} of {rounds} measured", err=True)
    sys.exit(judged(found, at, quick=given.quick))


def judged(found: dict[tuple[str, int], Measured], at: tuple[int, ...], *, quick: bool) -> int:
    """Print the table and return the exit code."""
    about = found[PLUGIN, at[0]].about
    click.echo(f"median ms of a search (p95), Python {about['python']}, dify-plugin {about['sdk']}\n")
    click.echo("| | " + " | ".join(f"{sessions} session{'s' * (sessions > 1)}" for sessions in at) + " |")
    click.echo("|---" * (len(at) + 1) + "|")
    for name, hop, way in ROWS:
        click.echo(f"| {name} | {' | '.join(_cell(found, hop, way, sessions) for sessions in at)} |")
    click.echo("")
    one = {way: found[way, 1] for way in WAYS}
    bounds = [
        Bound(
            "the plugin over direct, median at 1 session, ms",
            one[PLUGIN].ms("latency") - one[DIRECT].ms("latency"),
            at_most=MOST_OVERHEAD_MS,
        ),
        Bound("the runtime, median at 1 session, ms", one[NOTHING].ms("service"), at_most=MOST_RUNTIME_MS),
        Bound("the generator, median at 1 session, ms", one[PLUGIN].ms("lag"), at_most=MOST_LAG_MS),
    ]
    figures = [
        {
            "way": way,
            "sessions": sessions,
            "calls": each.calls,
            "per_second": round(each.calls / each.seconds, 1),
            **{f"{hop}_p50_ms": round(each.ms(hop), 3) for hop in each.hops},
            **({"server_p50_ms": round(each.ms("server"), 3)} if each.server_ms else {}),
        }
        for (way, sessions), each in found.items()
    ]
    return concluded("load_plugin_hops", {"plugin": about, "figures": figures}, bounds, quick=quick)


ROWS = (
    ("direct, whole", "latency", DIRECT),
    ("· generator", "lag", DIRECT),
    ("· network", "network", DIRECT),
    ("· server", "server", DIRECT),
    ("by the plugin, whole", "latency", PLUGIN),
    ("· generator", "lag", PLUGIN),
    ("· runtime", "service", NOTHING),
    ("· plugin", "the rest", PLUGIN),
    ("· server", "server", PLUGIN),
    ("calls a second: direct", "rate", DIRECT),
    ("calls a second: by the plugin", "rate", PLUGIN),
    ("calls a second: a tool that does nothing", "rate", NOTHING),
)


def _cell(found: dict[tuple[str, int], Measured], hop: str, way: str, sessions: int) -> str:
    each = found[way, sessions]
    if hop == "rate":
        return f"{each.calls / each.seconds:,.0f}"
    if hop == "the rest":
        return f"{each.ms('service') - found[NOTHING, sessions].ms('service') - each.ms('server'):.2f}"
    return f"{each.ms(hop):.2f} ({each.ms(hop, 0.95):.2f})"


if __name__ == "__main__":
    main()
