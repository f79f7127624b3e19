"""One request and its answer on the wire: no redirect is followed, nothing is read beyond its limit."""

from __future__ import annotations

import http.client
from collections.abc import Callable

from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from .answer import Answer, unusable
from .breakage import failure_of
from .connection import Connection
from .deadline import Deadline
from .failures import MemoryFailure
from .pools import Pool
from .request import Request, encoded, headers, target
from .settings import Settings


class StaleConnection(Exception):
    """A connection that was used before was closed before any byte of this answer came."""


def answered(
    pool: Pool, settings: Settings, request: Request, deadline: Deadline, may_send_again: Callable[[], bool]
) -> Answer:
    """Send a request; where a kept connection turns out to be closed, once more on a new one. Raises MemoryFailure."""
    try:
        return send_once(pool, pool.take(), settings, request, deadline)
    except StaleConnection as stale:
        if not may_send_again():
            raise failure_of(ConnectionResetError(str(stale)), settings, deadline) from None
    return send_once(pool, pool.fresh(), settings, request, deadline)


def send_once(pool: Pool, connection: Connection, settings: Settings, request: Request, deadline: Deadline) -> Answer:
    """Send a request once and read its answer; raises MemoryFailure, or StaleConnection."""
    connection.allow(deadline)
    before = connection.received
    used = connection.requests > 0
    try:
        response = _head(connection, settings, request)
        answer = read(response, request, settings, deadline)
    except MemoryFailure:
        connection.close()
        raise
    except (OSError, HTTPError, http.client.HTTPException) as error:
        nothing_came = connection.received == before
        connection.close()
        if used and nothing_came and isinstance(error, ConnectionError):
            raise StaleConnection from None
        raise failure_of(error, settings, deadline) from None
    except BaseException:
        connection.close()
        raise
    if answer.broken is None and connection.sock is not None and response.isclosed():
        pool.give_back(connection)
    else:
        connection.close()
    return answer


def read(response: HTTPResponse, request: Request, settings: Settings, deadline: Deadline) -> Answer:
    """Return the answer with its body; one that is too large or breaks off is a failure, or a partial answer."""
    body = bytearray()
    broken: MemoryFailure | None = None
    try:
        while chunk := response.read(65536):
            body += chunk
            if len(body) > request.most_bytes:
                size = f"it is larger than {request.most_bytes >> 20} MiB"
                raise unusable(size, "Ask for less: a lower top_k, limit or max_records.")
    except (OSError, HTTPError, http.client.HTTPException, MemoryFailure) as error:
        response.close()
        broken = failure_of(error, settings, deadline)
        if not request.partial:
            raise broken from None
    return Answer(response.status, response.headers, bytes(body[: request.most_bytes]), broken)


def _head(connection: Connection, settings: Settings, request: Request) -> HTTPResponse:
    """Send the request and return its response, of which the header has come."""
    connection.requests += 1
    connection.request(
        request.method,
        target(settings, request),
        body=encoded(request),
        headers=headers(settings, request),
        preload_content=False,
    )
    return connection.getresponse()
