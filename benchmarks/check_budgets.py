"""What `memconform check` costs: requests and seconds at each budget, and what its client costs over a bare one.

Run it with `python benchmarks/check_budgets.py [--quick] [--budgets smoke,standard,full]`. Each budget is spent on a
fresh reference server with all profiles, two API keys, a restart command and messages that fail, so that nothing is
skipped; counted are the requests of the tests and of the cleanup. Then one server is asked in turns by the suite's
client (wire, recorder and judge) and by a loop of plain httpx: the ratio of their requests a second, a median over
the turns. Bounds: 300, 4,000 and 20,000 requests, a ratio of 0.7 (exit code 1).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
from rig.bounds import Bound, concluded, p50
from rig.servers import KEYS, served

from memconform.recorder import Recorder
from memconform.session import Session
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings

if TYPE_CHECKING:
    from collections.abc import Callable

REQUESTS = {"smoke": 300, "standard": 4_000, "full": 20_000}
LEAST_RATIO = 0.7
TOO_MANY_STATEMENTS = 1_100
"""More than the reference server makes memories of at once: such messages fail."""
TEXT, WITHIN = "I use pnpm, never npm", {"user_id": "memconform-bench"}
_CHECK_S = 1_200
_LARGEST = 10
"""Of so many tests with the most requests the result speaks."""
_TURN = 20
"""How many requests of a kind follow each other."""


def checked(budget: str, folder: Path, words: list[str]) -> dict[str, Any]:
    """Run a check of a fresh server and return its result."""
    failing, result = folder / "failing.json", folder / f"{budget}.json"
    statements = " ".join(f"Ann has {number} pencils." for number in range(TOO_MANY_STATEMENTS))
    failing.write_text(json.dumps([{"id": "too-much", "role": "user", "content": statements}]))
    with served() as server:
        command = [sys.executable, "-m", "memconform", "check", server.url, "--budget", budget, "--json", str(result)]
        command += ["--restart-command", server.restart_command, "--failing-messages", str(failing), *words]
        environment = {**os.environ, API_KEY: KEYS[0], SECOND_API_KEY: KEYS[1], "MEMCONFORM_STATE": str(folder)}
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_CHECK_S, check=False
        )
    if not result.exists():
        raise SystemExit(f"the check left no result: {ended.stdout.decode(errors='replace')[-2000:]}")
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def cost(budget: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return what a check cost and what came of it."""
    run = result["run"]
    total, tests, cleanup = (run["requests"][name] for name in ("total", "tests", "cleanup"))
    largest = sorted(result["tests"], key=lambda test: -test["requests"])[:_LARGEST]
    outcomes = [each["outcome"] for each in result["requirements"]]
    return {
        "budget": budget,
        "requests": total,
        "tests": tests,
        "cleanup": cleanup,
        "other": total - tests - cleanup,
        "seconds": round(run["seconds"], 1),
        "outcomes": {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        "largest_tests": {test["test"]: test["requests"] for test in largest},
    }


def rates(url: str, turns: int) -> dict[str, list[tuple[float, float]]]:
    """Return requests a second of the suite's client and of plain httpx, by operation and turn."""
    os.environ.update({API_KEY: KEYS[0], SECOND_API_KEY: KEYS[1]})
    session = Session(RunSettings(url), "bench")
    session.open()
    headers = {"Authorization": f"Bearer {KEYS[0]}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as bare:
        known = session.client(Recorder(1, session.judge()), session.first).add(TEXT, WITHIN)["id"]
        found = [turn(session, bare, known, first=number % 2) for number in range(turns + 1)]
    session.close()
    return {name: [each[name] for each in found[1:]] for name in found[0]}  # the first one warms up


def turn(session: Session, bare: httpx.Client, known: str, *, first: int) -> dict[str, tuple[float, float]]:
    """Measure both clients, one after the other, in the order that `first` says."""
    api = session.client(Recorder(4 * _TURN, session.judge()), session.first)  # as each test has its own
    body, json_body = json.dumps({"content": TEXT, "scope": WITHIN}).encode(), {"Content-Type": "application/json"}
    loops: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "get": (lambda: api.get(known), lambda: bare.get(f"/v1/memories/{known}")),
        "add": (
            lambda: api.add(TEXT, WITHIN),
            lambda: bare.post("/v1/memories", content=body, headers=json_body).raise_for_status(),
        ),
    }
    return {
        name: (rate(ours), rate(plain)) if first else (rate(plain), rate(ours))[::-1]
        for name, (ours, plain) in loops.items()
    }


def rate(request: Callable[[], object]) -> float:
    """Return how many of these requests are answered in a second."""
    began = time.perf_counter()
    for _ in range(_TURN):
        request()
    return _TURN / (time.perf_counter() - began)


def main() -> int:
    """Check at each budget, compare the clients, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one profile of the smoke budget, nothing judged")
    parser.add_argument("--budgets", default=",".join(REQUESTS))
    parser.add_argument("--turns", type=int, help="so many turns of each client (60, quick: 4)")
    arguments = parser.parse_args()
    quick = arguments.quick
    costs = []
    for budget in ["smoke"] if quick else arguments.budgets.split(","):
        click.echo(f"check at the budget {budget} …", err=True)
        with tempfile.TemporaryDirectory() as folder:
            result = checked(budget, Path(folder), ["--profile", "history"] if quick else [])
        costs.append(cost(budget, result))
    click.echo("the clients in turns …", err=True)
    with tempfile.TemporaryDirectory() as folder, served() as server:
        os.environ["MEMCONFORM_STATE"] = folder
        pairs = rates(server.url, arguments.turns or (4 if quick else 60))
    clients = {
        name: {
            "suite": round(p50([ours for ours, _ in each])),
            "httpx": round(p50([plain for _, plain in each])),
            "ratio": round(statistics.median(ours / plain for ours, plain in each), 3),
        }
        for name, each in pairs.items()
    }
    click.echo(f"\n{tables(costs, clients)}\n")
    bounds = [Bound(f"requests at {each['budget']}", each["requests"], REQUESTS[each["budget"]]) for each in costs]
    bounds += [
        Bound(f"requests a second of the suite's client against httpx, {name}", each["ratio"], at_least=LEAST_RATIO)
        for name, each in clients.items()
    ]
    return concluded("check_budgets", {"checks": costs, "clients": clients}, bounds, quick=quick)


def tables(costs: list[dict[str, Any]], clients: dict[str, dict[str, Any]]) -> str:
    """Return both as Markdown tables."""
    lines = [
        "| budget | requests | in tests | to clean up | to probe and wait | seconds | outcomes |",
        "|---" * 7 + "|",
    ]
    for each in costs:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in each["outcomes"].items())
        counts = " | ".join(f"{each[name]:,}" for name in ("requests", "tests", "cleanup", "other"))
        lines.append(f"| {each['budget']} | {counts} | {each['seconds']} | {outcomes} |")
    lines += ["", "| requests a second | suite's client | httpx | ratio |", "|---" * 4 + "|"]
    lines += [f"| {name} | {each['suite']:,} | {each['httpx']:,} | {each['ratio']} |" for name, each in clients.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
