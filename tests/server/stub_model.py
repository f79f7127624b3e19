"""A chat completions endpoint as a real HTTP server, which answers as it is told and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "stub-key-of-the-operator"
HANGS = "hangs"
DRIPS = "drips"
BREAKS_OFF = "breaks off"

Script: TypeAlias = list[Any]
"""What to answer in turn, the last one for ever: a status, (status, headers), bytes, a habit, or what a model says."""


@dataclass
class Stub:
    """A running endpoint: its base URL, and each request as (path, headers, body)."""

    url: str
    script: Script
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    """Set when the block ends: nobody hangs any longer."""

    def next(self) -> Any:
        """Return what to answer now."""
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def completion(said: Any) -> bytes:
    """Return a chat completion in which the model says a text, or a JSON value as text."""
    text = said if isinstance(said, str) else json.dumps(said)
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers by the script of the stub that its server belongs to."""

    protocol_version = "HTTP/1.1"
    server: StubServer

    def do_POST(self) -> None:
        """Keep what is asked; check the key, and act."""
        stub = self.server.stub
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        stub.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        stub.times.append(time.monotonic())
        if self.headers.get("Authorization") not in (None, f"Bearer {KEY}"):
            self._answer(401, b'{"error":{"message":"Incorrect API key provided: stub-key"}}')
            return
        self._act(stub.next())

    def _act(self, act: Any) -> None:
        if act == HANGS:
            self.server.stub.released.wait(30)
        elif act == DRIPS:
            self._drip()
        elif act == BREAKS_OFF:
            self._begin(1000)
            self.wfile.write(b'{"choices"')
            self.close_connection = True
        elif isinstance(act, int):
            self._answer(act, b'{"error":{"message":"secret insides"}}')
        elif isinstance(act, tuple):
            self._answer(act[0], b"{}", act[1])
        else:
            self._answer(200, act if isinstance(act, bytes) else completion(act))

    def _drip(self) -> None:
        self._begin(100_000)
        with suppress(OSError):
            while not self.server.stub.released.wait(0.05):
                self.wfile.write(b" ")

    def _begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class StubServer(ThreadingHTTPServer):
    """The server of one stub."""

    daemon_threads = True
    stub: Stub


@contextmanager
def stub_model(*script: Any) -> Iterator[Stub]:
    """Run an endpoint for the time of a block."""
    server = StubServer(("127.0.0.1", 0), Handler)
    server.stub = Stub(f"http://127.0.0.1:{server.server_address[1]}/v1", list(script))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.stub
    finally:
        server.stub.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
