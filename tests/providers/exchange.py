"""One request to a provider and its answer, as files keep them and as a real HTTP server on 127.0.0.1 speaks them.

An exchange is `{"request": {"method", "path", "query"?, "credentials"?, "json"? | "text"?}, "response": {"status",
"headers"?, "json"? | "text"?}}`. `query` is a sorted list of pairs; `credentials` are the header fields that carry one,
its secret replaced by `<redacted>` (`{"authorization": "Token <redacted>"}`), and absent where none was sent.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Exchange: TypeAlias = dict[str, Any]
"""One exchange, or one of its halves."""

Respond: TypeAlias = "Callable[[Request], Exchange]"
"""What answers a request: it returns the response half of an exchange."""

REDACTED = "<redacted>"
CREDENTIALS = ("authorization", "x-api-key", "api-key")
"""The header fields that carry credentials."""

KEPT_HEADERS = ("content-type", "location", "retry-after")
"""The header fields of an answer that mean something to a bridge."""


class Request:
    """A request as it arrived: the raw target, header fields in lower case, and the body."""

    def __init__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep what arrived."""
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body

    def exchange(self) -> Exchange:
        """Return the request half of an exchange, without any secret."""
        parts = urlsplit(self.target)
        half: Exchange = {"method": self.method, "path": parts.path}
        if parts.query:
            half["query"] = [list(pair) for pair in sorted(parse_qsl(parts.query, keep_blank_values=True))]
        sent = {name: _redacted(self.headers[name]) for name in CREDENTIALS if name in self.headers}
        return half | ({"credentials": sent} if sent else {}) | as_json_or_text(self.body)

    def secrets(self) -> list[str]:
        """Return the credentials themselves, to keep them out of what is written."""
        return [self.headers[name].split(" ")[-1] for name in CREDENTIALS if name in self.headers]


def as_json_or_text(body: bytes) -> Exchange:
    """Return a body as a member of an exchange: `json`, `text`, or none where it is empty."""
    if not body:
        return {}
    try:
        return {"json": json.loads(body)}
    except ValueError:
        return {"text": body.decode("utf-8", "backslashreplace")}


def same(one: Exchange, other: Exchange) -> bool:
    """Compare two halves with the types of their JSON: 1 is neither 1.0 nor true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@contextmanager
def serving(respond: Respond) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1 in threads, and give the address; all has been answered when it ends."""

    class Handler(_Handler):
        answer = staticmethod(respond)

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for answers under way, and leaves no socket behind


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.0, a connection for each request: none is left open when the test ends."""

    timeout = 10
    answer: Respond

    def setup(self) -> None:
        """Switch Nagle's algorithm off: an answer goes out in two packets."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle_one(self) -> None:
        """Read one request and write its answer."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        response = self.answer(Request(self.command, self.path, headers, body))
        content = _body(response)
        self.send_response(response["status"])
        default = {"content-type": "application/json"} if "json" in response else {}
        for name, value in (default | response.get("headers", {})).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing: pytest shows what matters."""


def _body(response: Exchange) -> bytes:
    if "json" in response:
        return json.dumps(response["json"]).encode()
    return str(response.get("text", "")).encode()


def _redacted(value: str) -> str:
    """Keep the scheme alone."""
    scheme, space, _ = value.rpartition(" ")
    return f"{scheme}{space}{REDACTED}"
