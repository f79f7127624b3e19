"""`memconform init`: sets a project up with a configuration, a CI workflow and a baseline."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path
from typing import Any

import click

from memconform.budget import SIZES
from memconform.configuration import FILE, PYPROJECT
from memconform.project import Answers, Planned, Seen, look, planned
from memconform.report.files import write_text
from memconform.settings import UsageError, checked_url
from memconform.verdict import ExitCode


def _checked_action(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"(\./?|[\w.-]+/)[\w./-]*(@[\w./-]+)?", value):
        raise click.BadParameter("expected OWNER/REPOSITORY@REF, as a workflow's `uses:` has it")
    return value


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--start", metavar="COMMAND", help="Command that starts the server; {port} stands for a free port.")
@click.option(
    "--restart",
    is_flag=True,
    help="The command finds its data again at each start: a check may kill the server and start it again (CORE-26).",
)
@click.option("--url", metavar="URL", help="The server, where it runs already; the address before /v1.")
@click.option("--budget", type=click.Choice(list(SIZES)), default="smoke", show_default=True, help="Requests to spend.")
@click.option(
    "--in",
    "place",
    type=click.Choice([PYPROJECT, FILE]),
    help=f"Where the configuration goes; default: {PYPROJECT} where there is one.",
)
@click.option(
    "--ci", type=click.Choice(["github", "gitlab", "none"]), help="Whose CI; default: that of the git remote."
)
@click.option(
    "--action",
    callback=_checked_action,
    metavar="OWNER/REPO@REF",
    help="Use the GitHub Action from there, not memconform from pip.",
)
@click.option("--yes", is_flag=True, help="Ask nothing; take what the options say, and defaults for the rest.")
@click.option("--force", is_flag=True, help="Replace a configuration and a workflow that are there.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def command(folder: Path, *, yes: bool, dry_run: bool, **options: Any) -> None:
    """Write a configuration, a CI workflow and an empty baseline for the project in FOLDER.

    On a terminal it asks what it cannot see; each answer has an option. Nothing that is there is overwritten without
    --force, and a baseline never is. Exit codes: 0 written; 2 usage, or something needs an answer; 4 a file cannot be
    written.

    \b
    memconform init
    memconform init --yes --start 'uvicorn app:app --port {port}' --restart
    memconform init --yes --url https://memory.example --ci gitlab --dry-run
    """  # noqa: D301 - click reads the backspace
    folder = folder.resolve()
    seen = look(folder)
    try:
        answers = _answers(seen, options, asking=not yes and sys.stdin.isatty() and sys.stdout.isatty())
        files = planned(seen, answers)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    for each in files:
        _tell(each, folder, dry_run=dry_run)
        if each.text is not None and not dry_run:
            _write(each.file, each.text)
    if answers.start and not seen.install and answers.ci != "none":
        click.echo("To do: say in the CI file how what the server needs is installed; nothing here tells it")
    if not dry_run:
        click.echo("Next: memconform check                judges the server, as CI will")
        click.echo("      memconform baseline update --help   keeps what is known to fail, with a reason and a day")


def _answers(seen: Seen, options: dict[str, Any], *, asking: bool) -> Answers:
    """Return what was decided, by options, by answers, or by what can be seen; raise `UsageError` where it is not."""
    start, url = options["start"], options["url"]
    if not start and not url:
        start, url = _asked(seen.start) if asking else (seen.start, None)
    if not start and not url:
        raise UsageError(
            "nothing here tells how the server is started: give --start 'uvicorn app:app --port {port}', or --url"
        )
    if options["restart"] and not start:
        raise UsageError("--restart is about the command that starts the server: give --start, too")
    if url and "{port}" not in url:
        checked_url(url)
    if asking and not options["ci"]:
        choice = click.Choice(["github", "gitlab", "none"])
        options["ci"] = click.prompt("Whose CI shall judge it?", default=seen.ci, type=choice)
    return Answers(
        start=start,
        url=url,
        budget=options["budget"],
        place=options["place"] or seen.place,
        ci=options["ci"] or seen.ci,
        action=options["action"],
        force=options["force"],
        restart=options["restart"],
    )


def _asked(guess: str | None) -> tuple[str | None, str | None]:
    """Ask for the command that starts the server, and where there is none for its address."""
    click.echo(
        "Which command starts the server? {port} in it stands for a free port; leave it empty if it runs already."
    )
    start = click.prompt("Command", default=guess or "", show_default=bool(guess))
    return (start, None) if start else (None, click.prompt("Its address, the one before /v1"))


def _tell(planned_file: Planned, folder: Path, *, dry_run: bool) -> None:
    name = planned_file.file.relative_to(folder)
    if planned_file.text is None:
        click.echo(f"kept         {name} ({planned_file.kept})")
        return
    click.echo(f"{'would write' if dry_run else 'wrote':<12} {name} ({planned_file.what})")
    if dry_run:
        old = planned_file.file.read_text("utf-8").splitlines() if planned_file.file.is_file() else []
        for line in list(difflib.unified_diff(old, planned_file.text.splitlines(), lineterm="", n=2))[2:]:
            click.echo(f"    {line}")


def _write(file: Path, text: str) -> None:
    try:
        write_text(file, text)
    except OSError as error:
        click.echo(f"memconform: {error.filename or file} cannot be written: {error.strerror}", err=True)
        sys.exit(ExitCode.HARNESS)
