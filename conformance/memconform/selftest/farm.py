"""Servers and checks as processes that start fast: forked from one that has everything imported.

Each is what the command line would start, with the same options, over real HTTP; only the imports are shared.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from memconform.ports import free_port

FIRST_KEY, SECOND_KEY = "selftest-key-of-alice", "selftest-key-of-bob"
_START_S, _CHECK_S = 30, 900
_TOO_MANY_STATEMENTS = 1_100


class FarmError(Exception):
    """A process of the self-test itself did not do its work; the message has what it said."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that listens, and the command that kills and restarts it where the case asks for one."""

    url: str
    restart_command: str | None = None


class Farm:
    """Starts servers and checks; keeps their files in one temporary folder."""

    def __init__(self, folder: Path) -> None:
        """Prepare the process that all others are forked from."""
        self.folder = folder
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["memconform.selftest.preloaded"])

    @contextmanager
    def server(self, options: Sequence[str], *, durable: bool) -> Iterator[RunningServer]:
        """Run `memconform serve` with these options and two principals."""
        home = Path(tempfile.mkdtemp(dir=self.folder))
        words = ["--no-access-log", *options]
        port = free_port() if durable else 0
        words += ["--port", str(port)]
        words += ["--data", str(home / "memories.db")] if durable else []
        reading, writing = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_serve, args=(words, writing, str(home / "log")))
        process.start()
        writing.close()
        pid_file = home / "pid"
        pid_file.write_text(str(process.pid))
        try:
            url = _announced(reading, home / "log")
            restart = _restart_command(words, pid_file, home) if durable else None
            yield RunningServer(url, restart)
        finally:
            with suppress(ProcessLookupError):
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
            process.kill()
            process.join()

    def failing_messages(self) -> list[str]:
        """Return the option that names messages of which the reference server makes no memories: it would be too many.

        See `memconform_server.ingesting.MOST_STATEMENTS`.
        """
        file = self.folder / "failing-messages.json"
        statements = " ".join(f"Ann has {number} pencils." for number in range(_TOO_MANY_STATEMENTS))
        file.write_text(json.dumps([{"id": "too-much", "role": "user", "content": statements}]))
        return ["--failing-messages", str(file)]

    def check(self, server: RunningServer, options: Sequence[str]) -> dict[str, Any]:
        """Run `memconform check` with these options and return its result."""
        home = Path(tempfile.mkdtemp(dir=self.folder))
        result = home / "result.json"
        words = [server.url, *options, "--json", str(result)]
        words += ["--restart-command", server.restart_command] if server.restart_command else []
        process = self._context.Process(target=_check, args=(words, str(home)))
        process.start()
        process.join(_CHECK_S)
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGINT)
            process.join(20)
            process.kill()
        if not result.exists() or not result.stat().st_size:
            said = (home / "output").read_text(errors="replace") if (home / "output").exists() else ""
            raise FarmError(f"memconform check {shlex.join(words)} left no result: {said[-2000:]}")
        found: dict[str, Any] = json.loads(result.read_text())
        return found


def _announced(reading: Any, log: Path) -> str:
    """Return the URL that the server announces on its standard output."""
    text = b""
    until = time.monotonic() + _START_S
    while b"\n" not in text:
        ready, _, _ = select.select([reading.fileno()], [], [], max(0.0, until - time.monotonic()))
        chunk = os.read(reading.fileno(), 4096) if ready else b""
        if not chunk:
            raise FarmError(f"a server did not start: {log.read_text(errors='replace')[-2000:]}")
        text += chunk
    return next(word for word in text.decode().split() if word.startswith("http"))


def _restart_command(words: Sequence[str], pid_file: Path, home: Path) -> str:
    serve = shlex.join([sys.executable, "-m", "memconform", "serve", *words])
    pid, log = shlex.quote(str(pid_file)), shlex.quote(str(home / "log"))
    keys = f"MEMCONFORM_SERVER_API_KEYS={FIRST_KEY},{SECOND_KEY}"
    return f"kill -9 $(cat {pid}); {keys} nohup {serve} >>{log} 2>&1 </dev/null & echo $! >{pid}"


def _serve(words: list[str], writing: Any, log: str) -> None:
    """Be `memconform serve`: standard output is the pipe, standard error the log."""
    os.dup2(writing.fileno(), 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    os.environ["MEMCONFORM_SERVER_API_KEYS"] = f"{FIRST_KEY},{SECOND_KEY}"
    from memconform_server.serve import command

    command.main(words, prog_name="memconform serve")


def _check(words: list[str], home: str) -> None:
    """Be the run that `memconform check` starts."""
    out = os.open(f"{home}/output", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(
        MEMCONFORM_API_KEY=FIRST_KEY, MEMCONFORM_SECOND_API_KEY=SECOND_KEY, MEMCONFORM_STATE=f"{home}/state"
    )
    import pytest

    from memconform.cli.check import command
    from memconform.options import isolated_environment

    os.environ.update(isolated_environment())
    command.main(words, prog_name="memconform check", obj=pytest.main)
