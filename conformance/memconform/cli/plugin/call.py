"""`memconform plugin call DIR TOOL`: one call of a tool in Dify's real runtime."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from memconform.dify.declaration import Declaration, read_declaration
from memconform.dify.failures import CallTimedOut, NoSuchTool, PluginDied, PluginFailed
from memconform.dify.folder import plugin_folder
from memconform.dify.given import Credentials, given_credentials, given_parameters, missing_parameters
from memconform.dify.interruption import orderly_end
from memconform.dify.plugin import Plugin
from memconform.dify.shown import shown, shown_as_json
from memconform.settings import UsageError
from memconform.verdict import ExitCode


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("plugin", type=click.Path(exists=True, path_type=Path))
@click.argument("tool")
@click.option("--param", "texts", multiple=True, metavar="NAME=TEXT", help="Parameter, cast to its declared type.")
@click.option("--param-json", "documents", multiple=True, metavar="NAME=JSON", help="Parameter of any type, as it is.")
@click.option(
    "--credential", "credentials", multiple=True, metavar="NAME=VALUE", help="Credential; the value may be env:NAME."
)
@click.option("--user", "user_id", default="memconform", metavar="ID", help="The runtime's user.")
@click.option("--conversation-id", metavar="ID", help="The conversation that the call belongs to.")
@click.option("--app-id", metavar="ID", help="The app that the call belongs to.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), default=30.0, help="Seconds for the call."
)
@click.option("--python", metavar="PATH", help="Interpreter for the plugin's environment.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(
    plugin: Path,
    tool: str,
    texts: tuple[str, ...],
    documents: tuple[str, ...],
    credentials: tuple[str, ...],
    python: str | None,
    as_json: bool,
    **request: Any,
) -> None:
    """Call TOOL of PLUGIN, a folder or a .difypkg, and print what it gives as it comes.

    Give secrets as env:NAME: they stay out of the shell's history and of the list of processes. Secrets are hidden in
    all that is printed. Exit codes: 0 answered; 1 the tool answered an error, or nothing in time; 2 usage; 3 the plugin
    could not be started; 4 the harness failed.

    \b
    memconform plugin call reference_plugin search_memory --param query=tea --user ann \\
        --credential base_url=http://127.0.0.1:8765 --credential api_key=env:MEMCONFORM_API_KEY
    """  # noqa: D301 - click reads the backspace
    hidden: Callable[[str], str] = str
    code: int = ExitCode.HARNESS
    try:
        with orderly_end(), plugin_folder(plugin) as root:
            declaration = read_declaration(root)
            given, parameters = _given(declaration, tool, credentials, texts, documents)
            hidden = given.redacted
            with Plugin.start(root, python=python, on_note=_note) as running:
                show = shown_as_json if as_json else shown
                answered = show(
                    running, tool, running.stream(tool, parameters, credentials=given.values, **request), hidden
                )
                code = ExitCode.CONFORMANT if answered else ExitCode.NOT_CONFORMANT
    except (UsageError, NoSuchTool) as wrong:
        raise click.UsageError(hidden(str(wrong))) from None
    except (CallTimedOut, PluginDied) as late:
        _fail(hidden(str(late)), ExitCode.NOT_CONFORMANT)
    except PluginFailed as failed:
        _fail(hidden(str(failed)), ExitCode.UNREACHABLE)
    except Exception:  # noqa: BLE001 - an error of ours is told from one of the plugin by its exit code
        _fail(f"the harness failed, not the plugin:\n{hidden(traceback.format_exc())}", ExitCode.HARNESS)
    sys.exit(code)


def _given(
    declaration: Declaration,
    tool: str,
    credentials: tuple[str, ...],
    texts: tuple[str, ...],
    documents: tuple[str, ...],
) -> tuple[Credentials, Mapping[str, Any]]:
    """Hold what was given against what is declared; raise `UsageError` or `NoSuchTool`."""
    declared = declaration.tool(tool)
    given = given_credentials(declaration.providers[declared.provider], credentials)
    parameters = given_parameters(declared, texts, documents)
    for name in missing_parameters(declared, parameters):
        _note(f"{tool} requires {name!r}, which was not given")
    return given, parameters


def _note(text: str) -> None:
    click.echo(f"memconform: {text}", err=True)


def _fail(text: str, code: int) -> NoReturn:
    _note(text)
    sys.exit(code)
