"""Kills the server under test and starts it again: by the user's command, or by whoever started it for this run.

The command may leave a daemon behind that keeps its output open, so the output goes to a file and only the command
itself is waited for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from memconform.restarting import ask
from memconform.settings import RunSettings
from memconform.verdict import Inconclusive

Restart: TypeAlias = Callable[[], None]
"""Kills the server with SIGKILL, and returns once it was started again."""

COMMAND_S = 60.0
"""How long the command may take, in seconds."""

_SHOWN = 2000


class RestartFailed(Exception):
    """The restart command did not do its work; the message has what it said. Never held against the server."""


def restart_of(settings: RunSettings) -> Restart | None:
    """Return how the server of this run is killed and started again; None where nobody has said how."""
    if settings.restart is not None:
        return partial(restart_started, settings.restart)
    return partial(restart, settings.restart_line) if settings.restart_line is not None else None


def restart_started(descriptor: int) -> None:
    """Have the server restarted by the process that started it; `Inconclusive` says why it is not back.

    Raises `RestartFailed` where that process is gone.
    """
    try:
        why = ask(descriptor)
    except OSError as error:
        raise RestartFailed(f"the started server cannot be restarted: {error}") from None
    if why is not None:
        raise Inconclusive(f"it was killed, and could not be started again: {why}")


def restart(command: str, within_seconds: float = COMMAND_S) -> None:
    """Run the command in a shell and return when it has ended; `RestartFailed` says why it did not."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S602 - the user's own command line, from --restart-command
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            late = (
                f"--restart-command did not end within {within_seconds:g} s; it must leave the server in the background"
            )
            raise RestartFailed(_with_output(late, output.fileno())) from None
        if status != 0:
            raise RestartFailed(_with_output(f"--restart-command ended with exit code {status}", output.fileno()))


def _with_output(message: str, output: int) -> str:
    os.lseek(output, 0, os.SEEK_SET)
    said = os.read(output, 1_000_000)[-_SHOWN:].decode("utf-8", "replace").strip()
    return f"{message}. It said:\n{said}" if said else f"{message}, and said nothing."
