"""Where the server behind the front is, and how connections to it are made."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0


class UpstreamFailed(Exception):
    """No usable answer came from the server behind."""


class Unreachable(UpstreamFailed):
    """No connection could be made."""


@dataclass(frozen=True)
class Origin:
    """Where the server behind is. `ca_file` names authorities to trust in PEM form, in place of the system's."""

    url: str
    ca_file: str | None = None
    tls: ssl.SSLContext | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Prepare TLS once."""
        if self.scheme == "https":
            object.__setattr__(self, "tls", ssl.create_default_context(cafile=self.ca_file))

    @property
    def scheme(self) -> str:
        """The scheme: http or https."""
        return urlsplit(self.url).scheme

    @property
    def root(self) -> str:
        """The address without a path."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as the URL has them."""
        return urlsplit(self.url).netloc

    @property
    def base_path(self) -> str:
        """The path of the URL, without a slash at the end."""
        return urlsplit(self.url).path.rstrip("/")

    def connect(self) -> socket.socket:
        """Return a new connection; raise `Unreachable`."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        try:
            sock = socket.create_connection((host, parts.port or (443 if self.tls else 80)), CONNECT_SECONDS)
        except OSError as error:
            raise Unreachable(f"no connection to {self.root}: {error.strerror or error}") from error
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self.tls.wrap_socket(sock, server_hostname=host) if self.tls else sock
        except (OSError, ValueError) as error:
            sock.close()
            raise Unreachable(
                f"no connection to {self.root}: {getattr(error, 'verify_message', '') or error}"
            ) from error
