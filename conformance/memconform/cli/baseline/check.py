"""`memconform baseline check RESULT`: what a baseline says of a result that is there already."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memconform.baseline.comparing import compare
from memconform.baseline.file import today
from memconform.baseline.telling import headline, lines
from memconform.cli.baseline.options import BASELINE, RESULT, given_baseline, given_result


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@RESULT
@BASELINE
def command(result: Path, baseline: Path) -> None:
    """Compare RESULT, of 'memconform check --json' or 'memconform plugin check --json', with a baseline.

    Expiry is judged by today. Exit codes are those of 'memconform check --baseline': 0 only what is known failed;
    1 something else failed, or an entry is stale or expired; 2 usage, or the run is incomplete; 4 the harness failed.
    """
    document = given_result(result)
    compared = {**document, "baseline": compare(document, given_baseline(baseline), today())}
    for line in lines(compared, alone=True):
        click.echo(line)
    click.echo(headline(compared) or f"{document['verdict']['conformance'].upper()}: no entry was needed")
    sys.exit(compared["baseline"]["exit_code"])
