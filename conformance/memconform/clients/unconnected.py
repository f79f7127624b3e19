"""An address that neither takes a connection nor refuses it, as behind a firewall that drops what it does not know."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_MOST = 16
_FULL_S = 0.3
"""A connection on loopback that is not made within this time is not made at all."""


@contextmanager
def unconnected_url() -> Iterator[str | None]:
    """Yield such an address; None where the system takes connections whatever is waiting already."""
    with ExitStack() as open_ones:
        listener = open_ones.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(_MOST):
            waiting = open_ones.enter_context(socket.socket())
            waiting.settimeout(_FULL_S)
            try:
                waiting.connect(("127.0.0.1", port))
            except TimeoutError:
                yield f"http://127.0.0.1:{port}"
                return
        yield None
