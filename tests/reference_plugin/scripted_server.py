"""A server that does to each request what a function says, byte by byte, and keeps what it was sent."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from memory_api.deadline import Deadline
from memory_api.settings import Settings


@dataclass
class Received:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def method(self) -> str:
        """Return GET, POST and so on."""
        return self.line.split()[0]

    @property
    def target(self) -> str:
        """Path and query."""
        return self.line.split()[1]

    def json(self) -> object:
        """Return the value in the body."""
        return json.loads(self.body)


Script = Callable[[socket.socket, Received, "Scripted"], bool]
"""Answers a request on its connection; False ends the connection."""


@dataclass
class Scripted:
    """The running server."""

    port: int
    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    def settings(self, **more: object) -> Settings:
        """Return the settings of a client of this server."""
        given: dict[str, object] = {
            "scheme": "http",
            "host": "127.0.0.1",
            "port": self.port,
            "prefix": "",
            "deadline_s": 3.0,
            "api_key": "secret-key-of-a-test",
        }
        return Settings(**{**given, **more})  # type: ignore[arg-type]  # a test's own spelling

    def urls(self) -> list[str]:
        """Return method and target of each request."""
        return [f"{each.method} {each.target}" for each in self.requests]


@contextmanager
def scripted(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve on a free port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Scripted(listener.getsockname()[1])
    open_sockets: list[socket.socket] = []

    def serve(plain: socket.socket, number: int) -> None:
        with suppress(OSError):
            sock = plain if context is None else context.wrap_socket(plain, server_side=True)
            open_sockets.append(sock)
            while (request := _received(sock, number)) is not None:
                server.requests.append(request)
                if not script(sock, request, server):
                    break
            sock.close()
        plain.close()

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.connections += 1
            open_sockets.append(plain)
            threading.Thread(target=serve, args=(plain, server.connections), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for each in open_sockets:
            each.close()


def reply(
    status: int = 200, value: object = None, headers: Mapping[str, str] | None = None, *, body: bytes | None = None
) -> bytes:
    """Return a whole answer: JSON, or problem details for an error, or `body` as it is."""
    data = json.dumps({} if value is None else value).encode() if body is None else body
    media = "application/problem+json" if status >= 400 else "application/json"
    fields = {"Content-Type": media, "Content-Length": str(len(data)), **(headers or {})}
    lines = "".join(f"{name}: {text}\r\n" for name, text in fields.items())
    return f"HTTP/1.1 {status} Some Reason\r\n{lines}\r\n".encode("latin-1") + data


def always(answer: bytes) -> Script:
    """Give the same answer to everything."""

    def script(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        sock.sendall(answer)
        return True

    return script


def in_turn(*answers: bytes) -> Script:
    """Give one answer after the other, the last one for ever."""

    def script(sock: socket.socket, _request: Received, server: Scripted) -> bool:
        sock.sendall(answers[min(len(server.requests), len(answers)) - 1])
        return True

    return script


def deadline(seconds: float = 3.0) -> Deadline:
    """Return a deadline from now on."""
    return Deadline(seconds)


def memory(content: str = "I use pnpm", user: str = "u1", **more: object) -> dict[str, object]:
    """Return a memory as a server gives it."""
    at = "2026-01-01T00:00:00.000Z"
    return {
        "id": "m-1",
        "content": content,
        "scope": {"user_id": user},
        "metadata": {},
        "created_at": at,
        "updated_at": at,
        "version": 1,
        **more,
    }


def _received(sock: socket.socket, number: int) -> Received | None:
    """Read one request; None when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (each.partition(":") for each in fields)}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536)
    return Received(line, headers, body, number)
