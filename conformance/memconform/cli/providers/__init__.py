"""`memconform providers COMMAND`: real providers, started from pinned locks, and judged behind their bridges."""

from __future__ import annotations

import click

from memconform.cli.lazy import LazyGroup

_COMMANDS = {
    "list": ("memconform.cli.providers.listing", "List the providers that can be started and judged here."),
    "start": ("memconform.cli.providers.start", "Start a provider from its lock, and say how to serve it."),
    "check": ("memconform.cli.providers.check", "Start providers one after another, and judge each behind its bridge."),
}


@click.command(cls=LazyGroup, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Start and judge real providers.

    What a server needs is installed from its lock, in an environment of its own. A library runs in the process of
    its bridge and needs an extra of memconform, such as memconform[langgraph]; 'memconform stores' names it.

    \b
    memconform providers list
    memconform providers start langgraph-server  # in another terminal: the 'memconform serve' that it prints
    memconform providers check langgraph-server  # all of it: provider, bridge, verdict
    """  # noqa: D301 - click reads the backspace
