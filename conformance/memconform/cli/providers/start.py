"""`memconform providers start NAME`."""

from __future__ import annotations

import shlex
import signal
import threading

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name")
def command(name: str) -> None:
    """Start a provider on a free port of this machine, and print the command that serves it; Ctrl-C ends it.

    Its data lives as long as it does.
    """
    from memconform.providers import ProviderFailed, definition, started

    try:
        with started(definition(name), _note) as provider:
            click.echo(f"{provider.definition.title} is ready{_where(provider.upstream)}. Serve it with:")
            click.echo(f"memconform serve {shlex.join(provider.serve_options())}")
            if provider.server or provider.definition.needs:
                _until_interrupted()
    except ProviderFailed as error:
        raise click.ClickException(str(error)) from None


def _where(upstream: str | None) -> str:
    return f" at {upstream}" if upstream else ""


def _note(said: str) -> None:
    click.echo(said, err=True)


def _until_interrupted() -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
