"""The wire: sends requests to the server under test, bounded in time, size and rate, and keeps each as an `Exchange`.

Of the judge the only module that names httpx (`deadline` is its lower half; a migration has its own). Exceptions:

    Unanswered          no usable answer came back
    ├── Refused         nobody listens (or the name is unknown, or TLS failed)
    ├── TimedOut        no complete answer within the time-out; proves nothing about the server
    └── Disconnected    the connection ended, or spoke no HTTP, before the answer was complete
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from memconform.deadline import Attempt, BoundedBackend, until
from memconform.exchange import Exchange, Received, Sent
from memconform.rendezvous import meet, racing

T = TypeVar("T")

RESPONSE_BYTES = 64 * 1024 * 1024
"""The largest response that is read, in bytes."""


class Unanswered(Exception):
    """A request got no usable answer; `exchange` is what went out."""

    def __init__(self, detail: str, exchange: Exchange) -> None:
        """Say what happened on the wire."""
        super().__init__(detail)
        self.detail = detail
        self.exchange = exchange


class Refused(Unanswered):
    """No connection could be made."""


class TimedOut(Unanswered):
    """The answer was not complete in time."""


class Disconnected(Unanswered):
    """The connection ended before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the server is and how to speak to it; times in seconds, `rate` in requests a second (None: no limit)."""

    url: str
    timeout: float = 10.0
    rate: float | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with every request; the values are treated as secrets."""
    ca_file: str | None = None
    insecure: bool = False

    def tls(self) -> ssl.SSLContext | bool:
        """Return what httpx verifies certificates with."""
        if self.insecure or self.url.startswith("http://"):
            return False  # for plain HTTP a context would be 30 ms of work for nothing
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True


@dataclass
class Pace:
    """Spaces the starts of requests evenly, over all threads."""

    rate: float | None
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Return when the next request may start."""
        if self.rate is None:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + 1 / self.rate
        time.sleep(start - now)


class Wire:
    """Holds the connections to one server. Each lane is a connection pool of its own; a lane never shares one."""

    def __init__(self, target: Target) -> None:
        """Open nothing yet; connections are made by the first request of a lane."""
        # At INFO httpx would write every URL, with what it holds, into the log of whoever embeds this.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.target = target
        self.requests = 0
        self._pace = Pace(target.rate)
        self._began = time.monotonic()
        self._lanes: dict[str, httpx.Client] = {}
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | bool | None = None

    def send(
        self, sent: Sent, credentials: Mapping[str, str], lane: str, timeout: float | None = None
    ) -> tuple[Exchange, Received]:
        """Send the request and return the exchange and its answer; raise `Unanswered` when no complete answer came.

        `credentials` are headers that never appear in the exchange. `timeout` bounds the whole answer, in seconds.
        """
        return self._sent(sent, credentials, lane, timeout, None)

    def stream(
        self,
        sent: Sent,
        credentials: Mapping[str, str],
        lane: str,
        timeout: float | None,
        enough: Callable[[bytes], bool],
    ) -> tuple[Exchange, Received]:
        """Send the request and read a good answer until `enough` accepts a piece, it ends, or the time is over.

        What came until then is the answer. A refusal is read as any other answer; silence raises as in `send`.
        """
        return self._sent(sent, credentials, lane, timeout, enough)

    def _sent(
        self,
        sent: Sent,
        credentials: Mapping[str, str],
        lane: str,
        timeout: float | None,
        enough: Callable[[bytes], bool] | None,
    ) -> tuple[Exchange, Received]:
        self._pace.wait()
        if self.target.rate is not None:
            meet()
        limit = timeout or self.target.timeout
        with self._lock:
            self.requests += 1
        start = time.monotonic()

        def ended(received: Received | None, problem: str | None = None) -> Exchange:
            return Exchange(sent, received, time.monotonic() - start, start - self._began, problem)

        try:
            received = self._receive(sent, credentials, lane, start + limit, limit, enough)
            return ended(received), received
        except httpx.LocalProtocolError:
            raise  # what we wanted to send is no HTTP: our own fault, never the server's
        except httpx.TimeoutException as error:
            detail = f"no complete answer to {sent.method} {sent.url.split('?')[0]} within {limit:g} s"
            raise TimedOut(detail, ended(None, detail)) from error
        except httpx.ConnectError as error:
            detail = f"no connection to {self.target.url}: {str(error) or type(error).__name__}"
            raise Refused(detail, ended(None, detail)) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            said = _without(str(error) or type(error).__name__, [*credentials.values(), *self._own_values()])
            detail = f"the answer to {sent.method} {sent.url.split('?')[0]} broke off: {said}"
            raise Disconnected(detail, ended(None, detail)) from error

    def _receive(
        self,
        sent: Sent,
        credentials: Mapping[str, str],
        lane: str,
        deadline: float,
        limit: float,
        enough: Callable[[bytes], bool] | None,
    ) -> Received:
        headers = [*sent.headers, *self.target.headers, *credentials.items()]
        request = self._lane(lane).build_request(
            sent.method,
            sent.url,
            content=sent.body or None,
            headers=[(name.encode("ascii"), value.encode("utf-8")) for name, value in headers],
            timeout=httpx.Timeout(limit, connect=min(limit, 5.0)),
            # Sent as it is: httpx would resolve dot segments.
            extensions={"target": _request_target(sent.url)},
        )
        while True:
            with until(deadline) as attempt:
                try:
                    return self._read(request, lane, enough)
                except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                    if not _was_idle(attempt):
                        raise

    def _read(self, request: httpx.Request, lane: str, enough: Callable[[bytes], bool] | None) -> Received:
        response = self._lane(lane).send(request, stream=True)
        try:
            refused = response.status_code >= 300
            body = _whole(response) if enough is None or refused else _until(response, enough)
            names = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)
            return Received(response.status_code, names, bytes(body))
        finally:
            response.close()

    def _lane(self, name: str) -> httpx.Client:
        with self._lock:
            if self._tls is None:
                self._tls = self.target.tls()
            if name not in self._lanes:
                # trust_env is off: proxies and .netrc of the user's shell must not stand between judge and server.
                limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0)
                transport = httpx.HTTPTransport(verify=self._tls, trust_env=False, limits=limits)
                # httpx has no option for httpcore's network backend.
                transport._pool._network_backend = BoundedBackend()  # noqa: SLF001
                self._lanes[name] = httpx.Client(
                    transport=transport,
                    trust_env=False,
                    follow_redirects=False,
                    headers={"Accept-Encoding": "identity", "User-Agent": "memconform"},
                )
            return self._lanes[name]

    def _own_values(self) -> list[str]:
        return [value for _, value in self.target.headers]

    def close(self) -> None:
        """Close every connection."""
        for client in self._lanes.values():
            client.close()


def _whole(response: httpx.Response) -> bytearray:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > RESPONSE_BYTES:
            raise httpx.ReadError(f"more than {RESPONSE_BYTES} bytes")
    return body


def _until(response: httpx.Response, enough: Callable[[bytes], bool]) -> bytearray:
    """Read a stream that need not end: the end of the time and of the connection are ends of it like any other."""
    body = bytearray()
    with suppress(httpx.TimeoutException, httpx.ReadError, httpx.RemoteProtocolError):
        for chunk in response.iter_bytes():
            body += chunk
            if enough(chunk) or len(body) > RESPONSE_BYTES:
                break
    return body


def _was_idle(attempt: Attempt) -> bool:
    """Tell whether a server closed an idle connection just when it was used again, which it may at any time.

    Then no byte came back and the request was never read (RFC 9112 section 9.3.1), so it is sent on another connection.
    """
    return not attempt.connected and not attempt.received


def _request_target(url: str) -> bytes:
    rest = url.partition("://")[2]
    start = next((index for index, letter in enumerate(rest) if letter in "/?"), len(rest))
    target = rest[start:]
    return (target if target.startswith("/") else f"/{target}").encode("ascii")


def _without(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        for word in (secret, secret.rpartition(" ")[2]):
            text = text.replace(word, "[redacted]") if word else text
    return text


def together(actions: Sequence[Callable[[], T]]) -> list[T]:
    """Run the actions at the same moment, a thread each; return their results in order or raise the first error.

    Where requests are paced, the first ones of all threads go together, when the last of them may.
    """
    start, paced = threading.Barrier(len(actions)), threading.Barrier(len(actions))

    def run(action: Callable[[], T]) -> T:
        start.wait()
        with racing(paced):
            return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(run, action) for action in actions]]
