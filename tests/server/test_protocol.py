"""Below the app: what is no HTTP, comes too slowly or is too large ends with a problem, in bounded time."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from memconform_server.app import create_app
from memconform_server.protocol import HEAD_BYTES
from memconform_server.settings import Settings
from memconform_server.stores import Opening, open_store

HEAD = b"POST /v1/memories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice-key\r\nContent-Type: application/json\r\n"


def talk(server: Any, *sent: bytes) -> bytes:
    """Send bytes on a new connection and return everything that comes back until it closes or answers once."""
    host, port = server.url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        try:
            for each in sent:
                connection.sendall(each)
        except (BrokenPipeError, ConnectionResetError):
            pass
        while chunk := _received(connection):
            received += chunk
            if complete(received):
                break
    return received


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


def complete(received: bytes) -> bool:
    """Tell whether a whole answer was received."""
    head, separator, body = received.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(separator) and bool(lengths) and len(body) >= lengths[0]


def problem(received: bytes) -> dict[str, Any]:
    """Return the problem document of an answer."""
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    document: dict[str, Any] = json.loads(body)
    assert head.split(b" ")[1] == str(document["status"]).encode()
    return document


NO_HTTP = [
    b"hello\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /v1/m\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
]


@pytest.mark.parametrize("sent", NO_HTTP)
def test_what_is_no_http_is_a_problem(server: Any, sent: bytes) -> None:
    """Bytes that make no request get a 400 problem, and the connection ends."""
    assert problem(talk(server, sent))["status"] == 400


def test_a_huge_head_is_refused(server: Any) -> None:
    """Headers beyond the bound are 431 instead of memory."""
    line = b"X-Filler: " + b"a" * 8_000 + b"\r\n"
    received = talk(server, HEAD, *[line] * 60)
    assert problem(received)["status"] == 431
    assert 60 * len(line) > HEAD_BYTES


def test_many_requests_on_one_connection_share_no_head(server: Any) -> None:
    """The bound is on each head: a connection may carry any number of requests, pipelined ones too."""
    host, port = server.url.removeprefix("http://").split(":")
    request = b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Filler: " + b"a" * 2_000 + b"\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for _ in range(20):
            connection.sendall(request * 3)
            received = b""
            while received.count(b'{"status":"ok"}') < 3:
                received += connection.recv(65_536)
            assert received.count(b"HTTP/1.1 200 OK") == 3


def test_a_refused_body_leaves_the_connection_usable(server: Any) -> None:
    """413 comes up front, before the body; a client that sends it all the same can go on with the connection."""
    size = 3_000_000
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(HEAD + f"Content-Length: {size}\r\n\r\n".encode())
        received = b""
        while not complete(received):
            received += connection.recv(65_536)
        assert problem(received)["status"] == 413
        connection.sendall(b" " * size + b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_expects_continue_sends_no_refused_body(server: Any) -> None:
    """With Expect: 100-continue a refusal comes instead of the invitation."""
    received = talk(server, HEAD + b"Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 413 ")


def answer(
    messages: list[dict[str, Any]], settings: Settings, stall: bool
) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    """Send ASGI messages to an app, then nothing more (stall) or a disconnect; return its answer."""
    store = open_store("sqlite", Opening())
    sent: list[dict[str, Any]] = []
    pending = list(messages)

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop(0)
        if stall:
            await asyncio.sleep(30)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/memories", "raw_path": b"/v1/memories", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "root_path": "", "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(create_app(store, settings)(scope, receive, send))  # type: ignore[arg-type]  # an ASGI app is awaitable
    store.close()
    return sent[0]["status"], json.loads(sent[1]["body"] or "{}"), dict(sent[0]["headers"])


def test_a_body_that_drips_is_given_up() -> None:
    """A body that does not arrive in time is 408 and the connection closes."""
    part = [{"type": "http.request", "body": b'{"content"', "more_body": True}]
    status, document, headers = answer(part, Settings(body_timeout_s=0.05), stall=True)
    assert (status, document["status"], headers[b"connection"]) == (408, 408, b"close")


def test_a_client_that_goes_away_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """A disconnect in the middle of a body is 499 in the journal and no failure."""
    part = [{"type": "http.request", "body": b'{"content"', "more_body": True}]
    assert answer(part, Settings(access_log=True), stall=False)[0] == 499
    assert '"status": 499' in capsys.readouterr().err


def test_beyond_the_room_is_503() -> None:
    """More requests at once than there is room for are told to come again."""
    status, document, headers = answer([], Settings(in_flight=0), stall=True)
    assert (status, document["status"], headers[b"retry-after"]) == (503, 503, b"1")
