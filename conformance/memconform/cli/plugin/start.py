"""`memconform plugin start DIR`: the ways in which Dify starts a plugin, each tried with one real call."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from memconform.dify import protocol
from memconform.dify.declaration import read_declaration
from memconform.dify.environment import environment
from memconform.dify.failures import PluginFailed
from memconform.dify.folder import plugin_folder
from memconform.dify.given import Credentials, given_credentials
from memconform.dify.interpreter import interpreter
from memconform.dify.interruption import orderly_end
from memconform.dify.invocation import Invocation
from memconform.dify.remote import over_tcp
from memconform.dify.serverless import over_http
from memconform.dify.startup import Method, StartUp, Trial, over_stdio
from memconform.settings import UsageError
from memconform.verdict import ExitCode

_METHODS: Mapping[str, Method] = {"stdio": over_stdio, "serverless": over_http, "tcp": over_tcp}


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("plugin", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--method", "methods", multiple=True, type=click.Choice(list(_METHODS)), help="Only this way (repeatable)."
)
@click.option(
    "--credential", "credentials", multiple=True, metavar="NAME=VALUE", help="Credential; the value may be env:NAME."
)
@click.option("--python", metavar="PATH", help="Interpreter for the plugin's environment.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), default=60.0, help="Seconds for each start.")
def command(
    plugin: Path, methods: tuple[str, ...], credentials: tuple[str, ...], python: str | None, timeout: float
) -> None:
    """Start PLUGIN, a folder or a .difypkg, in each way that Dify has, and let it check credentials once.

    Any answer to the check shows that the plugin works, also a refusal: without --credential it gets none. Exit codes:
    0 all started; 1 one did not; 2 usage; 3 no plugin, or its environment could not be built.

    \b
    memconform plugin start reference_plugin
    memconform plugin start reference_plugin --method stdio --python python3.12
    """  # noqa: D301 - click reads the backspace
    try:
        with orderly_end(), plugin_folder(plugin) as root:
            declaration = read_declaration(root)
            provider = declaration.provider(next(iter(declaration.providers)))
            given = given_credentials(provider, credentials)
            built = environment(root, interpreter(python, _note), on_note=_note)
            click.echo(f"{declaration.identity}, dify-plugin {built.sdk_version} on Python {built.python_version}")
            request = protocol.credentials_request(
                provider=provider.name, credentials=given.values, user_id="memconform"
            )
            trial = Trial(root, declaration, built, request, start_timeout_s=timeout)
            sys.exit(_tried(trial, methods or tuple(_METHODS), given))
    except UsageError as wrong:
        raise click.UsageError(str(wrong)) from None
    except PluginFailed as failed:
        _note(str(failed))
        sys.exit(ExitCode.UNREACHABLE)


def _tried(trial: Trial, methods: tuple[str, ...], given: Credentials) -> int:
    """Try each way and show what was seen; return the exit code."""
    code = 0
    for method in methods:
        try:
            line = _seen(_METHODS[method](trial))
        except PluginFailed as error:
            line, code = f"{method:<12}failed: {error}", 1
        click.echo(given.redacted(line))
    return code


def _seen(start: StartUp) -> str:
    return (
        f"{start.method:<12}ready in {start.ready_s:.1f} s\n"
        f"{'':<12}{len(start.tools)} tools by {start.tools_from}: {', '.join(sorted(start.tools))}\n"
        f"{'':<12}check of credentials answered in {start.answer.seconds * 1000:.0f} ms: {_verdict(start.answer)}"
    )


def _verdict(answer: Invocation) -> str:
    return str(answer.error) if answer.error else "valid"


def _note(text: str) -> None:
    click.echo(f"memconform: {text}", err=True)
