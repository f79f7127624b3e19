"""A pool of HTTP connections on which a request is sent once: what is sent again, and when, is known.

geventhttpclient's client would send PUT and DELETE again, untold, where a connection broke, and a change that happens
twice, and late, would be held against the server. Its pool and its parser are what is used here.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse

_SAFE = frozenset({"GET", "HEAD"})
_BLOCK = 65_536


class Connections:
    """Sends requests to one origin, each on a connection of its own while it lasts; connections are kept."""

    def __init__(
        self,
        origin: str,
        headers: Mapping[str, str],
        *,
        most: int,
        timeout_s: float,
        ca_file: str | None = None,
        insecure: bool = False,
    ) -> None:
        """`timeout_s` bounds a silence, not a whole exchange. `headers` go with each request."""
        parts = urlsplit(origin)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        bounds: dict[str, Any] = {"size": most, "connection_timeout": timeout_s, "network_timeout": timeout_s}
        if secure:

            def context(**_: Any) -> ssl.SSLContext:
                made = ssl.create_default_context(cafile=ca_file)
                if insecure:
                    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
                return made

            bounds |= {"ssl_context_factory": context, "ssl_options": {"server_hostname": host}, "insecure": insecure}
        self._pool: ConnectionPool = (SSLConnectionPool if secure else ConnectionPool)(host, port, host, port, **bounds)
        lines = {"Host": parts.netloc, **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())

    def exchange(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HTTPSocketPoolResponse:
        """Send a request and return the answer when its header fields are there.

        Raises `OSError`, `HTTPConnectionClosed` or `HTTPParseError` of geventhttpclient. A read is sent once more where
        a connection that was kept proves to be closed.
        """
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items()) if headers else ""
        length = f"Content-Length: {len(body)}\r\n" if body or method not in _SAFE else ""
        message = f"{method} {target} HTTP/1.1\r\n{self._head}{more}{length}\r\n".encode("latin-1") + body
        try:
            return self._sent(method, message)
        except HTTPConnectionClosed:
            if method not in _SAFE:
                raise
            return self._sent(method, message)

    def _sent(self, method: str, message: bytes) -> HTTPSocketPoolResponse:
        connection = self._pool.get_socket()
        try:
            connection.sendall(message)
        except BaseException:
            self._pool.release_socket(connection)
            raise
        return HTTPSocketPoolResponse(connection, self._pool, block_size=_BLOCK, method=method)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()
