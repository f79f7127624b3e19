"""A server in front of, or instead of, a memory server: it sees every request, and misbehaves when told to."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from memconform.clients.wire.answers import Answer
from memconform.clients.wire.line import Line
from memconform.clients.wire.origin import Origin
from memconform.clients.wire.script import Chooser, Matcher, Script
from memconform.clients.wire.seen import Opened, Seen
from memconform.clients.wire.serving import Serving
from memconform.clients.wire.upstream import Upstream
from memconform.redaction import redactor

RECORDED_BYTES = 8 * 1024 * 1024
"""How much of each body is recorded, in bytes; the rest passes by."""
_BACKLOG = 512
_JOIN_SECONDS = 5.0


class Front:
    """Serves HTTP/1.1 from `with` to its end, one thread a connection.

    With `upstream` (the address of a memory server) requests are forwarded, else answered with a problem that says so;
    a script comes first. `secrets` never get into `Seen.sent`. `kept` bounds how many requests are remembered
    (None: all); `on_end` is called with each request when nothing of it will change any more, by the thread that served
    it. Leaving the block raises the first error of a script, if there was one.
    """

    def __init__(
        self,
        upstream: str | None = None,
        *,
        base_path: str = "",
        secrets: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        ca_file: str | None = None,
        timeout_s: float = 60.0,
        recorded_bytes: int = RECORDED_BYTES,
        kept: int | None = None,
        on_end: Callable[[Seen], None] | None = None,
    ) -> None:
        """Open nothing yet. `timeout_s` bounds how long the server behind may take to begin its answer."""
        self.upstream = upstream
        self.base_path = f"/{base_path.strip('/')}" if base_path.strip("/") else ""
        self.keep_bytes = recorded_bytes
        self.errors: list[Exception] = []
        """Errors of the script, or of our own."""
        self.most_at_once = 0
        """The most requests that were being answered at the same time."""
        self.closed_here = 0
        """How many connections were closed from this side."""
        self.root = ""
        self._origin = None if upstream is None else Origin(upstream.rstrip("/"), ca_file)
        self._where = (host, port)
        self._timeout_s = timeout_s
        self._on_end = on_end
        self._redact = redactor(secrets)
        self._telling = tuple(secrets)
        self._script = Script()
        self._began = time.monotonic()
        self._numbers = itertools.count(1)
        self._ids = itertools.count(1)
        self._seen: deque[Seen] = deque(maxlen=kept)
        self._opened: deque[Opened] = deque(maxlen=kept)
        self._count = self._connections = self._busy = 0
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._servings: dict[int, tuple[Serving, threading.Thread]] = {}
        self._listening = True
        self._listener: socket.socket | None = None
        self._accepting: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address that clients are given, with the base path."""
        return self.root + self.base_path

    def __enter__(self) -> Self:
        """Listen."""
        self.open()
        return self

    def open(self) -> None:
        """Listen; raise `OSError` where that cannot be."""
        host, port = self._where
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        shown = f"[{host}]" if ":" in host else host
        self.root = f"http://{shown}:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True, name="front")
        self._accepting.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything; raise the first error of a script."""
        self.close()
        if kind is None and self.errors:
            raise self.errors[0]

    def close(self) -> None:
        """Stop listening, end every connection and wait for the threads."""
        self.stop_listening()
        self._closing.set()
        with self._changed:
            servings = list(self._servings.values())
        for serving, _ in servings:
            with suppress(OSError):
                serving.line.socket.shutdown(socket.SHUT_RDWR)
            if serving.upstream is not None:
                serving.upstream.interrupt()
        end = time.monotonic() + _JOIN_SECONDS
        for _, thread in servings:
            thread.join(max(0.0, end - time.monotonic()))

    def stop_listening(self) -> None:
        """Take no more connections; those that there are go on."""
        self._listening = False
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        if self._accepting is not None:
            self._accepting.join(_JOIN_SECONDS)

    def script(self, chooser: Chooser) -> None:
        """Ask the chooser how to answer each request; None forwards it. It takes the place of an earlier one."""
        self._script.chooser = chooser

    def when(self, matcher: Matcher, *answers: Answer | None, repeat: bool = False) -> None:
        """Give the next requests that match these answers, one each (None forwards), before the script is asked.

        The matcher is a function of the request or an operationId. `repeat` goes on with the last answer without end.
        """
        self._script.when(matcher, answers, repeat=repeat)

    def quiet(self) -> None:
        """Forget the script and all answers of `when`."""
        self._script.clear()

    @property
    def seen(self) -> list[Seen]:
        """Every request so far, in the order in which they came; those in progress are not complete yet."""
        with self._changed:
            return list(self._seen)

    @property
    def connections(self) -> list[Opened]:
        """Every connection so far, in order."""
        with self._changed:
            return list(self._opened)

    @property
    def requests(self) -> int:
        """How many requests came, also those that are no longer remembered."""
        return self._count

    @property
    def opened(self) -> int:
        """How many connections were made, also those that are no longer remembered."""
        return self._connections

    def mark(self) -> int:
        """Return the present position, for `since`."""
        with self._changed:
            return self._count

    def since(self, mark: int) -> list[Seen]:
        """Return the requests that came after the mark."""
        with self._changed:
            new = self._count - mark
            return list(self._seen)[-new:] if new else []

    def settled(self, requests: Sequence[Seen], timeout_s: float = 2.0) -> Sequence[Seen]:
        """Wait until these requests are complete, and return them; after the time-out as they are then.

        A client has its answer a moment before the front has taken note of that.
        """
        with self._changed:
            self._changed.wait_for(lambda: all(seen.ended_at is not None for seen in requests), timeout_s)
        return requests

    def wait_until(self, condition: Callable[[Sequence[Seen]], object], timeout_s: float = 10.0) -> bool:
        """Wait until the condition holds of all requests so far; tell whether it did in time."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: condition(list(self._seen)), timeout_s))

    def wait_idle(self, timeout_s: float = 10.0) -> bool:
        """Wait until no request is being answered; tell whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, timeout_s)

    def _accept(self, listener: socket.socket) -> None:
        while self._listening:
            try:
                sock, peer = listener.accept()
            except OSError:
                if self._listening:
                    time.sleep(0.01)  # out of file descriptors: those in use will be closed
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open(sock, (str(peer[0]), int(peer[1])))

    def _open(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        upstream = None if self._origin is None else Upstream(self._origin, self._timeout_s)
        number = next(self._ids)
        serving = Serving(self, number, Line(sock, self._closing), upstream)
        thread = threading.Thread(target=self._serve, args=(serving,), daemon=True, name=f"front-{number}")
        with self._changed:
            self._servings[number] = (serving, thread)
            self._opened.append(Opened(number, self.now(), peer))
            self._connections += 1
        thread.start()

    def _serve(self, serving: Serving) -> None:
        try:
            serving.serve()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and told at the end
            self.failed(error)
        finally:
            with self._changed:
                self._servings.pop(serving.number, None)
                self.closed_here += serving.ended_here
                self._changed.notify_all()

    def number(self) -> int:
        """Return the number of the next request."""
        return next(self._numbers)

    def now(self) -> float:
        """Return the seconds since the front began."""
        return time.monotonic() - self._began

    def begun(self, seen: Seen) -> None:
        """Keep a request whose answer begins."""
        with self._changed:
            self._seen.append(seen)
            self._count += 1
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
            self._changed.notify_all()

    def ended(self, seen: Seen) -> None:
        """Take note that nothing will change any more."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()
        if self._on_end is not None:
            self._on_end(seen)

    def choose(self, seen: Seen) -> Answer | None:
        """Return how to answer a request, None to forward it."""
        return self._script.choose(seen)

    def failed(self, error: Exception) -> None:
        """Take note of an error."""
        self.errors.append(error)

    def hidden(self, text: str) -> str:
        """Return the text without secrets; the very same text where there is none."""
        return self._redact(text) if any(secret in text for secret in self._telling) else text
