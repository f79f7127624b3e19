"""`memconform plugin selftest`: the kill matrix of clients."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memconform.cli.kill_matrix import chosen_of, told
from memconform.cli.options import JSON_FILE, ONLY, VERBOSE
from memconform.clients.matrix import client_cases, run_client_matrix


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@ONLY
@click.option("--jobs", type=click.IntRange(1, 16), default=3, help="How many plugins are judged at a time.")
@click.option("--python", metavar="COMMAND", help="The plugins' interpreter; else $MEMCONFORM_PLUGIN_PYTHON.")
@JSON_FILE
@VERBOSE
def command(only: tuple[str, ...], jobs: int, python: str | None, json_file: Path | None, verbose: bool) -> None:
    """Prove the judge of clients, with the reference plugin in Dify's runtime.

    Every seeded defect must be found by a test of the requirement that it breaks; every legal variant and the plugin
    itself must come out without a failure, a warning or an open question.
    """
    chosen = chosen_of(client_cases(), only)
    sys.exit(
        told(
            len(chosen),
            lambda tell: run_client_matrix(chosen, jobs=jobs, python=python, tell=tell),
            verbose=verbose,
            json_file=json_file,
        )
    )
