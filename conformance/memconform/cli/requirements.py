"""`memconform requirements`: the contract's requirements, one a line."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from memconform.cli.next_step import suggest
from memconform.contract import Requirement, requirements
from memconform.contract.versions import FIRST, minor


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", help="Only those of this profile.")
@click.option("--level", type=click.Choice(["MUST", "SHOULD"], case_sensitive=False), help="Only those of this level.")
@click.option("--since", metavar="VERSION", help="Only those that came with this version of the contract.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, whole.")
def command(profile: str | None, level: str | None, since: str | None, as_json: bool) -> None:
    """List the contract's requirements; those in brackets are not tested by this version.

    One that came with a later version of the contract than the first says so; servers of an older one are not scored
    by it.
    """
    rows = [row for row in requirements().values() if profile in (None, row.profile) and level in (None, row.level)]
    if since is not None and since not in {row.since for row in requirements().values()}:
        versions = ", ".join(sorted({row.since for row in requirements().values()}, key=minor))
        raise click.UsageError(f"no requirement came with contract {since!r}; there are those of {versions}")
    rows = [row for row in rows if since in (None, row.since)]
    if not rows:
        known = ", ".join(dict.fromkeys(row.profile for row in requirements().values()))
        raise click.UsageError(f"no requirement matches; the profiles are {known}")
    if as_json:
        click.echo(json.dumps([_without_nothing(row) for row in rows], indent=1))
        return
    width = max(len(row.id) for row in rows) + 2
    for row in rows:
        name = f"({row.id})" if row.not_tested else row.id
        told = " ".join(row.statement.split()) + (f" (since {row.since})" if row.since != FIRST else "")
        click.echo(f"{name:<{width}} {row.level:<6} {click.style(row.profile, dim=True)}  {told}")
    suggest(f"memconform explain {rows[-1].id} tells why it is there and how it is tested")


def _without_nothing(row: Requirement) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if value is not None}
