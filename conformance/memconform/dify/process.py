"""A plugin's process: started as Dify's daemon starts it, in a process group of its own that ends as a whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from memconform.dify.failures import NotStarted
from memconform.dify.kept import Kept

STDERR_BYTES = 4 * 1024 * 1024
STDOUT_BYTES = 32 * 1024 * 1024
"""How much of the output is kept, in bytes."""

GRACE_S = 2.0
"""Seconds between SIGTERM and SIGKILL."""

_PASSED_ON = ("PATH", "HOME")


def variables(method: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a plugin: little of the caller's, nothing of it secret."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed_on,
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "INSTALL_METHOD": method,
        **(more or {}),
    }


class Process:
    """A running plugin; its standard error is kept, its standard output is read by whoever asked for it."""

    def __init__(self, python: Path, root: Path, environment: Mapping[str, str]) -> None:
        """Start `python -m main` in the plugin's folder; raise `NotStarted`."""
        if os.getpid() == 1:
            raise NotStarted(
                "memconform is process 1 of its container, and Dify's SDK ends a plugin whose parent is process 1: "
                "start the container with an init, such as docker run --init"
            )
        self.stderr = Kept(STDERR_BYTES)
        self.stdout = Kept(STDOUT_BYTES)
        self.active = time.monotonic()
        """When anything was last written to standard output or standard error."""
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - the interpreter of the plugin's own environment
                [str(python), "-m", "main"],
                cwd=root,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise NotStarted(f"{python} did not start in {root}: {error}") from None
        self.pid = self._popen.pid
        # Covers what no `stop` does: an interpreter that ends, an object that nobody holds.
        self._finalizer = weakref.finalize(self, _kill_group, self._popen)
        self._stderr_reader = threading.Thread(
            target=self._drain, args=(self._pipe("stderr"), self.stderr), daemon=True
        )
        self._stderr_reader.start()

    def read_line(self, limit: int) -> bytes:
        """Return the next line of standard output, at most `limit` bytes of it; b"" at its end."""
        line = self._pipe("stdout").readline(limit)
        if line:
            self.active = time.monotonic()
            self.stdout.add(line)
        return line

    def only_keep(self) -> None:
        """Keep standard output in a thread and close standard input, for the ways of starting that use neither."""
        self.close("stdin")
        threading.Thread(target=self._drain, args=(self._pipe("stdout"), self.stdout), daemon=True).start()

    def write(self, data: bytes) -> None:
        """Write to standard input; raise OSError when nobody reads it."""
        pipe = self._pipe("stdin")
        pipe.write(data)
        pipe.flush()

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        return self._popen.poll()

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the end and return the exit code; None when it still runs."""
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace_s: float = GRACE_S) -> None:
        """End the whole process group: SIGTERM, then SIGKILL after `grace_s`; return when the process is gone."""
        if self._popen.poll() is None and grace_s > 0:
            _signal_group(self.pid, signal.SIGTERM)
            self.wait(grace_s)
        # Only once: when all are gone, the system may give the number of the group to others.
        if self._finalizer.detach() is not None:
            _kill_group(self._popen)
        self.wait(GRACE_S)
        if threading.current_thread() is not self._stderr_reader:  # a finalizer may run in any thread
            self._stderr_reader.join(GRACE_S)

    def close(self, pipe: str) -> None:
        """Close stdin or stdout; only for the thread that uses it, as closing waits for whoever reads or writes."""
        with contextlib.suppress(OSError):
            self._pipe(pipe).close()

    def rss_mb(self) -> float | None:
        """Return the resident memory in MB; None where the system does not tell."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return None
        found = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
        return int(found) / 1024 if found else None

    def _pipe(self, name: str) -> IO[bytes]:
        pipe = getattr(self._popen, name)
        assert pipe is not None  # all three were asked for
        return pipe  # type: ignore[no-any-return]  # getattr knows no type

    def _drain(self, pipe: IO[bytes], into: Kept) -> None:
        read = getattr(pipe, "read1", pipe.read)
        with contextlib.suppress(OSError), pipe:
            while piece := read(65536):
                self.active = time.monotonic()
                into.add(piece)


def ending(code: int | None) -> str:
    """Return how a process ended, for people."""
    if code is None:
        return "did not end"
    if code < 0:
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"
    return f"ended with exit code {code}"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
