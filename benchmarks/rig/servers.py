"""Servers as processes of their own, over real HTTP, with what they keep in a temporary folder."""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEYS = ("key-of-alice", "key-of-bob")
"""The API keys of the two principals of every server."""

MEM0 = Path(__file__).parents[2] / ".venv-providers" / "bin" / "python"
"""The interpreter that has mem0 (`make test-providers` installs it)."""

_START_S = 60.0
_KEYS_VARIABLE = "MEMCONFORM_SERVER_API_KEYS"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens; `restart_command` kills it with SIGKILL and starts it again."""

    url: str
    pid_file: Path
    restart_command: str

    @property
    def pid(self) -> int:
        """The process that serves at present."""
        return int(self.pid_file.read_text())


@contextmanager
def served(options: Sequence[str] = (), interpreter: Path | str = sys.executable) -> Iterator[Served]:
    """Run `memconform serve` with two principals and a data file, and stop it at the end, SIGTERM included."""
    signal.signal(signal.SIGTERM, _ended)
    with tempfile.TemporaryDirectory(prefix="memconform-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        words = [str(interpreter), "-m", "memconform", "serve", "--no-access-log", *options]
        words += ["--port", str(_free_port()), "--data", str(folder / "memories.db")]
        log, pid_file = folder / "log", folder / "pid"
        with log.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                words,
                env={**os.environ, _KEYS_VARIABLE: ",".join(KEYS)},
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        pid_file.write_text(str(process.pid))
        try:
            yield Served(_announced(process, log), pid_file, _restart_command(words, pid_file, log))
        finally:
            _stop(process, int(pid_file.read_text()))


def _ended(number: int, _frame: object) -> NoReturn:
    raise SystemExit(f"ended by {signal.Signals(number).name}")


def _announced(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the URL in the server's first line."""
    if process.stdout is None:
        raise AssertionError("unreachable: it is a pipe")
    ready, _, _ = select.select([process.stdout], [], [], _START_S)
    line = process.stdout.readline().decode() if ready else ""
    url = next((word for word in line.split() if word.startswith("http")), None)
    if url is None:
        raise SystemExit(f"a server did not start; it said: {log.read_text(errors='replace')[-2000:]}")
    return url


def _restart_command(words: Sequence[str], pid_file: Path, log: Path) -> str:
    pid = shlex.quote(str(pid_file))
    serve = f"{_KEYS_VARIABLE}={','.join(KEYS)} nohup {shlex.join(words)} >>{shlex.quote(str(log))} 2>&1 </dev/null"
    return f"kill -9 $(cat {pid}); {serve} & echo $! >{pid}"


def _stop(process: subprocess.Popen[bytes], pid: int) -> None:
    """End the process, or the one that a restart put in its place."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    until = time.monotonic() + 20
    while pid != process.pid and time.monotonic() < until and Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
