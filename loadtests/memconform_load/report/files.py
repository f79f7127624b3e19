"""The reports that a command writes: one bundle of options, and the writing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from memconform.cli.options import ResultFile
from memconform.report.files import write_summary, write_text
from memconform_load.report import csv_tables, markdown, page
from memconform_load.report.sentences import Result

Command = TypeVar("Command", bound=Callable[..., Any])

_CSV = {
    "operations": csv_tables.operations_csv,
    "timeline": csv_tables.timeline_csv,
    "timeline_by_operation": csv_tables.timeline_by_operation_csv,
}
"""The tables by what their files' names end with."""


class CsvPrefix(ResultFile):
    """The beginning of the names of the CSV files; each of them must be writable before the run."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the prefix as a path."""
        prefix = Path(str(value))
        for file, _ in _csv_files(prefix):
            super().convert(file, param, ctx)
        return prefix


_OPTIONS = (
    click.option(
        "--html",
        "html_file",
        type=ResultFile(),
        metavar="FILE",
        help="Write one self-contained page with charts to this file.",
    ),
    click.option(
        "--markdown",
        "markdown_file",
        type=ResultFile(),
        metavar="FILE",
        help='Write a Markdown summary to this file; to "$GITHUB_STEP_SUMMARY" it is appended.',
    ),
    click.option(
        "--csv",
        "csv_prefix",
        type=CsvPrefix(),
        metavar="PREFIX",
        help="Write PREFIX_operations.csv, PREFIX_timeline.csv and PREFIX_timeline_by_operation.csv.",
    ),
)


def REPORT_FILES(command: Command) -> Command:  # noqa: N802 - used like the other options of the command line
    """Give a command the options `--html`, `--markdown` and `--csv`; their values are for `write_reports`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def write_reports(result: Result, options: Mapping[str, Any]) -> list[Path]:
    """Write the reports that the options of `REPORT_FILES` ask for, and return their files.

    Raises `OSError` where one cannot be written after all.
    """
    written = []
    if options.get("html_file"):
        written.append(write_text(options["html_file"], page.render(result)))
    if options.get("markdown_file"):
        written.append(write_summary(options["markdown_file"], markdown.render(result)))
    if options.get("csv_prefix"):
        written += [write_text(file, table(result)) for file, table in _csv_files(options["csv_prefix"])]
    return written


def _csv_files(prefix: Path) -> Iterator[tuple[Path, Callable[[Result], str]]]:
    return ((prefix.with_name(f"{prefix.name}_{name}.csv"), table) for name, table in _CSV.items())
