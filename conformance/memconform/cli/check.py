"""`memconform check URL`: runs the suite in a pytest of its own and ends with the verdict's exit code."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from memconform.baseline.file import read_baseline
from memconform.budget import SIZES, Budget
from memconform.cli.known import BASELINE, CONTRACT, PROFILE, REQUIREMENT
from memconform.cli.options import JSON_FILE, Line
from memconform.cli.starting import SERVER, server
from memconform.cli.writing import write_reports
from memconform.failing_messages import FailingMessages
from memconform.report.forms import REPORT_FILES, reporting
from memconform.result_file import CONFORMANCE, read_result
from memconform.running import in_subprocess, pytest_arguments
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings, UsageError


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@SERVER("MEMCONFORM_CHECK_URL")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    type=PROFILE,
    help="Test only this profile, declared or not (repeatable).",
)
@click.option(
    "--level",
    type=click.Choice(["MUST", "SHOULD"], case_sensitive=False),
    help="Test only requirements of this level.",
)
@click.option(
    "--requirement",
    "requirements",
    multiple=True,
    type=REQUIREMENT,
    help="Test only this requirement, such as CORE-16 (repeatable).",
)
@click.option("--budget", type=click.Choice(list(SIZES)), default="standard", help="How many requests to spend.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of everything that is generated.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="At most so many requests a second.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    help="Seconds that an answer may take.",
)
@click.option("--api-key-env", default=API_KEY, metavar="NAME", help="Environment variable with the API key.")
@click.option(
    "--second-api-key-env",
    default=SECOND_API_KEY,
    metavar="NAME",
    help="Variable with another principal's API key; tenancy needs it.",
)
@click.option("--api-key-file", metavar="FILE", help="File with the API key, instead of a variable.")
@click.option("--second-api-key-file", metavar="FILE", help="File with another principal's API key.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    type=Line(),
    metavar="'NAME: VALUE'",
    help="Header for every request; the value may be env:VARIABLE (repeatable).",
)
@click.option("--ca", "ca_file", metavar="FILE", help="Certificate authority to trust, PEM.")
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
@click.option(
    "--restart-command",
    metavar="COMMAND",
    help="Shell command that kills the server with SIGKILL and starts it again (CORE-26); {port} is that of --start.",
)
@click.option(
    "--restart",
    is_flag=True,
    help="With --start: kill by SIGKILL all that the command started, and start it again, for CORE-26. "
    "Only for a command that finds its data again at each start.",
)
@click.option(
    "--failing-messages",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    metavar="FILE",
    help="JSON array of messages that are known to fail in the server's extraction (INGESTION-03).",
)
@click.option("--keep-data", is_flag=True, help="Leave what the run created on the server.")
@BASELINE
@CONTRACT
@JSON_FILE
@REPORT_FILES
@click.pass_context
def command(ctx: click.Context, /, budget: str, level: str | None, json_file: Path | None, **options: Any) -> None:
    """Judge the memory server at URL, the address before /v1, or one that is started for it.

    Everything it creates carries its own run id and is deleted at the end. Exit codes: 0 conformant; 1 not conformant;
    2 usage, nothing selected, or incomplete; 3 unreachable or credentials refused; 4 the harness failed. With
    --baseline 0 means that only what is known failed, and 1 that something else did, or that an entry is stale or
    expired.

    \b
    memconform check http://127.0.0.1:8765
    memconform check https://memory.example --budget smoke --json result.json --html report.html
    memconform check http://127.0.0.1:8765 --requirement SEARCH-10 --seed 7
    memconform check --start 'uvicorn app:app --port {port}' --budget smoke
    memconform check --start 'memconform serve --data memories.db --port {port}' --restart
    """  # noqa: D301 - click reads the backspace
    reports = reporting(options, json_file=json_file)
    with server(ctx, options) as reached:
        size = Budget(budget)  # type: ignore[arg-type]  # click gave a size
        settings = RunSettings(
            reached.url, start=reached.start, restart=reached.restart, budget=size, level=level, **options
        )
        _check(settings)
        with result_file(json_file, wanted=bool(reports.files)) as file:
            before = _identity(file)
            run = ctx.obj or partial(in_subprocess, descriptors=reached.descriptors, marks=reached.marks)
            code = run(pytest_arguments(settings, file))
            if file and _identity(file) != before:
                write_reports(read_result(file, CONFORMANCE), reports, json_file)
    sys.exit(code)


def _check(settings: RunSettings) -> None:
    """Raise `click.UsageError` for settings that no run can have."""
    try:
        settings.target()
        settings.keys()
        if settings.baseline:
            read_baseline(Path(settings.baseline))
        if settings.failing_messages:
            FailingMessages.read(settings.failing_messages)
    except UsageError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def result_file(json_file: Path | None, *, wanted: bool) -> Iterator[Path | None]:
    """Yield where the result is kept: the file asked for, else one that is gone at the end, or None."""
    if json_file is not None:
        yield json_file
    elif wanted:
        with tempfile.TemporaryDirectory(prefix="memconform-") as folder:
            yield Path(folder) / "result.json"
    else:
        yield None


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Return what tells a result of this run from one that was there before."""
    try:
        seen = file.stat() if file else None
    except OSError:
        return None
    return (seen.st_ino, seen.st_mtime_ns) if seen else None
