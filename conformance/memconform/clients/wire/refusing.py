"""An address where nobody listens: what a client sees of a server that is down."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refusing_url(base_path: str = "") -> Iterator[str]:
    """Yield a URL whose port refuses every connection; it is held, without listening, so that nobody takes it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}{base_path}"
