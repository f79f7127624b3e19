"""`memconform report RESULT.json`: a result in another form, at any time after the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from memconform.cli.next_step import suggest
from memconform.cli.reading import read_judged
from memconform.cli.writing import write_reports
from memconform.report.client import client_verdict_lines
from memconform.report.forms import REPORT_FILES, reporting
from memconform.report.next_steps import next_steps
from memconform.report.terminal import verdict_lines


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@REPORT_FILES
def command(result_file: Path, **options: Any) -> None:
    """Print the verdict of a result, and write its other forms.

    RESULT.json is what `memconform check` or `memconform plugin check` wrote with --json. Exit codes: 0 reported,
    whatever the verdict was; 2 usage, or no result; 4 a form could not be written.

    \b
    memconform report result.json
    memconform report result.json --html report.html --badge badge.svg
    memconform report result.json --markdown "$GITHUB_STEP_SUMMARY" --junit junit.xml --sarif memconform.sarif
    """  # noqa: D301 - click reads the backspace
    reports = reporting(options, read=result_file)
    result = read_judged(result_file, f"memconform load report {result_file}")
    lines = client_verdict_lines(result) if "client" in result else verdict_lines(result)
    for line in lines:
        click.echo(line)
    write_reports(result, reports)
    if not reports.files:
        suggest(*next_steps(result))
