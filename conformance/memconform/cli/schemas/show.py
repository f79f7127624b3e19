"""`memconform schemas show NAME`: a schema as JSON."""

from __future__ import annotations

import json

import click

from memconform.cli.schemas.names import SCHEMA
from memconform.contract import schema


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=SCHEMA)
def command(name: str) -> None:
    """Print the schema NAME, one of those that 'memconform schemas list' lists."""
    click.echo(json.dumps(schema(name), indent=2, ensure_ascii=False))
