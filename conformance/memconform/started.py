"""The user's own server, started for one run: on a free port, awaited, and ended with all its children."""

from __future__ import annotations

import re
import shlex
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeAlias

from memconform.listening import must_be_free
from memconform.ports import free_port
from memconform.providers.failures import NotStarted
from memconform.pytest_process import not_ignored
from memconform.server_process import ServerProcess
from memconform.settings import UsageError, checked_url

__all__ = ["NotStarted", "ServerProcess", "Start", "planned_start", "started"]

PORT = "{port}"
_NEEDS_SHELL = re.compile(r"[|&;<>()$`*?\[~#\n]|^\s*\w+=")
"""Signs of what only a shell understands. Within quotes a shell takes them as they are, so one too many is harmless."""

_ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end memconform: the server has to go with it."""

Handler: TypeAlias = Callable[[int, FrameType | None], Any] | signal.Handlers


@dataclass(frozen=True, slots=True)
class Start:
    """How the server is started: its command, the address where it will listen, and the folder it runs in."""

    command: str
    url: str
    folder: Path
    timeout_s: float = 60.0
    log: Path | None = None
    """Where what it says is kept; None for a file that is gone at the end."""

    @property
    def words(self) -> list[str]:
        """The command as the words of a process: through a shell only where it needs one."""
        return ["/bin/sh", "-c", self.command] if _NEEDS_SHELL.search(self.command) else shlex.split(self.command)


def planned_start(
    command: str, url: str | None, folder: Path, timeout_s: float = 60.0, log: Path | None = None
) -> Start:
    """Return the start with `{port}` filled in, in the command and the URL, by a port that is free.

    Without a URL it is the one of that port. Raises `UsageError` where command and URL do not go together.
    """
    if url and PORT in url and PORT not in command:
        raise UsageError("the URL has {port}, but the start command has not: nothing would listen there")
    if url and PORT not in url and PORT in command:
        raise UsageError(
            "the start command has {port}, which stands for a free port: leave the URL out, or write {port} in it, too"
        )
    if not url and PORT not in command:
        raise UsageError(
            "where will the started server listen? Give the URL, too, or write {port} where the command takes the port"
        )
    port = str(free_port()) if PORT in command else ""
    address = checked_url((url or f"http://127.0.0.1:{PORT}").replace(PORT, port))
    start = Start(command.replace(PORT, port), address, folder, timeout_s, log)
    try:
        empty = not start.words
    except ValueError as error:
        raise UsageError(f"the start command cannot be split into words: {error}") from None
    if empty:
        raise UsageError("the start command is empty")
    return start


@contextmanager
def started(start: Start, on_note: Callable[[str], None] = lambda _: None) -> Iterator[ServerProcess]:
    """Run the server until the block ends, whatever ends it; give it once it answers GET /v1/health below 500.

    Raises `NotStarted` where it cannot be started, ends, or does not answer in time, and `UsageError` where something
    listens at its address before it was started.
    """
    must_be_free(start.url)
    with tempfile.TemporaryDirectory(prefix="memconform-start-") as folder, _handling(_deadly(), _unwind):
        server = ServerProcess(start, start.log or Path(folder) / "server.log")
        try:
            server.begin()
            on_note(
                f"started {shlex.join(start.words)}; waiting at most {start.timeout_s:g} s until "
                f"GET {start.url}/v1/health is answered"
            )
            server.wait()
            yield server
        finally:
            with _handling((signal.SIGINT, *_ENDING), signal.SIG_IGN):
                server.end()


def _deadly() -> list[signal.Signals]:
    """Return the signals that would end this process at once, and leave the server; others have a handler already."""
    return [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]


@contextmanager
def _handling(numbers: Sequence[signal.Signals], handler: Handler) -> Iterator[None]:
    """Handle signals otherwise for a while, ignored ones apart; only the main thread can, any other leaves them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number in not_ignored(*numbers)}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


def _unwind(number: int, _: FrameType | None) -> NoReturn:
    """End this process by unwinding it, so that the server is ended, too."""
    raise SystemExit(128 + number)
