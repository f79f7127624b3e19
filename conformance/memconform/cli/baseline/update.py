"""`memconform baseline update RESULT`: brings a baseline up to date with a result."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from memconform.baseline.entry import Entry
from memconform.baseline.file import EMPTY, Baseline, parse_baseline, today
from memconform.baseline.updating import Update, update
from memconform.cli.baseline.options import BASELINE, RESULT, given_baseline, given_result
from memconform.contract import requirements
from memconform.report.files import write_text
from memconform.settings import UsageError
from memconform.verdict import ExitCode

_DAYS = 90


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@RESULT
@BASELINE
@click.option("--reason", metavar="TEXT", help="Why what is added is tolerated; asked for on a terminal otherwise.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help=f"Last day on which it is tolerated, such as 2030-01-31.  [default: {_DAYS} days from now]",
)
@click.option("--inconclusive", is_flag=True, help="Add also what is inconclusive.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def command(
    result: Path, baseline: Path, reason: str | None, expires: datetime | None, inconclusive: bool, dry_run: bool
) -> None:
    """Add an entry for each failure in RESULT that has none, and remove the entries that are stale.

    All else in the file stays as it is: order, reasons, comments but those right above an entry that goes. Expired
    entries stay, too: to tolerate a failure longer is for people to decide, who write another date into the file.

    \b
    memconform check http://127.0.0.1:8765 --json result.json
    memconform baseline update result.json --reason "mended in release 2.4" --expires 2030-01-31
    """  # noqa: D301 - click reads the backspace
    document = given_result(result)
    found = given_baseline(baseline) if baseline.exists() else Baseline(str(baseline))
    last = _last_day(expires)
    change = update(document, found, today(), last, inconclusive=inconclusive)
    if change.added:
        change = change.with_reasons(_reasons(reason, change, dry_run=dry_run))
    text = baseline.read_bytes().decode() if baseline.exists() else EMPTY  # with the line ends that it has
    try:
        new = change.apply(text, parse_baseline(text, str(baseline)))
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    for line in _told(change, last):
        click.echo(line)
    if dry_run:
        click.echo(f"{baseline}: nothing was written (--dry-run)")
    elif new == text and baseline.exists():
        click.echo(f"{baseline}: nothing to change")
    else:
        _write(baseline, new)


def _last_day(expires: datetime | None) -> date:
    last = expires.date() if expires else today() + timedelta(days=_DAYS)
    if last < today():
        raise click.UsageError(f"--expires: {last} has passed already")
    return last


def _reasons(reason: str | None, change: Update, *, dry_run: bool) -> Callable[[Entry], str]:
    """Return what gives an entry its reason: the option, or the answer on a terminal."""
    if reason is not None and reason.strip():
        return lambda _: reason.strip()
    if reason is not None:
        raise click.UsageError("--reason is empty: say why the failures are tolerated")
    if dry_run:
        return lambda _: "…"
    if not sys.stdin.isatty():
        named = "\n".join(f"  {entry.subject}" for entry in change.added)
        raise click.UsageError(f"say with --reason why these are tolerated:\n{named}")
    return _asked


def _asked(entry: Entry) -> str:
    click.echo(f"{entry.subject}\n  {' '.join(requirements()[entry.requirement].statement.split())}")
    while True:
        said = str(click.prompt("  tolerated because", type=str)).strip()
        if said:
            return said


def _told(change: Update, last: date) -> list[str]:
    lines = [f"added     {entry.subject}, until {last}: {entry.reason}" for entry in change.added]
    lines += [f"removed   {entry.subject}: it holds now" for entry in change.removed]
    lines += [
        f"expired   {entry.subject}, on {entry.expires}: kept; mend it, or decide again and write another date"
        for entry in change.expired
    ]
    if change.left_out:
        lines.append(f"left out  what is inconclusive ({', '.join(change.left_out)}): --inconclusive adds it")
    return [*lines, f"{len(change.added)} added, {len(change.removed)} removed, {len(change.kept)} kept"]


def _write(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:
        click.echo(f"memconform: {path} cannot be written: {error.strerror}", err=True)
        sys.exit(ExitCode.HARNESS)
    click.echo(f"written: {path}")
