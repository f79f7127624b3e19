"""`memconform check URL`: runs the suite in a pytest of its own and ends with the verdict's exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from memconform.budget import SIZES, Budget
from memconform.cli.known import PROFILE, REQUIREMENT
from memconform.cli.options import JSON_FILE, JUNIT_FILE
from memconform.failing_messages import FailingMessages
from memconform.options import arguments, isolated_environment
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings, UsageError
from memconform.verdict import CONCLUDED, ExitCode


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("url")
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
    metavar="'NAME: VALUE'",
    help="Header for every request; the value may be env:VARIABLE (repeatable).",
)
@click.option("--ca", "ca_file", metavar="FILE", help="Certificate authority to trust, PEM.")
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
@click.option(
    "--restart-command",
    metavar="COMMAND",
    help="Shell command that kills the server with SIGKILL and starts it again (CORE-26).",
)
@click.option(
    "--failing-messages",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    metavar="FILE",
    help="JSON array of messages that are known to fail in the server's extraction (INGESTION-03).",
)
@click.option("--keep-data", is_flag=True, help="Leave what the run created on the server.")
@JSON_FILE
@JUNIT_FILE
@click.pass_context
def command(
    ctx: click.Context,
    /,
    budget: str,
    level: str | None,
    json_file: Path | None,
    junit_file: Path | None,
    **options: Any,
) -> None:
    """Judge the memory server at URL, the address before /v1.

    Everything it creates carries its own run id and is deleted at the end. Exit codes: 0 conformant; 1 not conformant;
    2 usage, nothing selected, or incomplete; 3 unreachable or credentials refused; 4 the harness failed.

    \b
    memconform check http://127.0.0.1:8765
    memconform check https://memory.example --budget smoke --json result.json
    memconform check http://127.0.0.1:8765 --requirement SEARCH-10 --seed 7
    """  # noqa: D301 - click reads the backspace
    settings = RunSettings(budget=Budget(budget), level=level, **options)  # type: ignore[arg-type]  # click gave a size
    try:
        settings.target()
        settings.keys()
        if settings.failing_messages:
            FailingMessages.read(settings.failing_messages)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    words = pytest_arguments(settings, json_file, junit_file)
    sys.exit((ctx.obj or in_subprocess)(words))


def pytest_arguments(settings: RunSettings, json_file: Path | None, junit_file: Path | None) -> list[str]:
    """Return the arguments of the pytest run: our suite and plugins, nothing of the project that the user stands in."""
    from memconform.items import suite_folder

    suite = suite_folder()
    words = [str(suite), f"--rootdir={suite}", "-c", str(suite / "pytest.ini"), "--import-mode=importlib"]
    # unraisableexception collects garbage several times at the end: a tenth of a second that finds nothing of a server.
    unwanted = ("no:terminal", "no:cacheprovider", "no:unraisableexception")
    for plugin in ("memconform.plugin", "memconform.report.progress", *unwanted):
        words += ["-p", plugin]
    words += arguments(settings)
    words += [f"--memory-json={json_file.resolve()}"] if json_file else []
    words += [f"--junitxml={junit_file.resolve()}"] if junit_file else []
    return words


def in_subprocess(words: list[str]) -> int:
    """Run pytest and return the exit code; Ctrl-C reaches the run, which cleans up and still reports."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *words], env=isolated_environment())  # noqa: S603
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
    try:
        code = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return _exit_code(code)


def _exit_code(code: int) -> int:
    """Return the exit code of the run; a process that died says nothing about the server."""
    if CONCLUDED <= code <= CONCLUDED + ExitCode.HARNESS:
        return code - CONCLUDED
    click.echo(
        f"memconform: the run ended with {code} before it could conclude; the server is not to blame.",
        err=True,
    )
    return ExitCode.HARNESS
