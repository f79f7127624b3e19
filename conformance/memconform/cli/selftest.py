"""`memconform selftest`: the kill matrix."""

from __future__ import annotations

import itertools
import json
import sys
import time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from memconform.budget import SIZES
from memconform.selftest import Case, CaseResult, Matrix, cases, run_matrix


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="A defect, a variant, a requirement's id, 'defects' or 'variants' (repeatable).",
)
@click.option(
    "--budget",
    type=click.Choice(list(SIZES)),
    default="smoke",
    help="Where each check begins; a defect that survives is tried with 'standard', too.",
)
@click.option("--jobs", type=click.IntRange(1, 32), default=4, help="How many servers are judged at a time.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write every case to this file.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print what was said of every case.")
def command(only: tuple[str, ...], budget: Any, jobs: int, json_file: Path | None, verbose: bool) -> None:
    """Prove the judge over real HTTP.

    Every seeded defect must be found by a test of the requirement that it breaks, with a message that says what is
    wrong; every legal variant and the reference must come out without a failure, a warning or an open question.
    """
    chosen = _chosen(only)
    started = time.monotonic()
    moving = sys.stdout.isatty()
    counter = itertools.count(1)

    def tell(result: CaseResult) -> None:
        if moving:
            click.echo("\r\x1b[K", nl=False)
        if verbose or not result.right:
            click.echo(_line(result))
        if moving:
            click.echo(f"  [{next(counter)}/{len(chosen)}] {result.case.name}", nl=False)

    matrix = run_matrix(chosen, budget=budget, jobs=jobs, tell=tell)
    if moving:
        click.echo("\r\x1b[K", nl=False)
    if json_file is not None:
        json_file.write_text(json.dumps(_to_json(matrix), indent=1) + "\n", encoding="utf-8")
    click.echo(f"{matrix.summary()} ({time.monotonic() - started:.0f} s)")
    sys.exit(1 if matrix.wrong else 0)


def _chosen(only: tuple[str, ...]) -> list[Case]:
    known = cases()
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
