"""`memconform migrate`: carries memories from one server to another, with a receipt of what could not be carried."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from memconform.cli.options import JSON_FILE, ResultFile
from memconform.client import Principal
from memconform.migrate.errors import NoRoom, Stopped
from memconform.migrate.migration import Migration, Plan
from memconform.migrate.receipt import Totals, head_of, write_receipt
from memconform.migrate.records import CARRIED
from memconform.migrate.service import Service
from memconform.migrate.telling import Progress, lines
from memconform.migrate.wire import CarefulWire
from memconform.scopes import SCOPE_MEMBERS
from memconform.settings import API_KEY, RunSettings, UsageError
from memconform.verdict import ExitCode

TO_API_KEY = "MEMCONFORM_TO_API_KEY"
_KEYS = "API key of the {}, instead of a variable."


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--from", "from_url", required=True, metavar="URL", help="The source, the address before /v1.")
@click.option("--to", "to_url", required=True, metavar="URL", help="The target.")
@click.option(
    "--scope",
    "pairs",
    multiple=True,
    metavar="MEMBER=VALUE",
    help="What to carry: user_id, agent_id, app_id or session_id (repeatable; all of them apply at once).",
)
@click.option("--all", "everything", is_flag=True, help="Carry every scope; the source has to declare erasure.")
@click.option("--dry-run", is_flag=True, help="Write nothing; tell what would be lost by what the target declares.")
@click.option(
    "--journal",
    "journal_file",
    type=ResultFile(),
    metavar="FILE",
    help="What has been done, to go on with; by default a file here, named after both services.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["fail", "skip", "overwrite"]),
    default="fail",
    help="What to do with an id, or a key in its scope, that the target has already.",
)
@click.option(
    "--revive",
    is_flag=True,
    help="Also carry what the target would show longer than the source: superseded memories to where they are not "
    "hidden, expiring ones to where they stay for ever.",
)
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    type=click.Choice(CARRIED),
    metavar="MEMBER",
    help="A member whose loss is expected, such as id or created_at: it does not make the exit code 1 (repeatable).",
)
@click.option("--read", type=click.Choice(["auto", "export", "list"]), default="auto", help="How to read the source.")
@click.option("--write", type=click.Choice(["auto", "import", "add"]), default="auto", help="How to write the target.")
@JSON_FILE
@click.option("--api-key-env", default=API_KEY, metavar="NAME", help="Variable with the API key of the source.")
@click.option("--to-api-key-env", default=TO_API_KEY, metavar="NAME", help="Variable with the API key of the target.")
@click.option("--api-key-file", metavar="FILE", help=_KEYS.format("source"))
@click.option("--to-api-key-file", metavar="FILE", help=_KEYS.format("target"))
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="For every request to the source.")
@click.option("--to-header", "to_headers", multiple=True, metavar="'NAME: VALUE'", help="And to the target.")
@click.option("--ca", "ca_file", metavar="FILE", help="Certificate authority to trust, PEM.")
@click.option("--insecure", is_flag=True, help="Do not verify the servers' certificates.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="At most so many requests a second to each.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=30.0, help="Seconds that an answer may take.")
@click.option("--bulk-timeout", type=click.FloatRange(1, 86400), default=600.0, help="And an export or an import.")
@click.option(
    "--patience",
    type=click.FloatRange(0, 86400),
    default=120.0,
    help="Seconds that one request may be put off by 429 and 503 (Retry-After) altogether.",
)
def command(
    pairs: tuple[str, ...], json_file: Path | None, accepted: tuple[str, ...], *, everything: bool, **options: Any
) -> None:
    """Carry memories from one memory server to another: read, write, read back, and account for every record.

    Nothing is changed at the source. A record counts as carried when the target shows it equal, member by member
    (updated_at and version apart, which no import of the contract keeps). Run it again to go on after an end midway.

    Exit codes: 0 all carried, nothing lost but what --accept names; 1 something was lost; 2 usage; 3 not finished: a
    server is unreachable, refused or died, or Ctrl-C, and the command to go on is printed; 4 the harness failed.

    \b
    memconform migrate --from http://127.0.0.1:8765 --to https://memory.example --scope user_id=ann
    memconform migrate --from https://old.example --to https://new.example --all --dry-run
    memconform migrate --from https://old.example --to https://new.example --all --json receipt.json --accept id
    """  # noqa: D301 - click reads the backspace
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        plan = _plan(pairs, everything=everything, **options)
        migration = _migration(plan, **options)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    with _closing(migration):
        try:
            code = _run(migration, json_file, accepted)
        except KeyboardInterrupt:
            click.echo("memconform: interrupted while it accounted; run the command again to go on", err=True)
            code = ExitCode.UNREACHABLE
    sys.exit(code)


def _run(migration: Migration, json_file: Path | None, accepted: tuple[str, ...]) -> int:
    """Run it to its end, whatever that is, and tell what came of it."""
    progress = Progress()
    migration.tell = progress
    try:
        migration.source.open()
        migration.target.open()
        migration.run()
    except UsageError as error:
        progress.clear()
        raise click.UsageError(str(error)) from None
    except Stopped as error:
        migration.stopped = str(error)
    except KeyboardInterrupt:
        migration.stopped = "interrupted (Ctrl-C)"
    except NoRoom as error:
        progress.clear()
        click.echo(
            f"memconform: {error}. What was carried is in the journal; run the command again to go on.", err=True
        )
        return ExitCode.HARNESS
    progress.clear()
    totals = Totals.of(migration)
    head = head_of(migration, totals, accepted)
    for line in lines(head):
        click.echo(line)
    if json_file is not None:
        write_receipt(json_file, head, migration)
        click.echo(f"receipt: {json_file}")
    if migration.stopped is not None:
        click.echo(f"memconform: not finished: {migration.stopped}", err=True)
        click.echo(f"To go on: {shlex.join(_again(migration))}", err=True)
    return int(head["verdict"]["exit_code"])


def _plan(pairs: tuple[str, ...], *, everything: bool, **options: Any) -> Plan:
    if everything and pairs:
        raise UsageError("--all and --scope exclude each other: a scope is a part of all")
    if not everything and not pairs:
        raise UsageError("say what to carry: --scope user_id=…, or --all")
    scope: dict[str, str] = {}
    for pair in pairs:
        member, equals, value = pair.partition("=")
        if member not in SCOPE_MEMBERS or not equals or not value:
            raise UsageError(f"--scope {pair!r}: expected MEMBER=VALUE with one of {', '.join(SCOPE_MEMBERS)}")
        if member in scope:
            raise UsageError(f"--scope {member} is given twice; a memory has one of it: run once for each")
        scope[member] = value
    names = ("read", "write", "on_conflict", "revive", "dry_run")
    return Plan(None if everything else scope, **{name: options[name] for name in names})


def _migration(plan: Plan, *, journal_file: Path | None, **options: Any) -> Migration:
    common = {name: options[name] for name in ("timeout", "rate", "ca_file", "insecure")}
    source = RunSettings(
        options["from_url"],
        headers=options["headers"],
        api_key_env=options["api_key_env"],
        api_key_file=options["api_key_file"],
        **common,
    )
    target = RunSettings(
        options["to_url"], headers=options["to_headers"], api_key_file=options["to_api_key_file"], **common
    )
    keys = (source.keys()[0], target.keys(_as_api_key(options["to_api_key_env"]))[0])
    if source.target().url == target.target().url and keys[0] == keys[1]:
        raise UsageError("--from and --to are the same server with the same key; there is nothing to carry")
    variables = (
        options["api_key_file"] or f"${options['api_key_env']}",
        options["to_api_key_file"] or f"${options['to_api_key_env']}",
    )
    common = {"patience": options["patience"], "bulk_timeout": options["bulk_timeout"]}
    one = Service("source", CarefulWire(source.target()), Principal("source", keys[0], variables[0]), **common)
    two = Service("target", CarefulWire(target.target()), Principal("target", keys[1], variables[1]), **common)
    return Migration(one, two, plan, journal_file)


def _as_api_key(variable: str) -> Mapping[str, str]:
    """Return an environment in which the target's key has the name under which settings look for one."""
    if variable != TO_API_KEY and variable not in os.environ:
        raise UsageError(f"the environment has no variable {variable}, which should hold the target's API key")
    return {**os.environ, API_KEY: os.environ.get(variable, "")}


def _again(migration: Migration) -> list[str]:
    """Return the command that goes on: what was given, values of headers apart, and the journal."""
    context = click.get_current_context()
    words = ["memconform", "migrate"]
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if value != parameter.get_default(context) and value not in (None, ()) and parameter.name != "journal_file":
            words += _words(parameter.opts[-1], value)
    return words if migration.journal is None else [*words, "--journal", str(migration.journal.path)]


def _words(option: str, value: Any) -> list[str]:
    if value is True:
        return [option]
    values = value if isinstance(value, tuple) else (value,)
    if option.endswith("header"):  # as `memconform check` shows them: a value may be a secret
        values = tuple(
            each if each.partition(":")[2].strip().startswith("env:") else f"{each.partition(':')[0]}: …"
            for each in values
        )
    return [word for each in values for word in (option, str(each))]


@contextmanager
def _closing(migration: Migration) -> Iterator[None]:
    try:
        yield
    finally:
        migration.close()


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
