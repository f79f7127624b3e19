"""Whole answers with the wrong thing in them, and changes to what the server behind said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from memconform.clients.wire.answers import Answer, Changed, Onward
from memconform.clients.wire.line import Line
from memconform.exchange import Received

_JSON = (("Content-Type", "application/json"),)
_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Service</title></head>"
    b"<body><h1>Welcome</h1><p>Please sign in to continue.</p></body></html>\n"
)
_HALF = b'{"items": [{"id": "0199f3c2-7d1e-7a64-9c1b-3f5d2a6e8b90", "content": "I use pn'
_THE_USERS_OWN = frozenset({"scope", "metadata", "ext"})
"""Members whose inside belongs to whoever stored it: nobody adds anything there."""


@dataclass(frozen=True, slots=True)
class Truncated(Answer):
    """JSON that stops in the middle, with the length that it has: only a parser sees that something is missing."""

    status: int = 200
    name: str = "truncated-json"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send it."""
        return line.reply(self.status, _JSON, _HALF)


@dataclass(frozen=True, slots=True)
class Html(Answer):
    """A web page, as from a proxy or a sign-in portal in between."""

    status: int = 200
    name: str = "html"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send it."""
        return line.reply(self.status, (("Content-Type", "text/html; charset=utf-8"),), _PAGE)


@dataclass(frozen=True, slots=True)
class Redirect(Answer):
    """A redirect; the contract has none."""

    location: str = "/elsewhere"
    status: int = 302
    name: str = "redirect"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send it."""
        return line.reply(self.status, (("Location", self.location),), b"")


def with_unknown_members() -> Changed:
    """Return the server's answer with an unknown member in every object but those that are the user's own."""
    return Changed(lambda received: _with_json(received, _more), "unknown-members")


def with_unknown_profiles() -> Changed:
    """Return the server's answer; capabilities declare profiles that the contract does not know, too."""

    def change(document: Any) -> Any:
        if isinstance(document, dict) and isinstance(document.get("profiles"), list):
            return {**document, "profiles": [*document["profiles"], "telepathy", "x-vendor.example"]}
        return document

    return Changed(lambda received: _with_json(received, change), "unknown-profiles")


def with_wrong_types() -> Changed:
    """Return the server's answer with every member of the outermost object of another type than it should be."""

    def change(document: Any) -> Any:
        return {name: _another_type(value) for name, value in document.items()} if isinstance(document, dict) else {}

    return Changed(lambda received: _with_json(received, change), "wrong-types")


def with_wrong_media_type(media_type: str = "text/plain") -> Changed:
    """Return the server's answer under another media type."""

    def change(received: Received) -> Received:
        others = tuple(pair for pair in received.headers if pair[0].lower() != "content-type")
        return replace(received, headers=(*others, ("Content-Type", media_type)))

    return Changed(change, "wrong-media-type")


def _with_json(received: Received, change: Callable[[Any], Any]) -> Received:
    """Change a JSON body; any other stays as it is, and so do errors."""
    if received.status >= 400 or not received.body:
        return received
    try:
        document = json.loads(received.body)
    except ValueError:
        return received
    return replace(received, body=json.dumps(change(document), ensure_ascii=False).encode())


def _more(value: Any) -> Any:
    if isinstance(value, list):
        return [_more(item) for item in value]
    if not isinstance(value, dict):
        return value
    inside = {name: item if name in _THE_USERS_OWN else _more(item) for name, item in value.items()}
    return {"aaa_unknown": {"nested": [1, None, {"deep": "yes"}]}, **inside, "zzz_unknown": "new in 1.7"}


def _another_type(value: Any) -> Any:
    if isinstance(value, str):
        return 12345
    if isinstance(value, bool) or value is None:
        return "perhaps"
    if isinstance(value, (int, float)):
        return {"number": str(value)}
    return "a string" if isinstance(value, list) else [value]
