"""What each provider bears behind its bridge, in one run: search and add, directly and by the plugin, and capacity.

Run it with `.venv-providers/bin/python benchmarks/provider_load.py [NAME…] [--quick] [--markdown FILE] [--json FILE]`;
without names it takes the reference and every provider that can be started here. One after another, each on an empty
machine: the provider, its bridge, `memconform load --scenario chat` with the calls split between the plugin and direct
ones, and `memconform capacity` under one objective. The embedder is the same for all (wordllama, 256 dimensions).
There is no bound: the figures belong to the providers.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from memconform.providers import Definition, ProviderFailed, bridged, definition, definitions, started
from memconform.settings import API_KEY

ROOT = Path(__file__).parents[1]
PEOPLE, FACTS = 20, 20
RATE, SECONDS = 10, 45
OBJECTIVE = "search.p95<200ms"
CAPACITY_S = 75
DRIVERS = ("direct", "plugin")
OPERATIONS = ("search", "add")
_LIMIT_S = 900.0
_OF_CAPACITY = ("rate", "margin", "met_at", "not_met_at", "said")

PAGE = f"""\
# What providers bear

Written by `benchmarks/provider_load.py` on {{today}}, in one run on {{cores}} cores; do not edit it. One provider
after another, on this machine alone, behind its bridge: chat turns of {PEOPLE} people with {FACTS} memories each,
{RATE} arrivals a second for {SECONDS} s (Poisson), half of the calls through the Dify plugin in its real runtime.
Times are p50 / p95 / p99 in ms, from the intended start.

{{table}}

## What makes it fair, and what does not

- **Embedder**: the same for all that can be given one, wordllama's static embeddings with 256 dimensions, 0.1 ms a
  text. With a real embedder every add and search takes that much longer, in the same way for all.
- **The bridge** is part of every figure: one Python process, which is also the provider's where that is a library.
- **Durability** differs: some acknowledge what is in memory only; it is said below.
- **Data** is small: {{memories}} memories and what the load adds; what grows with the data does not show.
- **Capacity** is the rate of arrivals (a search each, and an add in 0.43 of them) at which `{OBJECTIVE}` still
  holds, with direct calls, 50 memories, and {CAPACITY_S} s to find it; laws are not judged there. The generator has the
  same cores.
- **Laws broken** are counted by the judge while the load goes on: lost, stale, foreign, resurrected memories.

## Each provider

{{caveats}}
"""

REFERENCE = Definition(
    name="reference",
    folder=ROOT,
    title="The reference (SQLite)",
    version="",
    page="../../README.md",
    runs="ci",
    store="sqlite",
    caveats=("keyword and vectors, every vector compared", "each write is on the disk when it is acknowledged"),
)


@dataclass(frozen=True)
class Row:
    """What one provider bore; `load` is a result of `memconform load`, `capacity` one of `memconform capacity`."""

    name: str
    title: str
    page: str
    caveats: Sequence[str]
    load: Mapping[str, Any] | None = None
    capacity: Mapping[str, Any] | None = None
    failed: str | None = None

    def cells(self) -> Iterator[str]:
        """Yield the cells of the table: p50, p95, p99 of each operation and driver, violations, capacity."""
        if self.load is None:
            yield self.failed or "not measured"
            return
        rows = {(row["operation"], row["driver"]): row for row in self.load["operations"]}
        for operation in OPERATIONS:
            for driver in DRIVERS:
                yield _times(rows.get((operation, driver)))
        counts = self.load["counts"]
        yield f"{counts['failed'] + counts['unfinished'] + counts['dropped']} of {counts['started']}"
        yield str(self.load["violations"]["total"])
        yield _borne(self.capacity)

    def as_json(self) -> dict[str, Any]:
        """Return the figures without the histograms."""
        return {
            "provider": self.name,
            "title": self.title,
            "caveats": list(self.caveats),
            "failed": self.failed,
            "operations": [_slim(row) for row in (self.load or {}).get("operations", ())],
            "counts": (self.load or {}).get("counts"),
            "violations": _laws(self.load),
            "verdict": (self.load or {}).get("verdict"),
            "capacity": {
                name: (self.capacity or {}).get(name) for name in ("rate", "margin", "met_at", "not_met_at", "said")
            },
        }


def _times(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    latency = row["hops"]["latency"]
    return " / ".join(_three_digits(latency[name]) for name in ("p50_ms", "p95_ms", "p99_ms"))


def _three_digits(ms: float) -> str:
    return f"{ms:.3g}" if ms < 1000 else f"{float(f'{ms:.3g}'):,.0f}"


def _borne(capacity: Mapping[str, Any] | None) -> str:
    if not capacity:
        return "–"
    met, missed = capacity["met_at"], capacity["not_met_at"]
    if capacity["rate"]:
        return f"{capacity['rate']:.3g}"
    if met and missed:
        return f"{met:.3g} to {missed:.3g}"
    if met:
        return f"at least {met:.3g}"
    return f"below {missed:.3g}" if missed else "not known"


def _slim(row: Mapping[str, Any]) -> dict[str, Any]:
    latency = {name: value for name, value in row["hops"]["latency"].items() if name != "hdr"}
    return {name: row[name] for name in ("operation", "driver", "count", "failed")} | {"latency": latency}


def _laws(load: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    found = (load or {"violations": {"found": []}})["violations"]["found"]
    return [{"law": each["law"], "count": each["count"]} for each in found]


def measured(wanted: Definition, *, quick: bool) -> Row:
    """Start one provider and load it."""
    about = (wanted.name, wanted.title, wanted.page, wanted.caveats)
    try:
        with started(wanted, _note) as provider, bridged(provider) as bridge:
            key = bridge.keys[0] if bridge.keys else ""
            load = _ran("load", bridge.url, key, _load_options(quick=quick))
            capacity = None if quick else _ran("capacity", bridge.url, key, _capacity_options())
    except ProviderFailed as error:
        return Row(*about, failed=f"not measured: {error}".splitlines()[0])
    return Row(*about, load=load, capacity=capacity, failed=None if load else "the load gave no result")


def _load_options(*, quick: bool) -> list[str]:
    seconds = 6 if quick else SECONDS
    shape = ["--rate", str(RATE), "--duration", f"{seconds}s", "--users", str(PEOPLE), "--set", f"facts={FACTS}"]
    return ["--scenario", "chat", *shape, "--plugin", str(ROOT / "reference_plugin"), "--direct"]


def _capacity_options() -> list[str]:
    # Few memories, and no waits for the model: a stage is prepared and drained in seconds.
    shape = ["--users", "10", "--set", "facts=5", "--set", "model=0", "--rate", "50", "--duration", "5s"]
    bounds = ["--warm-up", "1s", "--slo", OBJECTIVE, "--precision", "20%", "--max-duration", f"{CAPACITY_S}s"]
    return ["--scenario", "chat", "--no-judge", *shape, *bounds]


def _ran(command: str, url: str, key: str, options: Sequence[str]) -> Mapping[str, Any] | None:
    """Run a command of memconform and return what it wrote, None where it wrote nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        words = [sys.executable, "-m", "memconform", command, url, *options, "--json", str(file)]
        try:
            subprocess.run(  # noqa: S603 - our own interpreter and module
                words, env=os.environ | {API_KEY: key}, stdout=subprocess.DEVNULL, timeout=_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        if not file.is_file():
            return None
        result: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
        return result


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of the Markdown table; the reference is the row to compare with."""
    heads = [f"{operation} {way}" for operation in OPERATIONS for way in ("direct", "by the plugin")]
    yield "| provider | " + " | ".join([*heads, "failed calls", "laws broken", "capacity, arrivals/s"]) + " |"
    yield "|---" * (len(heads) + 4) + "|"
    for row in rows:
        yield f"| [{row.name}]({row.page}) | " + " | ".join(row.cells()) + " |"


def page(rows: Sequence[Row]) -> str:
    """Return docs/providers/load.md."""
    caveats = "\n".join(f"- **{row.name}**: {'; '.join(row.caveats) or 'none'}." for row in rows)
    today, measures = f"{datetime.now(UTC):%Y-%m-%d}", "\n".join(table(rows))
    return PAGE.format(today=today, cores=os.cpu_count(), table=measures, caveats=caveats, memories=PEOPLE * FACTS)


def _note(said: str) -> None:
    click.echo(f"  {said}", err=True)


def main() -> int:
    """Load the providers that are named, or all; print the table, write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # providers end with their block, not with the process
    known = [each for each in definitions().values() if each.runs != "by hand"]
    wanted = [REFERENCE, *(map(definition, arguments.names) if arguments.names else known)]
    rows = []
    for each in wanted:
        click.echo(f"{each.name}:", err=True)
        rows.append(measured(each, quick=arguments.quick))
        click.echo(" | ".join(rows[-1].cells()), err=True)
        if arguments.json:  # after each one: nothing is lost where a later one hangs
            arguments.json.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n", "utf-8")
        if arguments.markdown:
            arguments.markdown.write_text(page(rows), "utf-8")
    click.echo("\n".join(table(rows)))
    return 1 if all(row.load is None for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
