"""A TCP socket that no peer can keep waiting: what is left of the deadline bounds each single operation.

The timeout of a plain socket starts anew with every `recv`, so that a server that sends one byte a second never meets
it. Here each `recv` gets what is left of one deadline. TLS runs above it over memory buffers (`SSLTransport`), so
that a handshake or a record that drips is bounded in the same place. It works alike where gevent has replaced the
socket module, because it only asks for a timeout before each operation.
"""

from __future__ import annotations

import socket
from threading import Thread
from typing import Any

from .deadline import Deadline

CONNECT_SECONDS = 2.0
"""The longest that TCP may take to connect, all addresses of a name together."""


class NotConnected(TimeoutError):
    """No address took a connection within 2 s; there may be time left for another attempt."""


class DeadlineSocket(socket.socket):
    """A stream socket; `deadline` is set before use, `received` counts the bytes that came."""

    deadline: Deadline
    received = 0

    def settimeout(self, value: float | None) -> None:
        """Do nothing: the deadline decides, whatever the layers above think."""

    def recv(self, *arguments: Any) -> bytes:
        """Receive by the deadline."""
        self._bound()
        data = super().recv(*arguments)
        self.received += len(data)
        return data

    def recv_into(self, *arguments: Any) -> int:
        """Receive into a buffer by the deadline."""
        self._bound()
        count = super().recv_into(*arguments)
        self.received += count
        return count

    def send(self, *arguments: Any, **options: Any) -> int:
        """Send by the deadline; gevent's `sendall` passes an option of its own."""
        self._bound()
        return super().send(*arguments, **options)

    def sendall(self, *arguments: Any) -> None:
        """Send everything by the deadline."""
        self._bound()
        super().sendall(*arguments)

    def is_quiet(self) -> bool:
        """Tell whether nothing has come, not even an end: an idle connection that can be used again."""
        super().settimeout(0.0)
        try:
            super().recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def _bound(self) -> None:
        """Give the next operation what is left; raises TimeoutError when nothing is."""
        left = self.deadline.left()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        super().settimeout(left)


def connected(host: str, port: int, deadline: Deadline) -> DeadlineSocket:
    """Return a socket that is connected by the deadline, and within 2 s; raises OSError, NotConnected among them."""
    addresses = addresses_of(host, port, deadline)
    soonest = deadline.sooner(CONNECT_SECONDS)
    failure: OSError = OSError("the name has no address")
    for number, (family, address) in enumerate(addresses):
        share = soonest.left() / (len(addresses) - number)
        try:
            return _connected(family, address, soonest.sooner(share))
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError) and deadline.seconds > CONNECT_SECONDS:
        raise NotConnected from None
    raise failure


def addresses_of(host: str, port: int, deadline: Deadline) -> list[tuple[int, Any]]:
    """Return family and address of each; raises OSError, and TimeoutError where name servers are silent."""
    found: list[tuple[int, Any]] = []
    failures: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend((each[0], each[4]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failures.append(error)
        except UnicodeError:
            failures.append(socket.gaierror(socket.EAI_NONAME, "not a host name"))

    # getaddrinfo has no timeout of its own; a thread that is still in it is left behind.
    thread = Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if failures:
        raise failures[0]
    if not found:
        raise TimeoutError("the name servers did not answer")
    return found


def _connected(family: int, address: Any, deadline: Deadline) -> DeadlineSocket:
    """Return a connected socket to one address."""
    sock = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.deadline = deadline
        sock._bound()  # noqa: SLF001 - its own module
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
