"""Finds a server's insides in what it shows to clients (CORE-27): stack traces, SQL, file paths, secrets.

Only problems and headers are read, and what a request itself said may be echoed: it is nobody's secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, unquote_plus

from memconform.answer import shown
from memconform.exchange import Exchange, Received

_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a Python stack trace", re.compile(r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+")),
    (
        "a Java or JavaScript stack trace",
        re.compile(r"\bat [\w.$<>]+ ?\([^)\n]*\.(?:java|kt|js|ts|mjs):\d+[^)\n]*\)"),
    ),
    ("a Go stack trace", re.compile(r"goroutine \d+ \[|\.go:\d+ \+0x")),
    ("a Rust panic", re.compile(r"thread '[^']*' panicked at")),
    (
        "an SQL statement",
        re.compile(
            r"\b(?:SELECT\b.{1,200}?\bFROM|INSERT INTO\b.{1,200}?\bVALUES|UPDATE\b.{1,200}?\bSET|DELETE FROM)\b",
            re.DOTALL,
        ),
    ),
    (
        "a database driver's error",
        re.compile(r"sqlite3\.\w*Error|SQLITE_[A-Z]{4,}|psycopg|asyncpg|sqlalchemy\.exc|ORA-\d{5}|SQLSTATE"),
    ),
    (
        "a file path",
        re.compile(r"(?:site-packages|node_modules)/|/(?:home|root|usr|opt|var|srv|Users)/[\w.-]+/[\w./-]+"),
    ),
    ("a file path", re.compile(r"\b[A-Z]:\\(?:Users|Windows|Program|app|srv)[\\\w.-]+")),
)

_ADDRESSES = frozenset({"location", "content-location", "link"})
_SHORTEST_SECRET = 6
_SHOWN = 120
"""How much of a leak is repeated, in characters."""


def insides(exchange: Exchange, secrets: Sequence[str]) -> Iterator[str]:
    """Yield what the answer shows of the server's insides, as phrases such as "a file path in the body: /home/…"."""
    received = exchange.received
    if received is None:
        return
    echo = _asked(exchange)
    for place, text in _visible(received):
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET and secret in text:
                yield f"the credentials in {place}"
        for name, pattern in _SIGNS:
            found = next((m.group() for m in pattern.finditer(text) if m.group() not in echo), None)
            if found is not None:
                yield f"{name} in {place}: {shown(found, _SHOWN)}"


def _visible(received: Received) -> Iterator[tuple[str, str]]:
    for name, value in received.headers:
        if name.lower() not in _ADDRESSES:
            yield f"the header {name}", value
    if received.status >= 400:
        yield "the body", _problem_text(received.body[:200_000])


def _problem_text(body: bytes) -> str:
    """Return the text of a problem without `type` and `instance`, which are addresses of the API."""
    text = body.decode("utf-8", "replace")
    try:
        problem = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(problem, dict):
        return text
    return "\n".join(_strings({k: v for k, v in problem.items() if k not in ("type", "instance")}))


def _strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item


def _asked(exchange: Exchange) -> str:
    """Return what the request said, also decoded, so that an echo of it is not taken for a leak."""
    url, body = exchange.sent.url, exchange.sent.body.decode("utf-8", "replace")
    values = " ".join(value for _, value in exchange.sent.headers)
    try:
        decoded = "\n".join(_strings(json.loads(body))) if body else ""
    except (ValueError, RecursionError):
        decoded = ""
    return "\n".join((url, unquote(url), unquote_plus(url), body, decoded, values))
