"""`memconform load report RESULT.json`: a load test's result in another form, at any time after the run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from memconform.settings import UsageError
from memconform_load.exit_codes import HARNESS
from memconform_load.report.files import REPORT_FILES, write_reports
from memconform_load.report.progress import wants_colour
from memconform_load.report.reading import read_result
from memconform_load.report.terminal import render

__all__ = ["REPORT_FILES", "command", "write_reports"]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@REPORT_FILES
def command(result_file: Path, **options: Any) -> None:
    """Print the summary of a load test, and write its other reports.

    RESULT.json is what `memconform load` wrote. Exit codes: 0 reported, whatever the verdict was; 2 usage, or no
    result; 4 a report could not be written.

    \b
    memconform load report results/result.json
    memconform load report results/result.json --html report.html
    memconform load report results/result.json --markdown "$GITHUB_STEP_SUMMARY" --csv results/load
    """  # noqa: D301 - click reads the backspace
    try:
        result = read_result(result_file)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    try:
        files = write_reports(result, options)
    except OSError as error:
        click.echo(f"memconform: {error.filename} cannot be written: {error.strerror}", err=True)
        sys.exit(HARNESS)
    colour = wants_colour(sys.stdout)
    click.echo(render(result, colour=colour, files=[result_file, *files]), nl=False, color=colour)
