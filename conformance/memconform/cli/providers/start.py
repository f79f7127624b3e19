"""`memconform providers start NAME`."""

from __future__ import annotations

import shlex
import signal
import threading
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from memconform.providers.starting import Started


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name")
def command(name: str) -> None:
    """Start a provider on a free port of this machine, and print the command that serves it; Ctrl-C ends it.

    Its data lives as long as it does. A library runs in the process of its bridge: then there is nothing to keep
    running, and the command is printed at once.

    \b
    memconform providers start langgraph-server
    """  # noqa: D301 - click reads the backspace
    from memconform.providers import ProviderFailed, definition, started

    try:
        with started(definition(name), _note) as provider:
            click.echo(f"{provider.definition.title} {_state(provider)}. Serve it with:")
            data = None if provider.runs else f"{name}.db"
            click.echo(f"memconform serve {shlex.join(provider.serve_options(data))}")
            if provider.runs:
                _until_interrupted()
    except ProviderFailed as error:
        raise click.ClickException(str(error)) from None


def _state(provider: Started) -> str:
    if not provider.runs:
        extra = provider.definition.extra
        return "runs in the process of its bridge" + (f", which needs memconform[{extra}]" if extra else "")
    return "is ready" + (f" at {provider.upstream}" if provider.upstream else "")


def _note(said: str) -> None:
    click.echo(said, err=True)


def _until_interrupted() -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
