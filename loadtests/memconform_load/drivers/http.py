"""The direct driver: HTTP over one shared pool of connections, with a deadline for each call as a whole."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from typing import Any

import gevent
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

from memconform.environment import memconform_version
from memconform_load.calls import Ended, Failed, Op, Reply, Request
from memconform_load.drivers.connections import Connections
from memconform_load.drivers.reading import read_answer, server_seconds
from memconform_load.drivers.wording import Message, worded


class DirectDriver:
    """Sends HTTP requests itself. Only reads are sent again where a connection that was kept open proves broken."""

    name = "direct"
    supports = frozenset(Op)
    pids: Sequence[int] = ()

    def __init__(
        self,
        url: str,
        api_key: str | None,
        *,
        connections: int = 10_000,
        timeout_s: float = 30.0,
        ca_file: str | None = None,
        insecure: bool = False,
    ) -> None:
        self._prefix, origin = _split(url)
        headers = {"User-Agent": f"memconform-load/{memconform_version()}", "Accept": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"

        self._connections = Connections(
            origin, headers, most=connections, timeout_s=timeout_s, ca_file=ca_file, insecure=insecure
        )

    def call(self, request: Request, timeout_s: float) -> Reply:
        """Carry one request."""
        return self._exchanged(request.op, worded(request), timeout_s)

    def fetch(self, target: str, timeout_s: float) -> tuple[int, bytes]:
        """Return status and body of a GET; raise `OSError` where there is no answer."""
        deadline = gevent.Timeout(timeout_s, TimeoutError(f"no answer within {timeout_s:g} s"))
        try:
            with deadline:
                response = self._connections.exchange("GET", self._prefix + target)
                return response.status_code, bytes(response.read())
        except (HTTPConnectionClosed, HTTPParseError) as error:
            raise OSError(str(error)) from None

    def _exchanged(self, op: Op, message: Message, timeout_s: float) -> Reply:
        start = time.monotonic()
        reply = Reply(start, start, Ended.UNKNOWN)
        deadline = gevent.Timeout(timeout_s)
        deadline.start()
        body: bytes | None = None
        try:
            target = self._prefix + message.target
            response = self._connections.exchange(message.method, target, message.body, message.headers)
            body = bytes(response.read())
            reply.end = time.monotonic()
            reply.status = response.status_code
            timing = response.get("server-timing")
            reply.server_s = server_seconds(timing if isinstance(timing, str) else None)
        except gevent.Timeout as late:
            if late is not deadline:
                raise
            reply.failed = Failed("timed out", f"no whole answer within {timeout_s:g} s")
        except TimeoutError:
            reply.failed = Failed("timed out", f"the connection was silent for {timeout_s:g} s")
        except ConnectionRefusedError as error:
            reply.ended, reply.failed = Ended.REFUSED, Failed("connection refused", str(error))
        except (OSError, HTTPConnectionClosed, HTTPParseError) as error:
            reply.failed = Failed(_kind(error), f"{type(error).__name__}: {error}")
        finally:
            deadline.close()
        if body is None:
            reply.end = time.monotonic()
            return reply
        reply.ended = Ended.OK
        read_answer(op, reply, body)
        return reply

    def about(self) -> dict[str, Any] | None:
        """Return None: there is nothing to tell."""
        return None

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


def _split(url: str) -> tuple[str, str]:
    """Return the path before `/v1`, and scheme and authority."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return (slash + path).rstrip("/"), f"{scheme}://{authority}"


def _kind(error: Exception) -> str:
    if isinstance(error, HTTPParseError):
        return "no HTTP"
    if isinstance(error, ConnectionResetError | BrokenPipeError | HTTPConnectionClosed):
        return "connection lost"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    return f"no connection ({getattr(error, 'strerror', None) or type(error).__name__})"
