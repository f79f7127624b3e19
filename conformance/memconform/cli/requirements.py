"""`memconform requirements`: the contract's requirements, one a line."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from memconform.contract import Requirement, requirements


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", help="Only those of this profile.")
@click.option("--level", type=click.Choice(["MUST", "SHOULD"], case_sensitive=False), help="Only those of this level.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, whole.")
def command(profile: str | None, level: str | None, as_json: bool) -> None:
    """List the contract's requirements; those in brackets are not tested by this version."""
    rows = [row for row in requirements().values() if profile in (None, row.profile) and level in (None, row.level)]
    if not rows:
        known = ", ".join(dict.fromkeys(row.profile for row in requirements().values()))
        raise click.UsageError(f"no requirement matches; the profiles are {known}")
    if as_json:
        click.echo(json.dumps([_without_nothing(row) for row in rows], indent=1))
        return
    width = max(len(row.id) for row in rows) + 2
    for row in rows:
        name = f"({row.id})" if row.not_tested else row.id
        click.echo(
            f"{name:<{width}} {row.level:<6} {click.style(row.profile, dim=True)}  {' '.join(row.statement.split())}"
        )


def _without_nothing(row: Requirement) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if value is not None}
