"""The forms of a result that people and machines read: an option and a module for each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from memconform.cli.options import ResultFile, refuse_shared
from memconform.report.files import write_summary, write_text

Result: TypeAlias = Mapping[str, Any]
"""A result as `schemas/results/conformance.schema.json` or `client.schema.json` describes it."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Form:
    """One form: `module` has a function `render(result, specification)`.

    `specification` is the address of the specification site that failures link to, None where there is none.
    """

    option: str
    module: str
    help: str

    @property
    def variable(self) -> str:
        """The name of the option's value."""
        return f"{self.option.removeprefix('--').replace('-', '_')}_file"

    def render(self, result: Result, specification: str | None) -> str:
        """Return the result in this form."""
        text: str = importlib.import_module(self.module).render(result, specification)
        return text

    def write(self, file: Path, result: Result, specification: str | None) -> Path:
        """Write the result in this form and return the file; raise `OSError` where that cannot be."""
        text = self.render(result, specification)
        return write_summary(file, text) if self.option == "--markdown" else write_text(file, text)


FORMS = (
    Form("--html", "memconform.report.html", "Write one self-contained page to this file."),
    Form(
        "--markdown",
        "memconform.report.markdown",
        'Write a Markdown summary to this file; to "$GITHUB_STEP_SUMMARY" it is appended.',
    ),
    Form("--junit", "memconform.report.junit", "Write a JUnit report to this file."),
    Form("--sarif", "memconform.report.sarif", "Write what failed as SARIF, for code hosts that show it."),
    Form("--badge", "memconform.report.badge_svg", "Write the badge to this file, SVG."),
    Form("--badge-json", "memconform.report.badge_json", "Write the badge as JSON, for badge services."),
)


def REPORT_FILES(command: Command) -> Command:  # noqa: N802 - used like the other options of the command line
    """Give a command an option for each form, and `--specification`; `reporting` takes their values."""
    command = click.option(
        "--specification",
        metavar="URL",
        help="Address, or folder, of the specification site that failures link to ('memconform specification').",
    )(command)
    for form in reversed(FORMS):
        add = click.option(form.option, form.variable, type=ResultFile(), metavar="FILE", help=form.help)
        command = add(command)
    return command


@dataclass(frozen=True, slots=True)
class Reporting:
    """Which forms were asked for."""

    files: Mapping[Form, Path]
    specification: str | None = None

    def write(self, result: Result) -> list[Path]:
        """Write them, and return their files; raise `OSError` where one cannot be written after all."""
        return [form.write(file, result, self.specification) for form, file in self.files.items()]


def reporting(options: dict[str, Any], *, read: Path | None = None, json_file: Path | None = None) -> Reporting:
    """Take the values of the options of `REPORT_FILES` out of a command's options.

    `read` is the result that the command reads, `json_file` the one that it writes. Raises `click.UsageError` where two
    of all these files are one.
    """
    files = {form: file for form in FORMS if (file := options.pop(form.variable)) is not None}
    written = {"--json": json_file} | {form.option: file for form, file in files.items()}
    refuse_shared(written, [read] if read else [])
    return Reporting(files, options.pop("specification"))
