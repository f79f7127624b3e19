"""The server that `check_server` starts for a run, by the words of its arguments."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from memconform.api.errors import ServerUnreachable
from memconform.api.words import as_arguments
from memconform.redaction import redactor, secrets_of
from memconform.restarting import restartable
from memconform.settings import PORT, UsageError
from memconform.started import NotStarted, Start, planned_start, started


@dataclass(frozen=True, slots=True)
class Running:
    """What the process of a run has to know of a server that runs: see `memconform.cli.starting.Reached`."""

    restart: int | None = None
    marks: Mapping[str, str] = field(default_factory=dict)


def asked_start(
    url: str | None,
    start: str | None,
    *,
    timeout: object,
    log: str | os.PathLike[str] | None,
    restart: bool,
    restart_command: str | None,
) -> Start | None:
    """Return how the server is started, None where it runs already; raise `UsageError` where that makes no sense."""
    for name, text in (("url", url), ("start", start), ("restart_command", restart_command)):
        if not isinstance(text, str | None):
            raise UsageError(f"{name} is {text!r}; expected a text")
    if url is None and start is None:
        raise UsageError("which server? Give the url of one that runs, or start, a command that starts one")
    if restart and start is None:
        raise UsageError("restart starts again what start started; without it give restart_command")
    if restart and restart_command is not None:
        raise UsageError("restart and restart_command are two ways to restart the server: give one")
    if restart_command is not None and PORT.search(restart_command) and "{port}" not in (start or ""):
        raise UsageError("restart_command has {port}, but no start command has it, too")
    if start is None:
        return None
    if not isinstance(timeout, int | float) or not 0 < timeout < 1e6:
        raise UsageError(f"start_timeout is {timeout!r}; expected a number above 0")
    try:
        return planned_start(start, url, Path.cwd(), timeout, None if log is None else Path(log))
    except UsageError as error:
        raise UsageError(as_arguments(str(error))) from None


@contextmanager
def running(start: Start | None, *, restart: bool, keys: Mapping[str, str]) -> Iterator[Running]:
    """Run the server until the block ends, where there is one to start; it is restarted when the run asks for it.

    Raises `ServerUnreachable` where it does not come up, and `UsageError` where its address is taken.
    """
    if start is None:
        yield Running()
        return
    with ExitStack() as stack:
        try:
            server = stack.enter_context(started(start))
        except NotStarted as error:
            said = redactor(secrets_of({**os.environ, **keys}))(str(error))
            raise ServerUnreachable(said.replace("--start-timeout", "start_timeout")) from None
        except UsageError as error:
            raise UsageError(as_arguments(str(error))) from None
        descriptor = stack.enter_context(restartable(server)) if restart else None
        # A restart command starts what is ended with the server; the run is not to be killed with it.
        yield Running(descriptor, {} if restart else server.mark)
