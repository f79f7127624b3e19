"""`memconform schemas COMMAND`: the schemas of the contract and of the toolkit."""

from __future__ import annotations

import click

from memconform.cli.lazy import LazyGroup

_COMMANDS = {
    "validate": ("memconform.cli.schemas.validate", "Tell what is wrong with files; the word for pre-commit."),
    "list": ("memconform.cli.schemas.listing", "List the schemas."),
    "show": ("memconform.cli.schemas.show", "Print a schema."),
}


@click.command(cls=LazyGroup, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Validate files against the schemas of the contract and of the toolkit, and show these schemas.

    \b
    memconform schemas validate memconform.toml result.json openapi.yaml
    memconform schemas validate --schema memory one.json
    memconform schemas show capabilities
    """  # noqa: D301 - click reads the backspace
