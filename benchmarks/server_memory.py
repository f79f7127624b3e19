"""How much memory the reference server takes after 100,000 adds, and during an export and an import of 100,000.

Run it with `python benchmarks/server_memory.py [--quick] [--memories N]`. The resident set of the server's process is
sampled from /proc all the while. One principal adds through batches and exports; another one imports that very file.
Flat means: export and import raise the resident set by at most 64 MiB above what it was before (exit code 1).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rig.bounds import Bound, concluded
from rig.calls import LINES, Caller
from rig.servers import KEYS, served
from rig.speech import Speech, metadata, scope

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAT_MIB = 64
_MIB = 1_024 * 1_024
_PAUSE_S = 0.01
_BATCH = 100


@dataclass
class Phase:
    """What happened to the server's resident set while something was done, in MiB."""

    what: str
    before: float = 0.0
    peak: float = 0.0
    after: float = 0.0
    seconds: float = 0.0
    first_byte_s: float | None = None

    @property
    def raised(self) -> float:
        """How far the peak lies above what was before."""
        return self.peak - self.before


@dataclass
class Resident:
    """Watches the resident set of a process."""

    pid: int
    phases: list[Phase] = field(default_factory=list)

    @contextmanager
    def during(self, what: str) -> Iterator[Phase]:
        """Watch for as long as the block takes."""
        phase = Phase(what, self.now())
        phase.peak = phase.before
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_PAUSE_S):
                phase.peak = max(phase.peak, self.now())

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.monotonic()
        try:
            yield phase
        finally:
            over.set()
            watcher.join()
        phase.seconds, phase.after = time.monotonic() - began, self.now()
        self.phases.append(phase)
        click.echo(f"{what}: {phase.seconds:.1f} s, peak {phase.peak:.0f} MiB", err=True)

    def now(self) -> float:
        """Return it in MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmRSS:"))


def added(caller: Caller, memories: int) -> None:
    """Add so many memories in batches."""
    speech = Speech(0)
    for first in range(0, memories, _BATCH):
        numbers = range(first, min(first + _BATCH, memories))
        bodies = [{"content": speech.sentence(), "scope": scope(), "metadata": metadata(number)} for number in numbers]
        results = caller.json(
            "POST", "/v1/batch", {"operations": [{"op": "add", "memory": memory} for memory in bodies]}
        )
        if any(result["status"] != 201 for result in results["results"]):
            raise SystemExit("an add of a batch was refused")
        if (first + _BATCH) % 10_000 == 0:
            click.echo(f"{first + _BATCH} of {memories} added", err=True)


def exported(caller: Caller, file: Path, phase: Phase) -> None:
    """Write the export of the scope into a file."""
    began = time.monotonic()
    with file.open("wb") as target:
        for piece in caller.pieces("GET", f"/v1/export?user_id={scope()['user_id']}"):
            if phase.first_byte_s is None:
                phase.first_byte_s = time.monotonic() - began
            target.write(piece)


def imported(caller: Caller, file: Path) -> None:
    """Send the file."""
    with file.open("rb") as source:
        caller("POST", "/v1/import", source, LINES)


def watched(memories: int, folder: Path) -> tuple[list[Phase], float]:
    """Do it all on one server; return its phases and the size of the export in MiB."""
    file = folder / "export.ndjson"
    with served() as server:
        first, second = (Caller(server.url, key) for key in KEYS)
        added(first, 1)  # loads the model
        resident = Resident(server.pid)
        with resident.during(f"{memories:,} adds, {_BATCH} a batch"):
            added(first, memories)
        with resident.during(f"export of {memories + 1:,}") as phase:
            exported(first, file, phase)
        with resident.during(f"import of {memories + 1:,} for another principal"):
            imported(second, file)
        with resident.during(f"first search among {memories + 1:,}"):
            first.json("POST", "/v1/search", {"query": Speech(1).sentence(), "scope": scope()})
        return resident.phases, file.stat().st_size / _MIB


def table(phases: list[Phase]) -> str:
    """Return the phases as a Markdown table."""
    lines = ["| resident set, MiB | before | peak | after | peak − before | seconds | first byte |", "|---" * 7 + "|"]
    for each in phases:
        first = "" if each.first_byte_s is None else f"{each.first_byte_s:.1f} s"
        cells = (f"{value:.0f}" for value in (each.before, each.peak, each.after, each.raised))
        lines.append(f"| {each.what} | {' | '.join(cells)} | {each.seconds:.1f} | {first} |")
    return "\n".join(lines)


def document(phase: Phase) -> dict[str, Any]:
    """Return a phase as JSON."""
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in vars(phase).items()}


def main() -> int:
    """Watch, print the table, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few memories, nothing judged")
    parser.add_argument("--memories", type=int, help="how many (100,000; quick: 500)")
    arguments = parser.parse_args()
    quick = arguments.quick
    with tempfile.TemporaryDirectory() as folder:
        phases, size = watched(arguments.memories or (500 if quick else 100_000), Path(folder))
    click.echo(f"\n{table(phases)}\n\nthe exported file has {size:.1f} MiB\n")
    _, during_export, during_import, _ = phases
    bounds = [
        Bound("resident set raised by the export, MiB", during_export.raised, FLAT_MIB),
        Bound("resident set raised by the import, MiB", during_import.raised, FLAT_MIB),
    ]
    figures = {"file_mib": round(size, 1), "phases": [document(phase) for phase in phases]}
    return concluded("server_memory", figures, bounds, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
