"""A server that does to each request what a function says, byte by byte, and keeps what it was sent."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from memory_api.deadline import Deadline
from memory_api.settings import Settings
from tests.listening import Listening, listening


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

    where: Listening
    requests: list[Received] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.where.port

    @property
    def connections(self) -> int:
        """How many connections it was asked for."""
        return self.where.connections

    def settings(self, **more: object) -> Settings:
        """Return the settings of a client of this server."""
        return settings_at(self.port, **more)

    def urls(self) -> list[str]:
        """Return method and target of each request."""
        return [f"{each.method} {each.target}" for each in self.requests]


def settings_at(port: int, **more: object) -> Settings:
    """Return the settings of a client of a server on this port."""
    given: dict[str, object] = {
        "scheme": "http",
        "host": "127.0.0.1",
        "port": port,
        "prefix": "",
        "deadline_s": 3.0,
        "api_key": "secret-key-of-a-test",
    }
    return Settings(**{**given, **more})  # type: ignore[arg-type]  # a test's own spelling


@contextmanager
def scripted(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve on a free port of the loopback interface."""
    requests: list[Received] = []

    def serve(sock: socket.socket, number: int) -> None:
        while (request := _received(sock, number)) is not None:
            requests.append(request)
            if not script(sock, request, server):
                return

    with listening(serve, context) as where:
        server = Scripted(where, requests)
        yield server


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
