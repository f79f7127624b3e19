"""`memconform baseline show`: the entries of a baseline."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from memconform.baseline.entry import Entry
from memconform.baseline.file import today
from memconform.cli.baseline.options import BASELINE, given_baseline
from memconform.contract import requirements

_SOON_DAYS = 14


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@BASELINE
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(baseline: Path, as_json: bool) -> None:
    """List what a baseline tolerates, what expires first on top."""
    entries = sorted(given_baseline(baseline).entries, key=lambda entry: (entry.expires, entry.requirement))
    if as_json:
        click.echo(json.dumps([{**entry.to_json(), "flaky": entry.flaky} for entry in entries], indent=1))
        return
    for entry in entries:
        kind = "flaky" if entry.flaky else entry.outcome.value
        click.echo(f"{_days(entry, today())}  {kind:<12} {entry.subject}")
        click.echo(f"    {' '.join(requirements()[entry.requirement].statement.split())}")
        click.echo(f"    tolerated because: {entry.reason}")
    click.echo(f"{baseline}: {len(entries)} {'entry' if len(entries) == 1 else 'entries'}")


def _days(entry: Entry, day: date) -> str:
    """Return an entry's last day, and what of the time is left where that is little."""
    left = (entry.expires - day).days
    if left < 0:
        return click.style(f"{entry.expires} EXPIRED", fg="red")
    said = f"{entry.expires} ({left} {'day' if left == 1 else 'days'} left)"
    return click.style(said, fg="yellow") if left <= _SOON_DAYS else said
