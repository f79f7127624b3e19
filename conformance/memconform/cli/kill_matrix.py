"""What the commands of the kill matrices share: which cases, a line for each, the summary, the exit code."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from memconform.selftest import Case, CaseResult, Matrix

Run = Callable[[Callable[[CaseResult], None]], Matrix]
"""Judges the cases, and tells of each as it ends."""


def told(count: int, run: Run, *, verbose: bool, json_file: Path | None) -> int:
    """Run a matrix of so many cases, print it, write its file; return the exit code: 1 where the judge was wrong."""
    started = time.monotonic()
    moving = sys.stdout.isatty()
    counter = itertools.count(1)

    def tell(result: CaseResult) -> None:
        if moving:
            click.echo("\r\x1b[K", nl=False)
        if verbose or not result.right:
            click.echo(_line(result))
        if moving:
            click.echo(f"  [{next(counter)}/{count}] {result.case.name}", nl=False)

    matrix = run(tell)
    if moving:
        click.echo("\r\x1b[K", nl=False)
    if json_file is not None:
        json_file.write_text(json.dumps(_to_json(matrix), indent=1) + "\n", encoding="utf-8")
    click.echo(f"{matrix.summary()} ({time.monotonic() - started:.0f} s)")
    return 1 if matrix.wrong else 0


def chosen_of(known: Mapping[str, Case], only: tuple[str, ...]) -> list[Case]:
    """Return the cases of these names, requirements or kinds, all of them for none; raise `UsageError` for others."""
    if not only:
        return list(known.values())
    chosen = [case for case in known.values() if {case.name, case.breaks, f"{case.kind}s"} & set(only)]
    names = {case.name for case in known.values()} | {case.breaks for case in known.values()} | {"defects", "variants"}
    for name in only:
        if name not in names:
            near = get_close_matches(name, [str(each) for each in names], n=3)
            raise click.UsageError(
                f"there is no case {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")
            )
    return chosen


def _line(result: CaseResult) -> str:
    verdict = click.style("right", fg="green") if result.right else click.style("WRONG", fg="red", bold=True)
    about = f" [{result.case.breaks}]" if result.case.breaks else ""
    return f"{verdict} {result.case.name}{about} ({result.budget}, {result.seconds:.1f} s): {result.said}"


def _to_json(matrix: Matrix) -> list[dict[str, Any]]:
    return [
        {
            "name": result.case.name,
            "kind": result.case.kind,
            "breaks": result.case.breaks,
            "right": result.right,
            "said": result.said,
            "budget": result.budget,
            "seconds": round(result.seconds, 2),
            "requests": result.requests,
        }
        for result in matrix.results
    ]
