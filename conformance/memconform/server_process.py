"""The process of a started server: begun, awaited, killed and begun again, ended with everything that came of it."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from memconform.ending import end, kill, new_mark
from memconform.listening import listens, not_answering
from memconform.providers.failures import NotStarted
from memconform.providers.process import Process
from memconform.pytest_process import INTERRUPTING

if TYPE_CHECKING:
    from memconform.started import Start

_PAUSE_S = 0.05
_CLOSING_S = 5.0
"""How long a killed server's socket may listen on."""
_REMEMBERED_S = 75.0
"""How long a system remembers the connections of a killed server, which keeps some from listening there again: 60 s."""


class ServerProcess:
    """The server that a command started. `process` is the one that runs now; `mark` is known to all its descendants."""

    def __init__(self, start: Start, log: Path) -> None:
        """Begin nothing yet; what it says goes to `log`."""
        self.start = start
        self.log = log
        self.mark = new_mark()
        self.over = threading.Event()
        """Set where nobody waits for a restart any more."""
        self.process: Process | None = None
        self._ended = False
        self._said_before = 0

    def begin(self, mode: Literal["wb", "ab"] = "wb") -> None:
        """Start the command; raise `NotStarted` where it cannot be."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # A thread that takes no signals may start it; the server shall take them.
        blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTING)
        try:
            with self.log.open(mode) as said:
                self._said_before = said.tell()
                popen = subprocess.Popen(  # noqa: S603 - the user's own command
                    self.start.words,
                    cwd=self.start.folder,
                    env={**os.environ, **self.mark},
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise NotStarted(f"the server cannot be started by '{self.start.command}': {error}") from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        self.process, self._ended = Process("the server", popen, self.log), False

    def wait(self) -> None:
        """Return once GET /v1/health is answered below 500; raise `NotStarted` where it ends before, or is too late."""
        if self.process is None:
            return
        until = time.monotonic() + self.start.timeout_s
        health = f"{self.start.url}/v1/health"
        while True:
            state = not_answering(health)
            code = self.process.popen.poll()
            if code is not None:
                raise NotStarted(
                    f"the server was started by '{self.start.command}' and ended with exit code {code} before it "
                    f"answered GET {health}. It said last:\n{self.process.last_words()}\n"
                    f"Run the command by hand, in {self.start.folder}, until it stays up."
                )
            if state is None:
                return
            if time.monotonic() > until or self.over.is_set():
                raise NotStarted(
                    f"the server was started by '{self.start.command}', but GET {health} {state} after "
                    f"{self.start.timeout_s:g} s. It said last:\n{self.process.last_words()}\n"
                    "Does it listen at this address? A slow one needs a larger --start-timeout."
                )
            time.sleep(_PAUSE_S)

    def restart(self) -> None:
        """Kill it by SIGKILL, everything that came of it, and start the same command again; return once it answers.

        Raises `NotStarted` where something still listens afterwards, or the command does not come up again.
        """
        self.kill()
        self._must_be_silent()
        until = time.monotonic() + _REMEMBERED_S
        while True:
            self.begin("ab")
            try:
                self.wait()
            except NotStarted:
                ended_by_itself = self.process is not None and self.process.popen.poll() is not None
                self.kill()
                if not (ended_by_itself and self._found_no_room()) or self.over.is_set() or time.monotonic() > until:
                    raise
                self.over.wait(1)
            else:
                return

    def _found_no_room(self) -> bool:
        """Tell whether it may have ended because its address is not free yet: it says so, or it says nothing."""
        said = self.log.read_bytes()[self._said_before :].lower()
        return _remembered(self.start.url) and (not said.strip() or b"in use" in said or b"eaddrinuse" in said)

    def kill(self) -> None:
        """End all of it by SIGKILL."""
        self._ended = True
        if self.process:
            kill(self.process.popen, self.mark)

    def end(self) -> None:
        """End it with everything that came of it, whatever started that."""
        self._ended = True
        if self.process:
            end(self.process.popen, self.mark)

    def ended_by_itself(self) -> str | None:
        """Return with which exit code it ended, and its last words; None where it runs, or we ended it."""
        code = None if self._ended or self.process is None else self.process.popen.poll()
        if code is None or self.process is None:
            return None
        return (
            f"the server ended by itself during the run, with exit code {code}. "
            f"It said last:\n{self.process.last_words()}"
        )

    def _must_be_silent(self) -> None:
        until = time.monotonic() + _CLOSING_S
        while listens(self.start.url):
            if time.monotonic() > until:
                raise NotStarted(
                    f"everything that '{self.start.command}' had started was killed, and still something listens at "
                    f"{self.start.url}: the command leaves the server to another program, such as Docker or a service "
                    "manager. Give --restart-command in place of --restart."
                )
            time.sleep(_PAUSE_S)


def _remembered(url: str) -> bool:
    """Tell whether former connections keep the address from a server that does not ask for it to be reused."""
    parts = urlsplit(url)
    with suppress(OSError):
        for family, kind, protocol, _, address in socket.getaddrinfo(
            parts.hostname, parts.port or 80, type=socket.SOCK_STREAM
        ):
            with socket.socket(family, kind, protocol) as probe:
                try:
                    probe.bind(address)
                except OSError as error:
                    if error.errno == errno.EADDRINUSE:
                        return True
    return False
