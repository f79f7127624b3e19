"""Bounds: what a benchmark demands, what it measured, and the exit code that follows."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "benchmarks"
"""Where the results go; git ignores it: figures of one machine at one hour belong to nobody else."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure with its least or its greatest allowed value."""

    what: str
    measured: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def held(self) -> bool:
        """Whether the figure keeps within the bound."""
        too_much = self.at_most is not None and self.measured > self.at_most
        return not (too_much or (self.at_least is not None and self.measured < self.at_least))

    def __str__(self) -> str:
        limit = f"at most {self.at_most:,g}" if self.at_most is not None else f"at least {self.at_least:,g}"
        return f"{'held  ' if self.held else 'MISSED'} {self.what}: {self.measured:,.5g}, {limit}"


def concluded(name: str, figures: Mapping[str, Any], bounds: Sequence[Bound], *, quick: bool) -> int:
    """Print the bounds, write everything as JSON, and return the exit code.

    A quick run has too few samples to judge anything: its bounds are shown and not held against anybody.
    """
    for bound in bounds:
        click.echo(str(bound))
    result = {
        "benchmark": name,
        "quick": quick,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "bounds": [{**asdict(bound), "held": bound.held} for bound in bounds],
        **figures,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}{'-quick' if quick else ''}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    click.echo(f"written to {file.name} in {RESULTS.relative_to(ROOT)}", err=True)
    return 0 if quick or all(bound.held for bound in bounds) else 1


def p50(samples: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(samples)


def p95(samples: Sequence[float]) -> float:
    """Return what 95 of 100 samples do not exceed."""
    return sorted(samples)[len(samples) * 95 // 100]
