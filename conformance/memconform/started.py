"""The user's own server, started for one run: on a free port, awaited, and ended with all its children."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeAlias

from memconform.listening import must_be_free, not_answering
from memconform.ports import free_port
from memconform.providers.failures import NotStarted
from memconform.providers.process import Process
from memconform.pytest_process import not_ignored
from memconform.settings import UsageError, checked_url

__all__ = ["NotStarted", "Start", "planned_start", "started"]

PORT = "{port}"
_NEEDS_SHELL = re.compile(r"[|&;<>()$`*?\[~#\n]|^\s*\w+=")
"""Signs of what only a shell understands. Within quotes a shell takes them as they are, so one too many is harmless."""

_PAUSE_S = 0.05
_GRACE_S = 10.0
"""What the server and its children have from SIGTERM to SIGKILL."""

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
def started(start: Start, on_note: Callable[[str], None]) -> Iterator[Process]:
    """Run the server until the block ends, whatever ends it; give it once it answers GET /v1/health below 500.

    Raises `NotStarted` where it cannot be started, ends, or does not answer in time, and `UsageError` where something
    listens at its address before it was started.
    """
    must_be_free(start.url)
    with tempfile.TemporaryDirectory(prefix="memconform-start-") as folder, _handling(_ENDING, _unwind):
        log = start.log or Path(folder) / "server.log"
        process = _process(start, log)
        try:
            on_note(
                f"started {shlex.join(start.words)}; waiting at most {start.timeout_s:g} s until "
                f"GET {start.url}/v1/health is answered"
            )
            _wait(process, start)
            yield process
        finally:
            with _handling((signal.SIGINT, *_ENDING), signal.SIG_IGN):
                _end(process.popen)


def _process(start: Start, log: Path) -> Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        try:
            popen = subprocess.Popen(  # noqa: S603 - the user's own command
                start.words,
                cwd=start.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise NotStarted(f"the server cannot be started by '{start.command}': {error}") from None
    return Process("the server", popen, log)


def _wait(process: Process, start: Start) -> None:
    until = time.monotonic() + start.timeout_s
    health = f"{start.url}/v1/health"
    while True:
        state = not_answering(health)
        code = process.popen.poll()
        if code is not None:
            raise NotStarted(
                f"the server was started by '{start.command}' and ended with exit code {code} before it answered "
                f"GET {health}. It said last:\n{process.last_words()}\n"
                f"Run the command by hand, in {start.folder}, until it stays up."
            )
        if state is None:
            return
        if time.monotonic() > until:
            raise NotStarted(
                f"the server was started by '{start.command}', but GET {health} {state} after {start.timeout_s:g} s. "
                f"It said last:\n{process.last_words()}\n"
                "Does it listen at this address? A slow one needs a larger --start-timeout."
            )
        time.sleep(_PAUSE_S)


def _end(popen: subprocess.Popen[bytes]) -> None:
    """End the whole group: a shell goes at once, and its children get their time to finish all the same."""
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGTERM)
        until = time.monotonic() + _GRACE_S
        while time.monotonic() < until:
            popen.poll()
            os.killpg(popen.pid, 0)  # raises once nobody is left
            time.sleep(_PAUSE_S)
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()


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
