"""The wire: bounded in time whatever the server does, forgiving where HTTP is, and honest about whose fault it was."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from tests.listening import Answer, listening

from memconform.exchange import Sent
from memconform.http import Disconnected, Pace, Refused, Target, TimedOut, Wire, together

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Serve = Callable[[Answer], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that hand each connection, with its number, to a function."""
    with ExitStack() as running:
        yield lambda answer: running.enter_context(listening(answer)).url


def get(wire: Wire, path: str = "/", lane: str = "x") -> bytes:
    """Send a GET and return the body."""
    return wire.send(Sent("GET", wire.target.url + path), {}, lane)[1].body


def slowly(data: bytes) -> Answer:
    """Return a server that sends a byte every 50 ms."""

    def answer(connection: socket.socket, _: int) -> None:
        connection.recv(4096)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        lambda *_: time.sleep(3),
        slowly(OK * 9),
        slowly(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500),
        slowly(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
        slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500),
        slowly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 500),
    ],
    ids=["silence", "status line", "a header", "interim answers", "a body", "chunks"],
)
def test_the_whole_exchange_has_one_deadline(serve: Serve, answer: Answer) -> None:
    """Where a server sends byte by byte, each in time, the time-out still bounds the whole answer."""
    wire = Wire(Target(serve(answer), timeout=0.4))
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"within 0\.4 s") as late:
        get(wire)
    assert time.monotonic() - started < 1.5
    assert late.value.exchange.received is None
    wire.close()


def test_a_body_that_is_not_read_has_a_deadline_too(serve: Serve) -> None:
    """A server that stops reading holds nobody up."""
    wire = Wire(Target(serve(lambda *_: time.sleep(3)), timeout=0.4))
    started = time.monotonic()
    with pytest.raises(TimedOut):
        wire.send(Sent("POST", wire.target.url + "/", (), b"x" * 50_000_000), {}, "x")
    assert time.monotonic() - started < 1.5
    wire.close()


def test_the_deadline_is_the_exchanges_own(serve: Serve) -> None:
    """A slow exchange leaves its successor, and its neighbour on another thread, the whole time."""

    def answer(connection: socket.socket, _: int) -> None:
        while connection.recv(4096):
            time.sleep(0.5)
            connection.sendall(OK)

    wire = Wire(Target(serve(answer), timeout=1.8))
    assert [get(wire) for _ in range(4)] == [b"{}"] * 4
    assert together([lambda: get(wire)] * 3) == [b"{}"] * 3
    wire.close()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_idle_connection_may_be_closed_at_any_time(serve: Serve, method: str) -> None:
    """A request that met a connection just being closed goes out on another one: every request is answered once."""
    answered: list[int] = []

    def answer(connection: socket.socket, number: int) -> None:
        connection.recv(4096)
        answered.append(number)
        connection.sendall(OK)
        connection.recv(4096)  # the next request came, and is never looked at
        connection.close()

    wire = Wire(Target(serve(answer), timeout=2))
    for _ in range(6):
        exchange, _ = wire.send(Sent(method, wire.target.url + "/", (), b"{}" if method == "POST" else b""), {}, "x")
        assert exchange.problem is None
    assert len(answered) == 6
    wire.close()


def test_many_stale_connections_are_passed_over(serve: Serve) -> None:
    """Also when all connections of a lane went stale at once."""

    def answer(connection: socket.socket, number: int) -> None:
        connection.recv(4096)
        time.sleep(0.1 if number <= 4 else 0)
        connection.sendall(OK)
        if number <= 4:
            connection.recv(4096)
            connection.close()

    wire = Wire(Target(serve(answer), timeout=2))
    together([lambda: get(wire)] * 4)
    assert get(wire) == b"{}"
    wire.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"hello\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "a word", "zeros"],
)
def test_a_fresh_connection_that_breaks_is_told(serve: Serve, said: bytes) -> None:
    """An answer that breaks off, or is none, is reported and not sent again."""
    connections: list[int] = []

    def answer(connection: socket.socket, number: int) -> None:
        connections.append(number)
        connection.recv(4096)
        connection.sendall(said)
        connection.close()

    wire = Wire(Target(serve(answer), timeout=2))
    with pytest.raises(Disconnected, match="broke off"):
        get(wire)
    assert connections == [1]
    wire.close()


def test_an_answer_that_breaks_on_a_used_connection_is_told(serve: Serve) -> None:
    """Half an answer on a connection that was idle is no idle connection that ended."""

    def answer(connection: socket.socket, _: int) -> None:
        connection.recv(4096)
        connection.sendall(OK)
        connection.recv(4096)
        connection.sendall(OK[:-1])
        connection.close()

    wire = Wire(Target(serve(answer), timeout=2))
    assert get(wire) == b"{}"
    with pytest.raises(Disconnected):
        get(wire)
    wire.close()


def test_nobody_there_is_told_at_once() -> None:
    """A refused connection is neither a time-out nor retried."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        wire = Wire(Target(f"http://127.0.0.1:{unused.getsockname()[1]}", timeout=5))
        started = time.monotonic()
        with pytest.raises(Refused, match="refused"):
            get(wire)
        assert time.monotonic() - started < 1
    wire.close()


def test_what_we_cannot_send_is_our_fault(serve: Serve) -> None:
    """A request that is no HTTP is an error of the harness, never a finding against the server."""
    wire = Wire(Target(serve(lambda *_: None), timeout=1))
    with pytest.raises(httpx.LocalProtocolError):
        wire.send(Sent("GET", wire.target.url + "/", (("X", "a\r\nb"),)), {}, "x")
    wire.close()


def test_what_broke_off_does_not_tell_the_key(serve: Serve) -> None:
    """A server that sends the request back as if it were an answer does not get the key into the message."""

    def answer(connection: socket.socket, _: int) -> None:
        asked = connection.recv(4096)
        line = next(line for line in asked.split(b"\r\n") if b"hunter2" in line)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + line.replace(b":", b"") + b"\r\n\r\n")
        connection.close()

    wire = Wire(Target(serve(answer), timeout=1))
    with pytest.raises(Disconnected) as broken:
        wire.send(Sent("GET", wire.target.url + "/"), {"Authorization": "Bearer hunter2-hunter2"}, "x")
    assert "hunter2" not in broken.value.detail
    assert "hunter2" not in str(broken.value.exchange.to_json())
    wire.close()


def test_lanes_share_no_connection(serve: Serve) -> None:
    """Two lanes are two clients: what one reads never comes over the other's connection; one lane reuses its own."""

    def answer(connection: socket.socket, number: int) -> None:
        while connection.recv(4096):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)

    wire = Wire(Target(serve(answer), timeout=2))
    assert [get(wire, lane=lane) for lane in "abab"] == [b"1", b"2", b"1", b"2"]
    wire.close()


def test_the_pace_holds_over_all_threads() -> None:
    """The starts are spaced evenly whoever asks; the first does not wait."""
    started = time.monotonic()
    Pace(0.05).wait()
    assert time.monotonic() - started < 10
    pace = Pace(50)
    started = time.monotonic()
    starts: list[float] = []

    def begin() -> None:
        for _ in range(5):
            pace.wait()
            starts.append(time.monotonic() - started)

    together([begin] * 4)
    starts.sort()
    assert all(start >= number / 50 - 0.001 for number, start in enumerate(starts))


def test_together_raises_what_one_of_them_raised() -> None:
    """No error of a thread is lost; the results come in order."""
    assert together([lambda number=number: number for number in range(5)]) == list(range(5))  # type: ignore[misc]  # bound
    with pytest.raises(ZeroDivisionError):
        together([lambda: 1, lambda: 1 // 0])
