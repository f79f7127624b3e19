"""Finds credentials outside the header field `Authorization`, however they are spelled (CLIENT-02)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from memconform.clients.wire.seen import Seen

SHORTEST_KEY = 8
"""Shorter keys are not looked for: they are found in any text."""


def credentials_elsewhere(seen: Seen, keys: Sequence[str]) -> list[str]:
    """Return the places of a request that hold one of the keys, such as "the query"; [] when there is none.

    The key may be percent-encoded, Base64 (also inside a longer text), or escaped as JSON. The places are named without
    what stands there.
    """
    needles = {spelling for key in keys if len(key) >= SHORTEST_KEY for spelling in _spellings(key)}
    found = []
    for place, texts in _places(seen):
        if place not in found and any(needle in text for text in texts for needle in needles):
            found.append(place)
    return found


def _places(seen: Seen) -> Iterator[tuple[str, list[str]]]:
    path, _, query = seen.target.decode("latin-1").partition("?")
    yield "the path", [path, unquote(path)]
    yield "the query", [query, unquote(query), unquote_plus(query)]
    for name, value in seen.headers:
        if name.lower() != "authorization":
            yield (
                f"the header field {name}",
                [value, value.encode("latin-1").decode("utf-8", "replace"), unquote(value), name],
            )
    if seen.body:
        body = seen.body.decode("utf-8", "replace")
        yield "the body", [body, unquote_plus(body), *_strings(body)]


def _strings(body: str) -> list[str]:
    """Return the strings of a JSON body, or of the lines of one, without their escapes."""
    found: list[str] = []
    for text in (body, *body.splitlines()):
        try:
            waiting = [json.loads(text)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            item = waiting.pop()
            if isinstance(item, str):
                found.append(item)
            elif isinstance(item, dict):
                waiting += [*item, *item.values()]
            elif isinstance(item, list):
                waiting += item
        if text is body:
            break
    return found


@lru_cache(maxsize=256)
def _spellings(key: str) -> tuple[str, ...]:
    """Return the key and its Base64 at the three places that it can have in a longer text (RFC 4648)."""
    found = [key]
    raw = key.encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        first = (before * 8 + 5) // 6  # characters that the bytes before have a part in
        last = (before + len(raw)) * 8 // 6  # and those that the bytes after would have
        found += [encoded[first:last], encoded[first:last].translate(str.maketrans("+/", "-_"))]
    return tuple(dict.fromkeys(found))
