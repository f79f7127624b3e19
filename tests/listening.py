"""A server of one function: each connection of a free port is handed to it; none outlives the block."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

Answer = Callable[[socket.socket, int], None]
"""Speaks on a connection, which has a number from 1; it is closed when this returns, or raises an `OSError`."""


@dataclass
class Listening:
    """Where a server listens, and how many connections it was asked for."""

    port: int
    connections: int = 0

    @property
    def url(self) -> str:
        """The address, of a server without TLS."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def listening(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Listening]:
    """Listen on the loopback interface.

    Every connection has a thread of its own. At the end all of them are shut, which wakes who reads from one.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    server = Listening(listener.getsockname()[1])
    taken: list[socket.socket] = []

    def attend(plain: socket.socket, number: int) -> None:
        with suppress(OSError), plain if tls is None else tls.wrap_socket(plain, server_side=True) as sock:
            taken.append(sock)
            answer(sock, number)

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            taken.append(plain)
            server.connections += 1
            threading.Thread(target=attend, args=(plain, server.connections), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()  # or it could take a connection that nobody closes
        listener.close()
        for each in taken:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
