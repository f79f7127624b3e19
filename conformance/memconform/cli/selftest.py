"""`memconform selftest`: the kill matrix."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from memconform.budget import SIZES
from memconform.cli.kill_matrix import chosen_of, told
from memconform.cli.options import JSON_FILE, ONLY, VERBOSE
from memconform.selftest import cases, run_matrix


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@ONLY
@click.option(
    "--budget",
    type=click.Choice(list(SIZES)),
    default="smoke",
    help="Where each check begins; a defect that survives is tried with 'standard', too.",
)
@click.option("--jobs", type=click.IntRange(1, 32), default=4, help="How many servers are judged at a time.")
@JSON_FILE
@VERBOSE
def command(only: tuple[str, ...], budget: Any, jobs: int, json_file: Path | None, verbose: bool) -> None:
    """Prove the judge over real HTTP.

    Every seeded defect must be found by a test of the requirement that it breaks, with a message that says what is
    wrong; every legal variant and the reference must come out without a failure, a warning or an open question.
    """
    chosen = chosen_of(cases(), only)
    sys.exit(
        told(
            len(chosen),
            lambda tell: run_matrix(chosen, budget=budget, jobs=jobs, tell=tell),
            verbose=verbose,
            json_file=json_file,
        )
    )
