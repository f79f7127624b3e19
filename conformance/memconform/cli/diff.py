"""`memconform diff A.json B.json`: what changed between two results."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memconform.cli.next_step import suggest
from memconform.cli.options import JSON_FILE, ResultFile, refuse_shared
from memconform.cli.reading import read_judged
from memconform.difference import Difference, difference
from memconform.difference.markdown import render
from memconform.difference.terminal import lines
from memconform.report.files import write_json, write_summary
from memconform.settings import UsageError
from memconform.verdict import ExitCode


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("before", metavar="A.json", type=click.Path(path_type=Path))
@click.argument("now", metavar="B.json", type=click.Path(path_type=Path))
@JSON_FILE
@click.option(
    "--markdown",
    "markdown_file",
    type=ResultFile(),
    metavar="FILE",
    help='Write the difference as Markdown to this file; to "$GITHUB_STEP_SUMMARY" it is appended.',
)
@click.option(
    "--specification",
    metavar="URL",
    help="Address of the specification site that the Markdown links to ('memconform specification').",
)
def command(
    before: Path, now: Path, json_file: Path | None, markdown_file: Path | None, specification: str | None
) -> None:
    """Tell what changed from result A to result B of `memconform check` or `memconform plugin check`.

    A regression is a requirement that is judged worse than before: a pass that warns or fails now, a warning that
    fails. What was not known before, is inconclusive now, or moved in time, is told and no regression. Exit codes: 0 no
    regression; 1 a regression; 2 usage, or no results of one kind; 4 a file could not be written.

    \b
    memconform diff main.json branch.json
    memconform diff main.json branch.json --markdown "$GITHUB_STEP_SUMMARY" --json difference.json
    """  # noqa: D301 - click reads the backspace
    refuse_shared({"--json": json_file, "--markdown": markdown_file}, (before, now))
    results = [read_judged(file, "memconform compare A.json B.json") for file in (before, now)]
    try:
        told = difference(*results)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    for line in lines(told):
        click.echo(line)
    _write(told, json_file, markdown_file, specification)
    if told.regressions:
        suggest(f"memconform report {now}  (the evidence)")
    sys.exit(told.exit_code)


def _write(told: Difference, json_file: Path | None, markdown_file: Path | None, specification: str | None) -> None:
    try:
        if json_file:
            write_json(json_file, told.to_json())
        if markdown_file:
            write_summary(markdown_file, render(told, specification))
    except OSError as error:
        click.echo(f"memconform: {error.filename or 'a file'} cannot be written: {error.strerror}", err=True)
        sys.exit(ExitCode.HARNESS)
