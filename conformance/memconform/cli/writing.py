"""Writes the forms of a result that a command was asked for, and names their files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memconform.report.forms import Reporting, Result
from memconform.verdict import ExitCode


def write_reports(result: Result, reports: Reporting, json_file: Path | None = None) -> None:
    """Write them and name them, after the file of the result itself if there is one.

    Ends the command with the exit code of the harness where one cannot be written after all.
    """
    try:
        written = reports.write(result)
    except OSError as error:
        click.echo(f"memconform: {error.filename or 'a report'} cannot be written: {error.strerror}", err=True)
        sys.exit(ExitCode.HARNESS)
    if written:
        named = [json_file, *written] if json_file else written
        click.echo(f"files: {', '.join(map(str, named))}")
