"""`memconform schemas list`: the name and the title of each schema."""

from __future__ import annotations

import click

from memconform.contract import schemas


@click.command("list", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """List the schemas by name: those of the contract, of result files, and of what people write for the toolkit."""
    width = max(map(len, schemas()))
    for folder in ("v1", "results", "toolkit"):
        for name, schema in schemas().items():
            if f"/{folder}/" in schema["$id"]:
                click.echo(f"{folder:<8} {name:<{width}}  {schema['title']}")
