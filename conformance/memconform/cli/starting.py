"""`URL` and `--start`: the server that a command is about runs already, or is started for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from memconform.cli.configured import configuration
from memconform.cli.options import ResultFile
from memconform.settings import PORT, UsageError
from memconform.verdict import ExitCode

Command = TypeVar("Command", bound=Callable[..., Any])

_STRENGTH = (ParameterSource.DEFAULT_MAP, ParameterSource.ENVIRONMENT, ParameterSource.COMMANDLINE)
_OPTIONS = (
    click.option(
        "--start",
        metavar="COMMAND",
        help="Start the server by this command, and end it after the run; {port} stands for a free port. "
        "Reports name the command: keep secrets in the environment.",
    ),
    click.option(
        "--start-timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        help="Seconds until the started server has to answer GET /v1/health.",
    ),
    click.option("--start-log", type=ResultFile(), metavar="FILE", help="Keep what the started server says."),
)


def SERVER(variable: str, metavar: str | None = None) -> Callable[[Command], Command]:  # noqa: N802 - used like the other options
    """Give a command its argument URL, which the environment may hold in `variable`, and the options of `--start`.

    Where the URL is called otherwise in the command's usage, `metavar` is its name there.
    """

    def give(command: Command) -> Command:
        for option in reversed(_OPTIONS):
            command = option(command)
        return click.argument("url", required=False, envvar=variable, metavar=metavar)(command)

    return give


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the server is, and the command that it was started by; None where it ran already."""

    url: str
    start: str | None = None
    restart: int | None = None
    """The descriptor on which it is asked for a restart; None where nobody wants one."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """What the environment of everything holds that is ended together with the server."""

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What the process of the run has to inherit."""
        return () if self.restart is None else (self.restart,)


@contextmanager
def server(ctx: click.Context, options: dict[str, Any]) -> Iterator[Reached]:
    """Take the values of `SERVER` out of a command's options and yield the server; one that is started is ended.

    Raises `click.UsageError` where no server is named; ends with exit code 3 where it cannot be started.
    """
    url, command = _chosen(ctx, options.pop("url"), options.pop("start"))
    timeout_s, log = options.pop("start_timeout"), options.pop("start_log")
    restart = _restarted(ctx, options, command)
    if command is None:
        yield Reached(str(url))
        return
    from memconform.redaction import redactor, secrets_of
    from memconform.restarting import restartable
    from memconform.started import NotStarted, planned_start, started

    presentable = redactor(secrets_of(os.environ))
    try:
        start = planned_start(command, url, _folder(ctx), timeout_s, log)
        with started(start, on_note=lambda text: click.echo(f"memconform: {text}", err=True)) as process:
            with restartable(process) if restart else nullcontext() as descriptor:
                # A restart command starts what is ended with the server; the run is not to be killed with it.
                yield Reached(start.url, command, descriptor, {} if restart else process.mark)
            ended = process.ended_by_itself()
            if ended and not options.get("restart_command"):
                click.echo(presentable(f"memconform: {ended}"), err=True)
    except NotStarted as error:
        click.echo(presentable(f"memconform: {error}"), err=True)
        sys.exit(ExitCode.UNREACHABLE)
    except KeyboardInterrupt:
        click.echo("memconform: interrupted; the started server is ended", err=True)
        sys.exit(ExitCode.USAGE)
    except UsageError as error:
        raise click.UsageError(str(error)) from None


def _chosen(ctx: click.Context, url: str | None, command: str | None) -> tuple[str | None, str | None]:
    """Return URL and command, one of them None where the other was said more strongly: flag, environment, file."""
    if not url and not command:
        raise click.UsageError(
            f"which server? '{ctx.command_path} http://127.0.0.1:8765' names one that runs, --start COMMAND starts "
            "one, and `url` or `start` in memconform.toml say it for good ('memconform init' writes one)"
        )
    if url and command:
        of_url, of_command = _strength(ctx, "url"), _strength(ctx, "start")
        if of_url > of_command:
            return url, None
        if of_command > of_url and "{port}" in command and "{port}" not in url:
            return None, command
    return url or None, command or None


def _restarted(ctx: click.Context, options: dict[str, Any], command: str | None) -> bool:
    """Take `restart` out of a command's options, if it has it, and return whether it is meant; stronger words win.

    Raises `click.UsageError` where the command line asks for what cannot be.
    """
    wanted, other = options.pop("restart", False), options.get("restart_command")
    typed = _strength(ctx, "restart") == _STRENGTH.index(ParameterSource.COMMANDLINE)
    if wanted and command is None:
        if typed:
            raise click.UsageError("--restart starts again what --start COMMAND started; else use --restart-command")
        return False
    if wanted and other:
        of_this, of_other = _strength(ctx, "restart"), _strength(ctx, "restart_command")
        if of_this == of_other:
            raise click.UsageError("--restart and --restart-command are two ways to restart the server: give one")
        if of_this > of_other:
            options["restart_command"] = None
        return of_this > of_other
    if other and PORT.search(other) and "{port}" not in (command or ""):
        if _strength(ctx, "restart_command") == _STRENGTH.index(ParameterSource.COMMANDLINE):
            raise click.UsageError("--restart-command has {port}, but no --start command has it, too")
        options["restart_command"] = None
    return bool(wanted)


def _strength(ctx: click.Context, name: str) -> int:
    source = ctx.get_parameter_source(name)
    return _STRENGTH.index(source) if source in _STRENGTH else -1


def _folder(ctx: click.Context) -> Path:
    """Return where the server is started: beside the configuration that has its command, else here."""
    found = configuration(ctx)
    said_there = ctx.get_parameter_source("start") is ParameterSource.DEFAULT_MAP
    return found.folder if found and said_there else Path.cwd()
