"""The server behind the front: one connection of our own for each of a client's, answers read as they come.

UpstreamFailed          no usable answer came from the server behind
├── Unreachable         no connection could be made (refused, unknown name, TLS)
├── Silent              it did not answer in time
└── BrokeOff            the connection ended, or spoke no HTTP, before the answer was complete
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import h11

from memconform.clients.wire.line import ClientGone, FrontClosing, Line, rule_of
from memconform.clients.wire.origin import Origin, UpstreamFailed
from memconform.exchange import Headers

_IDLE_SECONDS = 600.0
"""How long a stream may be silent once its header has come, in seconds."""


class Silent(UpstreamFailed):
    """The answer did not begin in time."""


class BrokeOff(UpstreamFailed):
    """The connection ended, or spoke no HTTP, before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for the server behind; `rest` is the part of the body that has not been read yet."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    rest: Iterable[bytes] = ()
    whole: bool = True
    """Whether `body` is all of it: only then can the request be sent again."""


class Asked:
    """The answer to one request: status and header fields, then the pieces of the body as they come."""

    def __init__(self, status: int, headers: Headers, pieces: Iterator[bytes]) -> None:
        """Keep them. The first piece is what came along with the header, perhaps nothing; it is never waited for."""
        self.status = status
        self.headers = headers
        self.pieces = pieces


class Upstream:
    """A connection to the server behind, made when it is first needed and kept while both sides keep it."""

    def __init__(self, origin: Origin, timeout_s: float) -> None:
        """Open nothing yet. `timeout_s` bounds the wait for the header of an answer."""
        self.origin = origin
        self.timeout_s = timeout_s
        self.waited_s = 0.0
        """Seconds spent waiting for the server behind, over all requests."""
        self._socket: socket.socket | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._came = False
        """Whether a byte of the present answer came."""

    def ask(self, request: Request, line: Line) -> Asked:
        """Send the request and return the answer when its header has come; raise `UpstreamFailed` or `LineEnded`.

        A kept connection that ended without a byte of an answer was idle: then the request goes out on a new one.
        """
        fresh = self._ready()
        try:
            return self._asked(request, line)
        except BrokeOff:
            if fresh or not request.whole or self._came:
                raise
        self.close()
        self._ready()
        return self._asked(request, line)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def interrupt(self) -> None:
        """Wake whoever waits for the server behind, from another thread."""
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _ready(self) -> bool:
        """Get a connection in its idle state; tell whether it is a new one."""
        if self._socket is not None:
            if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE and not self._readable():
                self._http.start_next_cycle()
                return False
            self.close()
        begun = time.perf_counter()
        try:
            self._socket = self.origin.connect()
        finally:
            self.waited_s += time.perf_counter() - begun
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=1024 * 1024)
        return True

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self._open(), select.POLLIN)
        return bool(poll.poll(0))

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise BrokeOff("the connection is closed")
        return self._socket

    def _asked(self, request: Request, line: Line) -> Asked:
        self._came = False
        deadline = time.monotonic() + self.timeout_s
        self._write(request, line)
        while True:
            event = self._event()
            if event is h11.NEED_DATA:
                self._receive(line, deadline)
            elif isinstance(event, h11.InformationalResponse):
                continue
            elif isinstance(event, h11.Response):
                headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers.raw_items())
                return Asked(event.status_code, headers, self._pieces(line))
            else:
                raise BrokeOff(f"{self.origin.root} closed the connection without an answer")

    def _write(self, request: Request, line: Line) -> None:
        out = [self._http.send(h11.Request(method=request.method, target=request.target, headers=request.headers))]
        if request.body:
            out.append(self._http.send(h11.Data(data=request.body)))
        if request.whole:
            out.append(self._http.send(h11.EndOfMessage()))
        self._send(b"".join(each or b"" for each in out), line)
        if not request.whole:
            for piece in request.rest:
                self._send(self._http.send(h11.Data(data=piece)) or b"", line)
            self._send(self._http.send(h11.EndOfMessage()) or b"", line)

    def _send(self, data: bytes, line: Line) -> None:
        begun = time.perf_counter()
        try:
            self._open().settimeout(self.timeout_s)
            self._open().sendall(data)
        except OSError as error:
            if line.closing():
                raise FrontClosing from None
            # A server may answer and close before it has read all: then its answer is there to be read.
            if not isinstance(error, (BrokenPipeError, ConnectionResetError)):
                raise BrokeOff(f"{self.origin.root} did not take the request: {error}") from error
        finally:
            self.waited_s += time.perf_counter() - begun

    def _pieces(self, line: Line) -> Iterator[bytes]:
        """Yield what has come without waiting, then piece after piece."""
        ready = bytearray()
        while True:
            event = self._event()
            if isinstance(event, h11.Data):
                ready += event.data
                if len(ready) < 65_536:
                    continue
            if isinstance(event, h11.EndOfMessage):
                yield bytes(ready)
                return
            yield bytes(ready)
            ready.clear()
            if event is h11.NEED_DATA:
                self._receive(line, time.monotonic() + _IDLE_SECONDS)

    def _event(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise BrokeOff(f"the answer of {self.origin.root} is broken: {rule_of(error)}") from None

    def _receive(self, line: Line, deadline: float) -> None:
        begun = time.perf_counter()
        try:
            self._wait(line, deadline)
            data = self._open().recv(65_536)
        except TimeoutError:
            raise Silent(f"{self.origin.root} was silent for {self.timeout_s:g} s") from None
        except OSError as error:
            if line.closing():
                raise FrontClosing from None
            raise BrokeOff(f"the answer of {self.origin.root} broke off: {error.strerror or error}") from error
        finally:
            self.waited_s += time.perf_counter() - begun
        if line.closing() and not data:
            raise FrontClosing
        self._came = self._came or bool(data)
        self._http.receive_data(data)

    def _wait(self, line: Line, deadline: float) -> None:
        """Wait until the server says something; raise `TimeoutError` at the deadline, `LineEnded` when nobody waits."""
        sock = self._open()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        poll.register(line.socket, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = {number for number, _ in poll.poll(left * 1000)}
            if sock.fileno() in ready:
                return
            if line.socket.fileno() in ready:
                if line.gone():
                    raise FrontClosing if line.closing() else ClientGone
                poll.unregister(line.socket)  # a pipelined request waits there
