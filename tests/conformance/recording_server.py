"""A server that writes down every request and gives a canned answer: what a client really sends, byte for byte."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Recording:
    """The requests so far, and what each is answered with: `pieces` one after another, with a pause before each."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    pieces: list[tuple[float, bytes]] = field(default_factory=lambda: [(0.0, b"{}")])
    stays_open: bool = False
    """Whether the connection stays open, silent, after the last piece."""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def last(self) -> tuple[str, str, dict[str, str], bytes]:
        """Method, target, headers (lower case) and body of the last request."""
        return self.requests[-1]


@contextmanager
def recording(**answer: Any) -> Iterator[Recording]:
    """Serve on a free port until the block ends."""
    record = Recording(**answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            record.requests.append((self.command, self.path, headers, body))
            self.send_response(record.status)
            for name, value in record.headers.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            for pause, piece in record.pieces:
                time.sleep(pause)
                self.wfile.write(piece)
                self.wfile.flush()
            if record.stays_open:
                record.closing.wait(20)
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True  # the client has gone, as readers of a stream do

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    record.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield record
    finally:
        record.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
