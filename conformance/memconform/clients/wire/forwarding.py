"""Passes one request on to the server behind and its answer back, as they come; only their beginning is kept."""

from __future__ import annotations

from collections.abc import Iterable

from memconform.clients.wire.answers import ANSWERED_BY, Reply, problem
from memconform.clients.wire.line import Line, LineEnded
from memconform.clients.wire.origin import Origin, UpstreamFailed
from memconform.clients.wire.seen import Seen
from memconform.clients.wire.upstream import Asked, Request, Silent, Upstream
from memconform.exchange import Headers, Received

WHOLE_BYTES = 64 * 1024 * 1024
"""The largest answer that can be changed, in bytes: it has to be read whole."""

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_REPLACED = frozenset({"host", "content-length", "expect", "accept-encoding"})
_ADDRESSES = frozenset({"location", "content-location"})


class Forwarding:
    """What the answer to one request may ask of the server behind (`upstream` None: nobody is there)."""

    def __init__(
        self, upstream: Upstream | None, line: Line, seen: Seen, rest: Iterable[bytes], root: str, keep_bytes: int
    ) -> None:
        """Send nothing yet.

        `rest` yields what of the request's body has not been read; `root` is the front's address without a path;
        `keep_bytes` is how much of an answer's body is recorded.
        """
        self._upstream = upstream
        self._line = line
        self._seen = seen
        self._rest = rest
        self._root = root
        self._keep_bytes = keep_bytes

    def through(self, line: Line) -> Received | None:
        """Forward the request and pass the answer on as it comes; return it as far as it is recorded."""
        if self._upstream is None:
            return self._own(_nobody())
        try:
            asked = self._upstream.ask(self._request(self._upstream.origin), line)
        except UpstreamFailed as error:
            return self._own(self._failed(self._upstream, error))
        except LineEnded:
            self._upstream.close()
            raise
        return self._passed_on(asked, self._upstream, line)

    def whole(self) -> Received:
        """Forward the request and return all of the answer; one of ours where the server behind gives none."""
        if self._upstream is None:
            return _received(_nobody())
        try:
            asked = self._upstream.ask(self._request(self._upstream.origin), self._line)
            body = bytearray()
            for piece in asked.pieces:
                body += piece
                _check_size(len(body))
            return Received(asked.status, self._answered(asked.headers, self._upstream.origin), bytes(body))
        except UpstreamFailed as error:
            return _received(self._failed(self._upstream, error))
        except LineEnded:
            self._upstream.close()
            raise

    def _passed_on(self, asked: Asked, upstream: Upstream, line: Line) -> Received:
        headers = self._answered(asked.headers, upstream.origin)
        kept = bytearray()
        self._seen.whole = True
        try:
            out = line.begin(asked.status, headers)
            for piece in asked.pieces:
                line.raw(out + line.piece(piece))
                out = b""
                room = self._keep_bytes - len(kept)
                kept += piece[:room]
                self._seen.whole = self._seen.whole and len(piece) <= room
            line.raw(line.last())
        except UpstreamFailed as error:
            upstream.close()
            self._seen.problem, self._seen.whole, line.stays = str(error), False, False
        except LineEnded:
            upstream.close()
            self._seen.whole = False
            self._seen.received = Received(asked.status, headers, bytes(kept))
            raise
        return Received(asked.status, headers, bytes(kept))

    def _own(self, reply: Reply) -> Received:
        self._seen.whole = True
        return self._line.reply(reply.status, reply.headers, reply.body)

    def _failed(self, upstream: Upstream, error: UpstreamFailed) -> Reply:
        upstream.close()
        self._seen.problem = str(error)
        status, name = (504, "gateway-timeout") if isinstance(error, Silent) else (502, "bad-gateway")
        return problem(status, name, f"memconform got no answer from the server behind: {error}", (ANSWERED_BY,))

    def _request(self, origin: Origin) -> Request:
        seen = self._seen
        named = {name.strip().lower() for value in seen.all("Connection") for name in value.split(",")}
        dropped = _HOP_BY_HOP | _REPLACED | named
        headers = [("Host", origin.authority)]
        headers += [pair for pair in seen.headers if pair[0].lower() not in dropped]
        # What is recorded has to be readable; and a gateway says that it is one (RFC 9110 section 7.6.3).
        headers += [("Accept-Encoding", "identity"), ("Via", "1.1 memconform")]
        length = seen.header("Content-Length")
        if seen.body_cut:
            headers.append(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", length))
        elif seen.body or length is not None:
            headers.append(("Content-Length", str(len(seen.body))))
        return Request(
            seen.method,
            self._target(origin),
            [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            seen.body,
            self._rest,
            whole=not seen.body_cut,
        )

    def _target(self, origin: Origin) -> bytes:
        target = self._seen.target
        if not target.startswith(b"/"):  # absolute form: servers take it, and mean its path
            target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
        below = target[len(self._seen.base_path) :]
        return origin.base_path.encode("latin-1") + (below if below.startswith(b"/") else b"/" + below)

    def _answered(self, headers: Headers, origin: Origin) -> Headers:
        named = {
            name.strip().lower() for key, value in headers if key.lower() == "connection" for name in value.split(",")
        }
        dropped = _HOP_BY_HOP | named
        return tuple(
            (name, self._moved(value, origin) if name.lower() in _ADDRESSES else value)
            for name, value in headers
            if name.lower() not in dropped
        )

    def _moved(self, address: str, origin: Origin) -> str:
        """Return an address at the server behind as one at the front, so that a client does not walk past it."""
        root = origin.root if address.startswith(origin.root) else ""
        path = address[len(root) :]
        own = origin.base_path
        below = path == own or path.startswith((f"{own}/", f"{own}?"))
        if not (root or path.startswith("/")) or not below:
            return address
        return (self._root if root else "") + self._seen.base_path + path[len(own) :]


def _check_size(size: int) -> None:
    if size > WHOLE_BYTES:
        raise UpstreamFailed(f"the answer is larger than {WHOLE_BYTES} bytes and cannot be changed")


def _nobody() -> Reply:
    return problem(404, "not-found", "memconform answers for itself here: no server stands behind it.", (ANSWERED_BY,))


def _received(reply: Reply) -> Received:
    return Received(reply.status, reply.headers, reply.body)
