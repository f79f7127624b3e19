"""What a load generator costs: CPU time of a request, ours beside stock Locust and wrk.

Run it with `python benchmarks/load_generator_cost.py [--quick] [--rounds N] [--seconds S] [--rate R]`. All of them send
the same search to the same calibration server, which answers at once with three memories. Each way runs for two lengths
in turn, and what the longer run costs more, divided by the requests that it makes more, is the cost of a request:
starting, preparing and cleaning up cancel out. Ours has everything on: latency by hop, histograms, Locust's tables,
answers parsed; and beside it the same with every answer judged.

First as fast as 32 connections can, where each does the same work. Then at an equal rate, which tells something else:
stock users that start together fire together, 32 at once, and what comes in batches is cheap; ours come one by one, as
people do, and each wakes the process. "In batches" is ours with the arrivals of stock users.

Bounds, as fast as can be, of the medians of all rounds: ours costs at most 1.3 times what FastHttpUser does, and
at most twice with judging.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import click
from rig.bounds import Bound, concluded, p50

from memconform_load.arrivals import Schedule, constant, trace
from memconform_load.calibration import calibrated
from memconform_load.launch import run
from memconform_load.plan import Plan

RIG = Path(__file__).parent / "rig"
USERS = 32
SHORT_S = 2.0
MOST_TIMES, MOST_TIMES_JUDGED = 1.3, 2.0
STOCK, FAST, OURS, JUDGED, WRK = "HttpUser", "FastHttpUser", "ours, everything on", "ours, answers judged", "wrk"
BATCHES = "ours, everything on, in batches"
EQUAL, FLAT_OUT = "equal rate", "flat out"

FACT = "they keep the spare key under the third flowerpot, behind the shed with the green door, since last winter ({n})"
SCOPE = {"user_id": "mcf-0123456789abcdef-p0"}
BODY = json.dumps({"query": "where does the spare key lie at present", "scope": SCOPE, "top_k": 3})

Way = Callable[[str, float], int]
"""Sends requests to a URL for so many seconds and returns how many."""


def stock(user: str, rate: float) -> Way:
    """Return a way of stock Locust; a rate of 0 is as fast as it can."""

    def sent(url: str, seconds: float) -> int:
        with tempfile.TemporaryDirectory() as folder:
            stats = Path(folder) / "stats"
            words = [sys.executable, "-m", "locust", "-f", str(RIG / "load_cost_stock.py"), user, "--headless"]
            words += ["-u", str(USERS), "-r", "1000", "-t", f"{seconds:g}s", "--host", url, "--only-summary"]
            words += ["--json-file", str(stats)]
            environ = {**os.environ, "LOAD_COST_BODY": BODY, "LOAD_COST_PER_USER": str(rate / USERS)}
            done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ours
            if done.returncode != 0:
                raise SystemExit(f"stock Locust failed:\n{done.stderr[-2000:]}")
            rows = json.loads(stats.with_suffix(".json").read_text())
        return sum(row["num_requests"] for row in rows)

    return sent


def ours(rate: float, *, judged: bool, batch: int = 1) -> Way:
    """Return a way of memconform load; a rate of 0 is as fast as its sessions can."""

    def arrivals(seconds: float) -> Schedule | None:
        if batch == 1:
            return constant(rate, seconds) if rate else None
        return trace([at * batch / rate for at in range(int(seconds * rate / batch)) for _ in range(batch)])

    def sent(url: str, seconds: float) -> int:
        query = json.loads(BODY)["query"]
        plan = Plan(
            url=url,
            scenario=str(RIG / "load_cost_ours.py"),
            schedule=arrivals(seconds),
            sessions=None if rate else USERS,
            duration_s=seconds,
            people=USERS,
            parameters={"query": query},
            judged=judged,
        )
        counts = run(plan)["counts"]
        if counts["failed"] or counts["dropped"]:
            raise SystemExit(f"calls failed: {counts}")
        return int(counts["completed"])

    return sent


def wrk(url: str, seconds: float) -> int:
    """Send by wrk, which knows no rate; what C costs."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"wrk.method = 'POST'\nwrk.body = [[{BODY}]]\nwrk.headers['Content-Type'] = 'application/json'\n")
        script.flush()
        words = ["wrk", "-t1", f"-c{USERS}", f"-d{max(1, round(seconds))}s", "-s", script.name, f"{url}/v1/search"]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a known tool
    found = re.search(r"(\d+) requests in", said)
    if found is None:
        raise SystemExit(f"wrk said something else than expected:\n{said}")
    return int(found[1])


def cost(way: Way, url: str, short_s: float, long_s: float) -> float:
    """Return the microseconds of CPU that one request costs the processes that send it."""
    spent, sent = [_children_s()], []
    for seconds in (short_s, long_s):
        sent.append(way(url, seconds))
        spent.append(_children_s())
    if sent[1] <= sent[0]:
        raise SystemExit(
            f"{long_s:g} s brought {sent[1]} requests and {short_s:g} s {sent[0]}: the machine is too busy"
        )
    more = (spent[2] - spent[1]) - (spent[1] - spent[0])
    return more / (sent[1] - sent[0]) * 1e6


def _children_s() -> float:
    """Return the CPU time of all processes that were started and have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def prepared(url: str) -> None:
    """Store what the stock users find: three memories, as each person of ours has them."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    for n in range(3):
        memory = {"content": FACT.format(n=n), "scope": SCOPE}
        connection.request("POST", "/v1/memories", json.dumps(memory), {"Content-Type": "application/json"})
        connection.getresponse().read()
    connection.close()


def main() -> None:
    """Measure in turns, print the table, judge the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=400.0)
    parser.add_argument("--quick", action="store_true", help="few samples, and no judgement")
    given = parser.parse_args()
    rounds, seconds, rate = (1, 5.0, 200.0) if given.quick else (given.rounds, given.seconds, given.rate)
    ways: dict[tuple[str, str], Way] = {
        (FAST, FLAT_OUT): stock("StockFast", 0),
        (OURS, FLAT_OUT): ours(0, judged=False),
        (JUDGED, FLAT_OUT): ours(0, judged=True),
    }
    if not given.quick:
        ways |= {
            (STOCK, FLAT_OUT): stock("Stock", 0),
            (FAST, EQUAL): stock("StockFast", rate),
            (OURS, EQUAL): ours(rate, judged=False),
            (BATCHES, EQUAL): ours(rate, judged=False, batch=USERS),
            (JUDGED, EQUAL): ours(rate, judged=True),
            (STOCK, EQUAL): stock("Stock", rate),
        }
        if shutil.which("wrk"):
            ways[WRK, FLAT_OUT] = wrk
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    with calibrated("fixed,delay=0ms") as server:
        prepared(server.url)
        for number in range(rounds):
            for which, way in ways.items():
                found[which].append(cost(way, server.url, SHORT_S, seconds))
            click.echo(f"round {number + 1} of {rounds} measured", err=True)
    sys.exit(judged(found, rate, quick=given.quick))


def judged(found: dict[tuple[str, str], list[float]], rate: float, *, quick: bool) -> int:
    """Print the table and return the exit code."""
    click.echo(f"CPU of one request in µs (times FastHttpUser), {USERS} connections, medians\n")
    click.echo(f"| | flat out | at {rate:g}/s |\n|---|---|---|")
    for name in (WRK, FAST, OURS, BATCHES, JUDGED, STOCK):
        cells = [_cell(found, name, pace) for pace in (FLAT_OUT, EQUAL)]
        click.echo(f"| {name} | {' | '.join(cells)} |")
    click.echo("")
    fast = p50(found[FAST, FLAT_OUT])
    bounds = [
        Bound("ours : FastHttpUser", p50(found[OURS, FLAT_OUT]) / fast, at_most=MOST_TIMES),
        Bound("ours with judging : FastHttpUser", p50(found[JUDGED, FLAT_OUT]) / fast, at_most=MOST_TIMES_JUDGED),
    ]
    rows = [{"way": name, "pace": pace, "us": [round(u, 1) for u in all_]} for (name, pace), all_ in found.items()]
    return concluded("load_generator_cost", {"rate": rate, "users": USERS, "figures": rows}, bounds, quick=quick)


def _cell(found: dict[tuple[str, str], list[float]], name: str, pace: str) -> str:
    if (name, pace) not in found:
        return ""
    own, fast = p50(found[name, pace]), p50(found[FAST, pace])
    return f"{own:,.0f} ({own / fast:.2f})"


if __name__ == "__main__":
    main()
