"""Real servers for the tests: `python -m memconform_server` as a process of its own, on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ANNOUNCEMENT = re.compile(r"memconform serve: listening on (http://\S+) \(store \w+, data (.+), principals (\d+)\)\n")
ALICE = "alice-key"
BOB = "bob-key"


@dataclass
class Server:
    """A running server process."""

    process: subprocess.Popen[str]
    announcement: str
    url: str
    log: list[str] = field(default_factory=list)
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        """Keep what the process writes to standard error in the log."""
        self.reader = threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True)
        self.reader.start()

    def client(self, api_key: str | None = None) -> httpx.Client:
        """Return a client of the server, with the credentials of one principal."""
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    def kill(self) -> None:
        """Kill it as a power cut would: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(15)
        self.reader.join(10)  # the log is whole
        return status


def command(*options: str | Path) -> list[str]:
    """Return the command line that starts a server."""
    return [sys.executable, "-m", "memconform_server", *map(str, options)]


def start(*options: str | Path, **popen: Any) -> Server:
    """Start a server on a free port and wait until it listens."""
    process = subprocess.Popen(
        command("--port", "0", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **popen.pop("env", {})},
        **popen,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    announcement = process.stdout.readline()
    found = ANNOUNCEMENT.fullmatch(announcement)
    if found is None:
        process.kill()
        pytest.fail(f"the server did not start: {announcement}{process.stderr.read()}")
    return Server(process, announcement, found[1])


@pytest.fixture
def run_server() -> Iterator[Callable[..., Server]]:
    """Start servers that the test stops itself, or that are killed after it."""
    started: list[Server] = []

    def run(*options: str | Path, **popen: Any) -> Server:
        started.append(start(*options, **popen))
        return started[-1]

    yield run
    for server in started:
        _end(server)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one server with two principals and the default limits, for all tests that do no harm to it."""
    data = tmp_path_factory.mktemp("server") / "memories.db"
    running = start("--data", data, "--api-key", ALICE, env={"MEMCONFORM_SERVER_API_KEYS": BOB})
    yield running
    _end(running)


@pytest.fixture
def alice(server: Server) -> Iterator[httpx.Client]:
    """Give a client of the shared server as its first principal."""
    with server.client(ALICE) as client:
        yield client


@pytest.fixture
def bob(server: Server) -> Iterator[httpx.Client]:
    """Give a client of the shared server as its second principal."""
    with server.client(BOB) as client:
        yield client


@pytest.fixture
def nobody(server: Server) -> Iterator[httpx.Client]:
    """Give a client of the shared server without credentials."""
    with server.client() as client:
        yield client


@pytest.fixture
def user(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return a scope that no other test uses."""
    return {"user_id": f"{request.node.nodeid}/{os.urandom(4).hex()}"[-200:]}


def _end(server: Server) -> None:
    if server.process.poll() is None:
        server.process.kill()
    server.process.wait(10)
    server.reader.join(10)  # or its file would be closed under it
    for stream in (server.process.stdout, server.process.stderr):
        if stream is not None:
            try:
                stream.close()
            except (ValueError, RuntimeError):
                continue
