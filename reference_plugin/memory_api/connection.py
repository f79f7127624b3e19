"""One HTTP/1.1 connection to one server, and what came of a request on it."""

from __future__ import annotations

import ssl

from urllib3.connection import HTTPConnection
from urllib3.util.ssltransport import SSLTransport

from .deadline import Deadline
from .deadline_socket import DeadlineSocket, connected


class Connection(HTTPConnection):
    """Plain HTTP; connects when first used, by the deadline that was set last."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._deadline = Deadline(0.0)
        self._tcp: DeadlineSocket | None = None
        self.requests = 0
        """How many requests were sent on it."""

    def allow(self, deadline: Deadline) -> None:
        """Let everything that follows end by `deadline`."""
        self._deadline = deadline
        if self._tcp is not None:
            self._tcp.deadline = deadline

    def connect(self) -> None:
        """Connect; raises OSError."""
        self._tcp = connected(self.host, self.port, self._deadline)
        self._tcp.deadline = self._deadline
        self.sock = self._tcp

    @property
    def received(self) -> int:
        """How many bytes have come on it."""
        return 0 if self._tcp is None else self._tcp.received

    @property
    def is_reusable(self) -> bool:
        """Whether it is open and nothing has come while it was idle."""
        return self.sock is not None and self._tcp is not None and self._tcp.is_quiet()


class TlsConnection(Connection):
    """HTTP over TLS, checked against `context`."""

    default_port = 443  # type: ignore[misc]  # a class variable in urllib3, another kind in typeshed

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port)
        self._context = context

    def connect(self) -> None:
        """Connect and shake hands by the deadline; raises OSError, of which SSLError is one."""
        super().connect()
        tcp = self._tcp
        if tcp is None:
            raise OSError("not connected")
        try:
            self.sock = SSLTransport(tcp, self._context, server_hostname=self.host)
        except BaseException:
            self.close()
            raise
