"""What a call through Dify's plugin runtime costs.

Beside each other: a tool that does nothing, the reference plugin's search, the same search by a plugin that builds an
httpx client for each call, and the same search sent directly.

Run it with `python benchmarks/plugin_overhead.py [--quick] [--rounds N] [--seconds S]`. One server and one host; at
1, 8, 32 and 100 sessions all four take turns of so many seconds, so that a slow moment of the machine hits them alike.
Printed are p50 and p95 in milliseconds and calls a second. Bounds: the plugin adds at most 3 ms to the p50 of a direct
search at one session, and does at least 5 times the calls of the client-per-call plugin at 32 sessions.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rig.bounds import Bound, concluded, p50, p95
from rig.calls import Caller
from rig.filling import fill
from rig.servers import KEYS, served
from rig.speech import scope

from memconform.dify import Plugin

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
SESSIONS = (1, 8, 32, 100)
MOST_OVERHEAD_MS, LEAST_TIMES = 3.0, 5.0
DIRECT, NOTHING, PLUGIN, PER_CALL = "direct HTTP", "a no-op tool", "the plugin's search", "httpx client for each call"
QUERY = "bada gami luvo"


@dataclass
class Turns:
    """The times of all turns of one way at one number of sessions."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.milliseconds) / self.seconds


def turn(turns: Turns, sessions: int, seconds: float, caller: Callable[[], Callable[[], object]]) -> None:
    """Let so many threads call, each one after another, until the time is over."""
    begun = threading.Barrier(sessions + 1)
    times: list[list[float]] = [[] for _ in range(sessions)]
    failures: list[BaseException] = []

    def run(mine: list[float]) -> None:
        call = caller()
        begun.wait()
        try:
            while time.perf_counter() < end[0]:
                at = time.perf_counter()
                call()
                mine.append((time.perf_counter() - at) * 1_000)
        except BaseException as error:  # noqa: BLE001 - a benchmark of failures measures nothing
            failures.append(error)

    end = [float("inf")]
    threads = [threading.Thread(target=run, args=(mine,), daemon=True) for mine in times]
    for thread in threads:
        thread.start()
    at = time.perf_counter()
    end[0] = at + seconds
    begun.wait()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"a call failed: {failures[0]}")
    turns.seconds += time.perf_counter() - at
    turns.milliseconds += [each for mine in times for each in mine]


def through(plugin: Plugin, tool: str, url: str) -> Callable[[], Callable[[], object]]:
    """Return what makes a caller of a tool; an error of the tool ends the benchmark."""
    credentials = {"base_url": url, "api_key": KEYS[0]} if url else {}
    parameters = {"query": QUERY, **scope()} if url else {}

    def call() -> None:
        done = plugin.invoke(tool, parameters, credentials=credentials, user_id=scope()["user_id"])
        if done.error is not None:
            raise SystemExit(f"{plugin.identity}: {done.error.message}")

    return lambda: call


def directly(url: str) -> Callable[[], Callable[[], object]]:
    """Return what makes a caller with a connection of its own."""

    def caller() -> Callable[[], object]:
        send = Caller(url)
        return lambda: send.json("POST", "/v1/search", {"query": QUERY, "scope": scope(), "top_k": 10})

    return caller


def main() -> None:
    """Measure in turns, print the table, judge the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--python", help="the interpreter of the plugins")
    parser.add_argument("--quick", action="store_true", help="few samples, and no judgement")
    given = parser.parse_args()
    rounds, seconds = (1, 0.3) if given.quick else (given.rounds, given.seconds)
    turns: dict[tuple[str, int], Turns] = defaultdict(Turns)
    with served() as server, ExitStack() as plugins:
        fill(server, "the server", 200)
        noop, reference, per_call = (
            plugins.enter_context(Plugin.start(ROOT / folder, python=given.python))
            for folder in ("fixtures/plugins/noop", "reference_plugin", "fixtures/plugins/httpx_per_call")
        )
        ways = {
            DIRECT: directly(server.url),
            NOTHING: through(noop, "nothing", ""),
            PLUGIN: through(reference, "search_memory", server.url),
            PER_CALL: through(per_call, "search_memory", server.url),
        }
        for sessions in SESSIONS:
            for caller in ways.values():  # once for nothing: connections, caches
                turn(Turns(), sessions, 0.2, caller)
            for _ in range(rounds):
                for way, caller in ways.items():
                    turn(turns[way, sessions], sessions, seconds, caller)
            click.echo(f"{sessions} sessions measured", err=True)
        runtime = f"Python {reference.environment.python_version}, dify-plugin {reference.environment.sdk_version}"
    sys.exit(judged(turns, list(ways), runtime, quick=given.quick))


def judged(turns: dict[tuple[str, int], Turns], ways: list[str], runtime: str, *, quick: bool) -> int:
    """Print the table and return the exit code."""
    click.echo(f"p50 / p95 ms, calls a second ({runtime})\n")
    click.echo("| | " + " | ".join(f"{sessions} session{'s' * (sessions > 1)}" for sessions in SESSIONS) + " |")
    click.echo("|---" * (len(SESSIONS) + 1) + "|")
    for way in ways:
        cells = [turns[way, sessions] for sessions in SESSIONS]
        shown = (f"{p50(c.milliseconds):.2f} / {p95(c.milliseconds):.2f}, {c.rate:.0f}/s" for c in cells)
        click.echo(f"| {way} | " + " | ".join(shown) + " |")
    overhead = p50(turns[PLUGIN, 1].milliseconds) - p50(turns[DIRECT, 1].milliseconds)
    times = turns[PLUGIN, 32].rate / turns[PER_CALL, 32].rate
    click.echo("")
    bounds = [
        Bound("overhead of the plugin over direct, p50 at 1 session, ms", overhead, at_most=MOST_OVERHEAD_MS),
        Bound("calls of the plugin : client for each call, at 32 sessions", times, at_least=LEAST_TIMES),
    ]
    figures = {
        "runtime": runtime,
        "figures": [
            {
                "way": way,
                "sessions": sessions,
                "p50_ms": round(p50(each.milliseconds), 3),
                "p95_ms": round(p95(each.milliseconds), 3),
                "calls_per_s": round(each.rate, 1),
                "calls": len(each.milliseconds),
            }
            for (way, sessions), each in turns.items()
        ],
    }
    return concluded("plugin_overhead", figures, bounds, quick=quick)


if __name__ == "__main__":
    main()
