"""One request and what came back, as evidence: complete enough to repeat, free of secrets."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import Any

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
SHOWN_BYTES = 2000
"""How much of a body is kept in a report, in bytes."""

Headers = tuple[tuple[str, str], ...]

_LIVE = re.compile(r"[$`]")
"""What a header's name may hold and double quotes would not stop bash from reading."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it went out. `url` is absolute; `secrets` maps header names to the variable that holds the value."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    secrets: tuple[tuple[str, str], ...] = ()
    """Headers whose value stays out of every report: (name, text to print in its place)."""


@dataclass(frozen=True, slots=True)
class Received:
    """A response as it came in; names as the server wrote them."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Return every value of a header in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its response (None when there was none), and how long it took in seconds."""

    sent: Sent
    received: Received | None
    seconds: float
    at: float
    """When the request went out: seconds since the run began."""
    problem: str | None = field(default=None)
    """Why there was no response."""

    @property
    def answered_by(self) -> str | None:
        """Say who answered when it was not the server itself (`bridge`)."""
        return None if self.received is None else self.received.header("Memory-Answered-By")

    def brief(self) -> str:
        """Return method, path and status on one short line; the query, which may be long or secret, is left out."""
        path = self.sent.url.split("?")[0].split("://", 1)[-1].partition("/")[2]
        shown = "".join(letter if letter.isprintable() else "?" for letter in path)
        status = "no answer" if self.received is None else str(self.received.status)
        return f"{self.sent.method} /{shown if len(shown) <= 60 else shown[:59] + '…'} → {status}"

    def curl(self) -> str:
        """Return a command that sends the same request from bash; secrets stay variables."""
        parts = ["curl", "-isS", "--path-as-is"]
        if self.sent.method == "HEAD":
            parts = ["curl", "-sS", "--path-as-is", "--head"]
        elif self.sent.method != "GET" or self.sent.body:
            parts += ["-X", self.sent.method]
        if any(letter in self.sent.url for letter in "[]{}"):
            parts.append("--globoff")
        words = [*parts, quote(self.sent.url)]
        shown = [(name, value) for name, value in self._shown_headers() if value]
        words += [f"-H {quote(f'{name}: {value}')}" for name, value in shown]
        words += [f"-H {quote(f'{name};')}" for name, value in self._shown_headers() if not value]
        words += [f'-H "{_LIVE.sub(_escaped, name)}: {value}"' for name, value in self.sent.secrets]
        if self.sent.body:
            if not any(name.lower() == "content-type" for name, _ in self.sent.headers):
                words.append("-H Content-Type:")
            words.append(_data(self.sent.body))
        return " ".join(words)

    def _shown_headers(self) -> Headers:
        return tuple((n, v) for n, v in self.sent.headers if n.lower() not in SECRET_HEADERS)

    def to_json(self) -> dict[str, Any]:
        """Return the exchange as the result file keeps it; long bodies are cut and say so."""
        record: dict[str, Any] = {
            "at_s": round(self.at, 4),
            "seconds": round(self.seconds, 5),
            "request": {
                "method": self.sent.method,
                "url": self.sent.url,
                "headers": [list(pair) for pair in (*self._shown_headers(), *self.sent.secrets)],
                **_shown_body(self.sent.body),
            },
            "response": None,
            "curl": self.curl(),
        }
        if self.received is not None:
            record["response"] = {
                "status": self.received.status,
                "headers": [list(pair) for pair in self.received.headers],
                **_shown_body(self.received.body),
            }
        if self.problem:
            record["problem"] = self.problem
        if self.answered_by:
            record["answered_by"] = self.answered_by
        return record


def _shown_body(body: bytes) -> dict[str, Any]:
    text = body[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return {"body": text, "body_bytes": len(body)}


def quote(text: str) -> str:
    """Quote text for bash so that a terminal shows no control character: plain quotes, else $'…'."""
    if text.isprintable():
        return shlex.quote(text)
    return _ansi_c(text.encode("utf-8", "surrogatepass"))


def _data(body: bytes) -> str:
    """Return the option that sends the body; no word of a command can hold a NUL, so such a body comes from a pipe."""
    if len(body) > SHOWN_BYTES:
        head = body[:60].decode("utf-8", "backslashreplace")
        said = f"{len(body)} bytes beginning with {head!r}; the run-again command sends them"
        return f"--data-binary @body.json  # {said}"
    if b"\0" in body:
        escaped = "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in body)
        return f"--data-binary @<(printf '{escaped}')"
    try:
        return f"--data-raw {quote(body.decode())}"
    except UnicodeDecodeError:
        return f"--data-raw {_ansi_c(body)}"


_PLAIN = frozenset(range(32, 127)) - frozenset(b"'\\%")
"""Bytes that printf takes as they are; it gets the others by number."""


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found.group()


def _ansi_c(raw: bytes) -> str:
    plain = re.sub(rb"[\\']", lambda m: b"\\" + m.group(), raw)
    return "$'" + "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in plain) + "'"
