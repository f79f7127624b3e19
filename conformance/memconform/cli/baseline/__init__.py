"""`memconform baseline COMMAND`: known failures, with reasons and expiry dates."""

from __future__ import annotations

import click

from memconform.cli.lazy import LazyGroup

_COMMANDS = {
    "update": ("memconform.cli.baseline.update", "Add what fails in a result, remove what holds again."),
    "check": ("memconform.cli.baseline.check", "Compare a result with a baseline."),
    "show": ("memconform.cli.baseline.show", "List the entries of a baseline, and how long each is tolerated."),
}


@click.command(cls=LazyGroup, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Keep the known failures of a server, so that a pipeline fails by new ones only.

    \b
    memconform check URL --json result.json
    memconform baseline update result.json --baseline memconform-baseline.toml --reason "mended in 2.4"
    memconform check URL --baseline memconform-baseline.toml
    """  # noqa: D301 - click reads the backspace
