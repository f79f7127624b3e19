"""How the reference server grows with what it holds, over HTTP, set against mem0 behind the same app.

Run it with `python benchmarks/growth.py [--quick] [--rounds N] [--minutes N]`. One server holds 1,000, one 10,000 and
one 100,000 memories in one scope, and one 100,000 scopes with a memory each; where `.venv-providers` is there, the real
mem0 holds 1,000 and 10,000. In each round every server is asked once for each kind of request, in an order that
changes, so that a slow moment of the machine hits all alike. Printed are p50 and p95 in milliseconds and how p50
compares with the smallest size of the same store; bounds on that growth are judged at the end (exit code 1).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
from rig.bounds import Bound, concluded, p50, p95
from rig.calls import Caller
from rig.filling import fill
from rig.servers import MEM0, Served, served
from rig.speech import Speech, metadata, scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SIZES = (1_000, 10_000, 100_000)
MEM0_SIZES = (1_000, 10_000)
QUICK_SIZES = (200, 2_000)
FLAT, SEARCH = 1.5, 5.0
"""How much slower than at the smallest size a request may be: one that should be flat, and a search."""
OPERATIONS = ("get", "list page", "list page in the middle", "search", "filtered search", "add")
_FLAT_OPERATIONS = OPERATIONS[:3] + OPERATIONS[-1:]
_PAGE = 50
_FEWEST_ROUNDS = 20


@dataclass
class Target:
    """A server of some size, and how long its answers took, in milliseconds, by operation."""

    store: str
    memories: int
    scopes: bool
    server: Served
    ids: list[str] = field(default_factory=list)
    middle: str | None = None
    """A cursor in the middle of the list."""
    times: dict[str, list[float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return f"{self.store} {self.memories:,}{' scopes' if self.scopes else ''}"

    def fill(self) -> None:
        """Store its memories, and find the middle of the list."""
        self.ids = fill(self.server, self.name, self.memories, scopes=self.scopes)
        if not self.scopes:
            self.middle = self._walked(self.memories // 2)
        caller = Caller(self.server.url)
        caller.json("POST", "/v1/search", _search(Speech(1), scope()))  # the first one loads what the later ones have
        caller.close()

    def _walked(self, count: int) -> str:
        caller, cursor = Caller(self.server.url), ""
        page = min(count, caller.json("GET", "/v1/capabilities")["limits"]["page_size"])
        for _ in range(count // page):
            path = f"/v1/memories?user_id=u0&limit={page}{cursor and f'&cursor={quote(cursor)}'}"
            cursor = caller.json("GET", path)["next_cursor"]
        caller.close()
        return cursor


class Asking:
    """Asks a target for each kind of request once."""

    def __init__(self, target: Target, seed: int) -> None:
        self.target = target
        self.caller = Caller(target.server.url)
        self.speech = Speech(seed)

    def round(self) -> None:
        """Time each kind of request and keep the times."""
        target, chance = self.target, self.speech.random
        number = chance.randrange(target.memories)
        within = scope(number if target.scopes else 0)
        listed = f"/v1/memories?user_id={within['user_id']}&limit={_PAGE}"
        memory = {"content": self.speech.sentence(), "scope": within, "metadata": metadata(number)}
        equal = {"op": "eq", "field": "/metadata/tenth", "value": number % 10}
        requests: dict[str, tuple[str, str, Any]] = {
            "get": ("GET", f"/v1/memories/{target.ids[number]}", None),
            "list page": ("GET", listed, None),
            "list page in the middle": ("GET", f"{listed}&cursor={quote(target.middle or '')}", None),
            "search": ("POST", "/v1/search", _search(self.speech, within)),
            "filtered search": ("POST", "/v1/search", _search(self.speech, within) | {"filter": equal}),
            "add": ("POST", "/v1/memories", memory),
        }
        for operation in OPERATIONS:
            if operation != "list page in the middle" or target.middle is not None:
                target.times.setdefault(operation, []).append(self._milliseconds(*requests[operation]))

    def _milliseconds(self, method: str, path: str, document: Any) -> float:
        body = None if document is None else json.dumps(document).encode()
        began = time.perf_counter()
        self.caller(method, path, body)
        return (time.perf_counter() - began) * 1_000


def _search(speech: Speech, within: Mapping[str, str]) -> dict[str, Any]:
    return {"query": speech.sentence(9), "scope": dict(within), "top_k": 10}


def started(stack: ExitStack, sizes: Sequence[int], mem0_sizes: Sequence[int]) -> list[Target]:
    """Start all servers, the smallest of each store first."""
    targets = [Target("reference", size, False, stack.enter_context(served())) for size in sizes]
    targets.append(Target("reference", sizes[-1], True, stack.enter_context(served())))
    if not mem0_sizes:
        return targets
    if not MEM0.exists():
        click.echo("mem0 is not installed (make test-providers does that): its columns are left out", err=True)
        return targets
    mem0 = ["--store", "mem0"]
    return targets + [Target("mem0", size, False, stack.enter_context(served(mem0, MEM0))) for size in mem0_sizes]


def measured(targets: Sequence[Target], rounds: int, until: float) -> int:
    """Ask all targets in turns; return how many rounds there were before the time was over."""
    asking = [Asking(target, seed) for seed, target in enumerate(targets)]
    order = random.Random(0)  # noqa: S311 - to be the same in every run
    for done in range(rounds):
        if time.monotonic() > until:
            return done
        for each in order.sample(asking, len(asking)):
            each.round()
        if (done + 1) % 25 == 0:
            click.echo(f"{done + 1} of {rounds} rounds", err=True)
    return rounds


def growth(target: Target, targets: Sequence[Target], operation: str) -> float:
    """Return how a target's median compares with that of the smallest size of the same store."""
    smallest = next(each for each in targets if each.store == target.store)
    return p50(target.times[operation]) / p50(smallest.times[operation])


def table(targets: Sequence[Target]) -> str:
    """Return the times as a Markdown table: p50 / p95, and growth."""
    lines = ["| p50 / p95 ms (growth) | " + " | ".join(target.name for target in targets) + " |"]
    lines.append("|---" * (len(targets) + 1) + "|")
    for operation in OPERATIONS:
        cells = [_cell(target, targets, operation) for target in targets]
        lines.append(f"| {operation} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(target: Target, targets: Sequence[Target], operation: str) -> str:
    if operation not in target.times:
        return "–"
    times = target.times[operation]
    return f"{p50(times):.1f} / {p95(times):.1f} (×{growth(target, targets, operation):.2f})"


def against_mem0(targets: Sequence[Target]) -> str:
    """Return how many times as long mem0 takes as the reference at the same size, as a Markdown table."""
    pairs = [
        (mem0, reference)
        for mem0 in targets
        for reference in targets
        if (mem0.store, reference.store) == ("mem0", "reference")
        and (mem0.memories, mem0.scopes) == (reference.memories, reference.scopes)
    ]
    if not pairs:
        return ""
    lines = ["| mem0 : reference, p50 | " + " | ".join(f"{mem0.memories:,}" for mem0, _ in pairs) + " |"]
    lines.append("|---" * (len(pairs) + 1) + "|")
    for operation in OPERATIONS:
        ratios = [p50(mem0.times[operation]) / p50(reference.times[operation]) for mem0, reference in pairs]
        lines.append(f"| {operation} | " + " | ".join(f"×{ratio:.1f}" for ratio in ratios) + " |")
    return "\n".join(lines)


def bounds(targets: Sequence[Target]) -> list[Bound]:
    """Return what the reference server's growth must keep within."""
    reference = [target for target in targets if target.store == "reference"]
    found = [
        Bound(f"{operation} at {target.name}, growth", growth(target, targets, operation), FLAT)
        for operation in _FLAT_OPERATIONS
        for target in reference[1:]
        if operation in target.times
    ]
    largest = [target for target in reference if not target.scopes][-1]
    return [*found, Bound(f"search at {largest.name}, growth", growth(largest, targets, "search"), SEARCH)]


def document(targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Return the times as JSON."""
    return [
        {
            "store": target.store,
            "memories": target.memories,
            "scopes": target.memories if target.scopes else 1,
            "milliseconds": {
                operation: {"p50": round(p50(times), 3), "p95": round(p95(times), 3), "samples": len(times)}
                for operation, times in target.times.items()
            },
        }
        for target in targets
    ]


def in_time(targets: Sequence[Target], until: float) -> None:
    """Fill all targets, two at a time, the largest first; give up when the time is over."""
    fills: list[Callable[[], None]] = [
        target.fill for target in sorted(targets, key=lambda each: -each.memories * (8 if each.store == "mem0" else 1))
    ]
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(each) for each in fills]
        try:
            for future in futures:
                future.result(timeout=max(1.0, until - time.monotonic()))
        except TimeoutError:
            pool.shutdown(wait=False, cancel_futures=True)
            raise SystemExit("filling the servers took too long; give --minutes, or a quieter machine") from None


def main() -> int:
    """Fill, measure in turns, print the tables, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds, nothing judged")
    parser.add_argument("--rounds", type=int, help="so many samples of each figure (200, quick: 5)")
    parser.add_argument("--minutes", type=float, default=12.0, help="the whole run's bound")
    parser.add_argument("--without-mem0", action="store_true")
    arguments = parser.parse_args()
    quick = arguments.quick
    rounds = arguments.rounds or (5 if quick else 200)
    until = time.monotonic() + arguments.minutes * 60
    mem0_sizes = () if quick or arguments.without_mem0 else MEM0_SIZES
    with ExitStack() as stack:
        targets = started(stack, QUICK_SIZES if quick else SIZES, mem0_sizes)
        in_time(targets, until)
        done = measured(targets, rounds, until)
    if done < min(rounds, _FEWEST_ROUNDS):
        raise SystemExit(f"only {done} rounds were done in {arguments.minutes:g} minutes: too few to say anything")
    click.echo(f"\n{table(targets)}\n\n{against_mem0(targets)}".rstrip() + f"\n\n{done} rounds\n")
    return concluded("growth", {"rounds": done, "servers": document(targets)}, bounds(targets), quick=quick)


if __name__ == "__main__":
    sys.exit(main())
