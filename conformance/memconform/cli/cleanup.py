"""`memconform cleanup`: deletes what a killed run left behind, from the ledger that it kept."""

from __future__ import annotations

import sys
from typing import Any

import click

from memconform.cleanup import clean
from memconform.cli.next_step import suggest
from memconform.http import Wire
from memconform.ledger import Ledger, ledger_files, state_folder
from memconform.memory_api import Principal
from memconform.scopes import RUN_PREFIX
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings, UsageError
from memconform.verdict import ExitCode


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--run-id", help="The run to clean up after; without it, list the runs that left something.")
@click.option("--url", help="The server's address, if it has moved since.")
@click.option("--api-key-env", default=API_KEY, metavar="NAME", help="Environment variable with the API key.")
@click.option("--second-api-key-env", default=SECOND_API_KEY, metavar="NAME", help="The second principal's variable.")
@click.option("--api-key-file", metavar="FILE", help="File with the API key, instead of a variable.")
@click.option("--second-api-key-file", metavar="FILE", help="File with another principal's API key.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="As for 'memconform check'.")
@click.option("--ca", "ca_file", metavar="FILE", help="Certificate authority to trust, PEM.")
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
def command(run_id: str | None, url: str | None, **options: Any) -> None:
    """Delete what a check or a load test created and could not delete itself, because it was killed.

    Each run writes down, in a ledger on this machine, whose data it creates, on which server. Deleted is what the
    ledger names, and what lies in the run's own scopes, nothing else; never at the address of a configuration, only at
    the run's own, or at --url. A run that went on to its end, or was interrupted, has cleaned up already.

    Exit codes: 0 nothing is left; 1 something could not be deleted; 2 usage, or no such run.

    \b
    memconform cleanup                          list the runs that left something, with their servers
    memconform cleanup --run-id 1f2e3d4c        delete what this one left
    """  # noqa: D301 - click reads the backspace
    if run_id is None:
        _list_runs()
        return
    run_id = run_id.removeprefix(RUN_PREFIX)  # as scopes and results of load tests have it
    files = ledger_files(run_id) if run_id.isalnum() else []
    if not files:
        raise click.UsageError(f"no ledger of a run {run_id!r} in {state_folder()}: it cleaned up, or ran elsewhere")
    left = 0
    for path in files:
        ledger = Ledger.read(path)
        left += _clean(ledger, RunSettings(url or ledger.url, **options))
    sys.exit(ExitCode.NOT_CONFORMANT if left else ExitCode.CONFORMANT)


def _clean(ledger: Ledger, settings: RunSettings) -> int:
    """Clean up after one ledger; return how many memories could not be deleted."""
    try:
        wire, (first, second) = Wire(settings.target()), settings.keys()
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    principals = {
        "first": Principal("first", first, settings.api_key_env),
        "second": Principal("second", second, settings.second_api_key_env),
    }
    leaks = clean(wire, principals, ledger)
    known = sum(map(len, ledger.ids.values()))
    wire.close()
    ledger.close(done=not leaks)
    click.echo(f"{ledger.path.stem}: {known} memories of {settings.url} in the ledger, {len(leaks)} not deleted")
    for leak in leaks[:5]:
        click.echo(f"  {leak.get('id') or leak.get('scope')}: {leak['why']}", err=True)
    return len(leaks)


def _list_runs() -> None:
    ledgers = [Ledger.read(path) for path in sorted(state_folder().glob("*.jsonl"))]
    if not ledgers:
        click.echo("no run left anything behind")
    for ledger in ledgers:
        count = sum(map(len, ledger.ids.values()))
        click.echo(
            f"{ledger.path.stem}  {ledger.url}  {count} memories, {sum(map(len, ledger.scopes.values()))} scopes"
        )
    suggest(*(["memconform cleanup --run-id RUN deletes what one of them left"] if ledgers else []))
