"""Arguments and options that the commands of `memconform baseline` share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from memconform.baseline.file import NAME, Baseline, read_baseline
from memconform.result_file import CLIENT, CONFORMANCE, read_result
from memconform.settings import UsageError

RESULT = click.argument("result", type=click.Path(exists=True, dir_okay=False, path_type=Path))
BASELINE = click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    default=NAME,
    metavar="FILE",
    help="The baseline, TOML.",
)


def given_result(path: Path) -> dict[str, Any]:
    """Return the result in a file, of a server or of a client."""
    try:
        return read_result(path, CONFORMANCE, CLIENT)
    except UsageError as error:
        raise click.UsageError(str(error)) from None


def given_baseline(path: Path) -> Baseline:
    """Return the baseline in a file."""
    try:
        return read_baseline(path)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
