"""Serves one connection of a client: reads requests one after another, has each answered, and keeps what was seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import h11

from memconform.clients.wire.answers import ANSWERED_BY, Answer, problem
from memconform.clients.wire.forwarding import Forwarding
from memconform.clients.wire.line import SEND_SECONDS, ClientGone, Line, LineEnded, rule_of
from memconform.clients.wire.seen import Seen
from memconform.clients.wire.targets import BadTarget, split
from memconform.clients.wire.upstream import Upstream
from memconform.exchange import SECRET_HEADERS, Headers, Sent

IDLE_SECONDS = 600.0
"""How long a connection may be idle, in seconds: longer than clients keep one, so that the front never races them."""
HEAD_BYTES = 256 * 1024
"""The longest request line and header that is read, in bytes."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Book(Protocol):
    """What the front keeps for all connections."""

    root: str
    base_path: str
    keep_bytes: int

    def number(self) -> int:
        """Return the number of the next request."""

    def now(self) -> float:
        """Return the seconds since the front began."""

    def begun(self, seen: Seen) -> None:
        """Keep a request whose answer begins."""

    def ended(self, seen: Seen) -> None:
        """Take note that nothing will change any more."""

    def choose(self, seen: Seen) -> Answer | None:
        """Return how to answer a request, None to forward it."""

    def failed(self, error: Exception) -> None:
        """Take note of an error of our own, or of the script."""

    def hidden(self, text: str) -> str:
        """Return the text without secrets."""


class Serving:
    """One connection. `upstream` is the connection behind it, None where there is no server behind."""

    def __init__(self, book: Book, number: int, line: Line, upstream: Upstream | None) -> None:
        """Take over a connection that has just been made."""
        self.number = number
        self.line = line
        self.upstream = upstream
        self._book = book
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._continued = False
        self.ended_here = False
        """Whether the connection was ended from this side, though the client would have kept it."""

    def serve(self) -> None:
        """Serve until one side ends the connection."""
        try:
            while self._one():
                pass
        except LineEnded:
            pass
        finally:
            self.line.socket.close()
            if self.upstream is not None:
                self.upstream.close()

    def _one(self) -> bool:
        """Serve one request; return whether the connection goes on."""
        self.line.socket.settimeout(IDLE_SECONDS)
        try:
            request = self._event()
        except h11.RemoteProtocolError as error:
            self._refuse(error, None)
            return False
        if not isinstance(request, h11.Request):
            return False
        self.line.socket.settimeout(SEND_SECONDS)
        self.line.next_request(request.method.decode("ascii"), http_1_1=request.http_version >= b"1.1", stays=True)
        at = self._book.now()
        pieces = self._body()
        try:
            body, whole = self._beginning(pieces)
        except h11.RemoteProtocolError as error:
            self._refuse(error, request)
            return False
        except ClientGone:
            self._note_left(request, at)
            raise
        self.line.stays = whole and self._http.their_state is h11.DONE
        self._answer(self._seen(request, at, body, cut=not whole), pieces)
        if not self.line.stays:
            self.ended_here = not whole or self._http.their_state is h11.DONE
            self.line.finish()
            return False
        left, ended = self._http.trailing_data
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._continued = False
        if left or ended:
            self._http.receive_data(left)
        return True

    def _answer(self, seen: Seen, rest: Iterator[bytes]) -> None:
        book, line = self._book, self.line
        book.begun(seen)
        begun, before = time.perf_counter(), 0.0 if self.upstream is None else self.upstream.waited_s
        try:
            onward = Forwarding(self.upstream, line, seen, rest, book.root, book.keep_bytes)
            answer = book.choose(seen) or _refusal(seen)
            if answer is None:
                seen.received = onward.through(line)
            else:
                seen.fault = answer.name
                seen.whole = (received := answer.play(line, onward)) is not None
                seen.received = received
        except LineEnded as end:
            seen.cut = isinstance(end, ClientGone)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a script raises is told at the end, not to the client
            self._book.failed(error)
            line.stays = False
            if not line.begun:
                line.reply(500, (ANSWERED_BY,), b"")
        finally:
            if self.upstream is not None and (waited := self.upstream.waited_s - before):
                seen.added_s = time.perf_counter() - begun - waited
            seen.ended_at = book.now()
            book.ended(seen)

    def _event(self) -> object:
        """Return the next event of the request, reading as much as it takes."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue and not self._continued:
                self._continued = True
                self.line.socket.sendall(_CONTINUE)
            try:
                self._http.receive_data(self.line.socket.recv(65_536))
            except OSError:
                raise ClientGone from None
        return event

    def _body(self) -> Iterator[bytes]:
        """Yield the body of the request as it comes."""
        while True:
            event = self._event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            else:
                return

    def _beginning(self, pieces: Iterator[bytes]) -> tuple[bytes, bool]:
        """Return the body as far as it is recorded, and whether that is all of it."""
        kept = bytearray()
        for piece in pieces:
            kept += piece
            if len(kept) > self._book.keep_bytes:
                return bytes(kept), False
        return bytes(kept), True

    def _seen(self, request: h11.Request, at: float, body: bytes, *, cut: bool) -> Seen:
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw_items())
        authorization = next((value for name, value in headers if name.lower() == "authorization"), None)
        target = bytes(request.target)
        return Seen(
            number=self._book.number(),
            connection=self.number,
            at=at,
            sent=self._sent(request.method.decode("ascii"), target, headers, body),
            base_path=self._book.base_path,
            target=target,
            headers=headers,
            authorization=authorization,
            body=body,
            body_cut=cut,
        )

    def _sent(self, method: str, target: bytes, headers: Headers, body: bytes) -> Sent:
        """Return the request as evidence, without secrets."""
        hidden = self._book.hidden
        shown, secrets = [], []
        for name, value in headers:
            if name.lower() in SECRET_HEADERS:
                secrets.append((name, _STAND_IN.get(name.lower(), "[redacted]")))
            else:
                shown.append((name, hidden(value)))
        text = target.decode("latin-1")
        url = self._book.root + text if text.startswith("/") else text
        said = body.decode("latin-1")
        quiet = hidden(said)
        return Sent(
            method, hidden(url), tuple(shown), body if quiet is said else quiet.encode("latin-1"), tuple(secrets)
        )

    def _refuse(self, error: h11.RemoteProtocolError, request: h11.Request | None) -> None:
        """Take note of what is no HTTP request, or only half of one, and say so to whoever still listens."""
        at = self._book.now()
        gone = self._http.trailing_data[1]
        said = "the connection ended inside the request" if gone else rule_of(error)
        seen = self._seen(request, at, b"", cut=False) if request is not None else self._unread(at)
        seen.broken, seen.cut = said, gone
        self._book.begun(seen)
        self.line.stays = False
        status = error.error_status_hint
        if not gone:
            with suppress(LineEnded):
                reply = problem(status, "bad-request", f"memconform cannot read this request: {said}", (ANSWERED_BY,))
                seen.received, seen.whole = self.line.reply(reply.status, reply.headers, reply.body), True
        seen.ended_at = self._book.now()
        self._book.ended(seen)
        self.line.finish()

    def _unread(self, at: float) -> Seen:
        return Seen(self._book.number(), self.number, at, Sent("?", self._book.root), self._book.base_path)

    def _note_left(self, request: h11.Request, at: float) -> None:
        """Take note of a request whose body never came."""
        seen = self._seen(request, at, b"", cut=False)
        seen.broken, seen.cut, seen.ended_at = "the connection ended inside the request", True, self._book.now()
        self._book.begun(seen)
        self._book.ended(seen)


_STAND_IN = {"authorization": "Bearer $MEMCONFORM_API_KEY"}


def _refusal(seen: Seen) -> Answer | None:
    """Return the answer to what cannot be forwarded, None where it can."""
    text = seen.target.decode("latin-1")
    absolute = text.lower().startswith(("http://", "https://"))
    try:
        split("/" + text.partition("://")[2].partition("/")[2] if absolute else text, seen.base_path)
    except BadTarget as error:
        return problem(404, "not-found", f"memconform does not forward this request: {error}", (ANSWERED_BY,))
    return None
