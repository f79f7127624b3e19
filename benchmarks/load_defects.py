"""Faults that only load shows, each found by a load test, with its witness; and the reference, which has none.

Run it with `python benchmarks/load_defects.py [--quick] [--only NAME] [--requests N]`. Each server of
`memconform serve --defect NAME` that breaks a law is put under load by 16 sessions that do everything at once
(`rig/load_defect_everything.py`), until the judge has found it, or for a time; what breaks no law has to miss an
objective of a scenario that is made for it. Servers that are legal and odd get the same load, and the reference gets
100,000 requests of it, and each of those objectives. Bounds: every fault is found, every law with a witness; neither
the reference nor a legal server breaks a law, and the reference meets every objective.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rig.bounds import RESULTS, Bound, concluded
from rig.load_defect_trials import GATES, LAW, Seen
from rig.servers import KEYS, served

from memconform_load.launch import run
from memconform_load.plan import Plan
from memconform_server.defects_under_load import UnderLoad, defects_under_load, variants_under_load
from memconform_server.defects_under_load.registry import LAWS

SECONDS, LONGEST_S, REQUESTS = 20.0, 180.0, 100_000
REFERENCE = "(the reference)"
QUICK = ("loses-updates-that-were-overtaken", "forgets-who-is-asking")


def tried(server: UnderLoad | None, *, longest_s: float, seconds: float, requests: int = 0) -> Seen:
    """Put a server under load until its fault is found, for so long at most, or until so many requests were sent."""
    seen = Seen(server.name if server else REFERENCE, server.found_by if server else "")
    words = [] if server is None else ["--defect" if seen.wanted else "--variant", server.name]
    with served(words) as at:
        began = time.monotonic()
        while True:
            plan = GATES.get(seen.wanted, LAW).plan(at.url, at.pid, seconds)
            seen.add(ran(plan), seen.wanted)
            over = seen.wanted in seen.found if seen.wanted else seen.requests >= requests
            if over or (not requests and time.monotonic() - began > longest_s):
                return seen


def held_to(gate: str, seconds: float) -> Seen:
    """Hold the reference to the objective that faults of a kind miss."""
    seen = Seen(f"{REFERENCE[:-1]}, {gate})", "")
    with served() as at:
        seen.add(ran(GATES[gate].plan(at.url, at.pid, seconds)), gate)
    return seen


def ran(plan: Plan) -> Mapping[str, Any]:
    """Run a plan and return its result; a run that failed itself ends the benchmark."""
    result = run(plan, env={"MEMCONFORM_API_KEY": KEYS[0]})
    if result["verdict"]["word"] == "failed":
        raise SystemExit(f"the run failed: {'; '.join(result['verdict']['reasons'])}")
    return result


def main() -> None:
    """Put all servers under load, print the table, judge the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how many the reference gets at least")
    parser.add_argument("--only", action="append", help="only this defect or legal server (repeatable)")
    parser.add_argument("--quick", action="store_true", help="two defects, few requests, and no judgement")
    given = parser.parse_args()
    os.environ.setdefault("MEMCONFORM_STATE", str(RESULTS / "state"))
    servers = {**defects_under_load(), **variants_under_load()}
    names = QUICK if given.quick else (given.only or [*servers])
    seconds, longest_s, requests = (4.0, 12.0, 1_000) if given.quick else (SECONDS, LONGEST_S, given.requests)
    seen = []
    for name in names:
        seen.append(tried(servers[name], longest_s=longest_s if servers[name].found_by else 0.0, seconds=seconds))
        click.echo(f"{name}: {'as it should be' if seen[-1].is_right else 'NOT as it should be'}", err=True)
    if not given.only:
        seen += [] if given.quick else [held_to(gate, seconds) for gate in GATES]
        seen.append(tried(None, longest_s=0.0, seconds=seconds, requests=requests))
    sys.exit(judged(seen, quick=given.quick))


def judged(seen: Sequence[Seen], *, quick: bool) -> int:
    """Print the table and return the exit code."""
    click.echo(
        "| server | has to be found by | was found by | requests | load s | witness, or what the objective said |"
    )
    click.echo("|---|---|---|---|---|---|")
    for each in seen:
        found = ", ".join(f"{name} ({number})" for name, number in each.found.items()) or "nothing"
        told = (each.observed if each.wanted not in LAWS else "") or (each.witness[0] if each.witness else "")
        row = (each.server, each.wanted or "nothing", found, f"{each.requests:,}", f"{each.load_s:.0f}", told)
        click.echo(f"| {' | '.join(row)} |")
    click.echo("")
    faulty = [each for each in seen if each.wanted]
    missed = [each.server for each in faulty if not each.is_right]
    blamed = [each.server for each in seen if not each.wanted and not each.is_right]
    for name in (*missed, *blamed):
        click.echo(f"not as it should be: {name}")
    bounds = [
        Bound(f"faults that were not found, of {len(faulty)}", len(missed), at_most=0),
        Bound("servers that were blamed for nothing", len(blamed), at_most=0),
    ]
    rows = [
        {"server": e.server, "wanted": e.wanted, "found": e.found, "requests": e.requests, "witness": list(e.witness)}
        for e in seen
    ]
    return concluded("load_defects", {"servers": rows}, bounds, quick=quick)


if __name__ == "__main__":
    main()
