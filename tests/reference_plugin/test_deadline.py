"""A call ends with its deadline, whatever the server does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from memory_api.answer import Answer
from memory_api.client import MemoryClient
from memory_api.deadline import Deadline
from memory_api.failures import MemoryFailure
from memory_api.operations import followed

from .scripted_server import Received, Script, Scripted, reply, scripted, settings_at

SECONDS = 0.8
GRACE = 3.0
"""Far less than what each of these servers would take without a deadline."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def dripping(start: bytes, piece: bytes) -> Script:
    """Send `start`, then `piece` again and again, faster than any timeout between two reads."""

    def script(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        sock.sendall(start)
        for _ in range(1000):
            sock.sendall(piece)
            time.sleep(0.1)
        return False

    return script


def silent(_sock: socket.socket, _request: Received, _server: Scripted) -> bool:
    """Never answer."""
    time.sleep(60)
    return False


SLOW: dict[str, Script] = {
    "never answers": silent,
    "drips its status line": dripping(b"", b"H"),
    "drips its header": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "says 100 Continue for ever": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drips its body": dripping(HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
    "drips its chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "never closes": dripping(HEAD + b"\r\n" + b'{"items": []}', b""),
}


@pytest.mark.parametrize("habit", SLOW)
def test_slow_server_is_a_timeout(habit: str) -> None:
    """A server that hangs, drips or never closes is a clear timeout when the deadline has passed, and not before."""
    with scripted(SLOW[habit]) as server:
        started = time.monotonic()
        with pytest.raises(MemoryFailure) as caught:
            MemoryClient(server.settings(), Deadline(SECONDS)).list({"user_id": "u1"}, None, None)
        took = time.monotonic() - started
    assert caught.value.kind == "timeout"
    assert f"deadline of {SECONDS:g} s" in caught.value.happened
    assert SECONDS <= took < GRACE


def test_endless_header_is_refused() -> None:
    """A header that goes on and on ends the call before the deadline, and little of it is kept."""

    def flood(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            sock.sendall(b"X-%d: %s\r\n" % (number, b"a" * 1000))
        return False

    with scripted(flood) as server, pytest.raises(MemoryFailure) as caught:
        MemoryClient(server.settings(), Deadline(10.0)).list({"user_id": "u1"}, None, None)
    assert caught.value.kind == "bad_answer"
    assert "header" in caught.value.happened


def test_server_that_does_not_read_is_a_timeout() -> None:
    """A body that the server does not take is bounded, too."""

    def no_reader(listener: socket.socket) -> None:
        accepted, _ = listener.accept()
        time.sleep(SECONDS * 2)
        accepted.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        threading.Thread(target=no_reader, args=(listener,), daemon=True).start()
        settings = settings_at(listener.getsockname()[1])
        started = time.monotonic()
        with pytest.raises(MemoryFailure) as caught:
            MemoryClient(settings, Deadline(SECONDS)).add({"content": "x" * 20_000_000}, None)
        assert time.monotonic() - started < GRACE
    assert caught.value.kind == "timeout"
    assert "Whether the change was made is not known." in caught.value.happened


def test_connection_that_is_not_taken_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting has a bound of its own, and three attempts of it still end with the deadline."""
    monkeypatch.setattr("memory_api.deadline_socket.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        started = time.monotonic()
        with pytest.raises(MemoryFailure) as caught:
            MemoryClient(settings_at(port), Deadline(SECONDS)).list({"user_id": "u"}, None, None)
        assert time.monotonic() - started < GRACE
        for each in fillers:
            each.close()
    assert caught.value.kind == "timeout"


def test_silent_name_server_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lookup of a name, which has no timeout of its own, does not outlast the deadline."""

    def silent_servers(*_args: object, **_more: object) -> list[object]:
        time.sleep(GRACE)
        return []

    monkeypatch.setattr("memory_api.deadline_socket.socket.getaddrinfo", silent_servers)
    started = time.monotonic()
    with pytest.raises(MemoryFailure) as caught:
        MemoryClient(settings_at(9, host="memory"), Deadline(SECONDS)).list({"user_id": "u"}, None, None)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - started < GRACE


def test_deadline_spans_retries() -> None:
    """Retries share the deadline: a server that fails slowly is not asked three times for as long."""

    def slowly(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        time.sleep(SECONDS * 0.6)
        sock.sendall(reply(503))
        return True

    with scripted(slowly) as server:
        started = time.monotonic()
        with pytest.raises(MemoryFailure):
            MemoryClient(server.settings(), Deadline(SECONDS)).list({"user_id": "u"}, None, None)
        assert time.monotonic() - started < GRACE


def test_operation_that_goes_on_is_said_to_run() -> None:
    """An operation that has not ended near the deadline comes back as it stands."""
    running = {"id": "op-1", "kind": "erasure", "status": "running", "created_at": "2026-01-01T00:00:00Z"}

    def still(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        sock.sendall(reply(200, running))
        return True

    with scripted(still) as server:
        client = MemoryClient(server.settings(), Deadline(SECONDS))
        found = followed(client, running, Answer(202, {}, b""))
        assert client.deadline.left() > 0
    assert found["status"] == "running"
    assert len(server.requests) > 1


@pytest.mark.parametrize("seconds", [0.05, 0.0])
def test_pause_is_never_shorter(seconds: float) -> None:
    """A pause takes at least what was asked for, and no longer than what is left."""
    measure: Callable[[], float] = time.monotonic
    started = measure()
    Deadline(5.0).pause(seconds)
    assert seconds <= measure() - started < 2.0
    started = measure()
    Deadline(0.05).pause(60.0)
    assert measure() - started < 2.0
