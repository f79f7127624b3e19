"""Words that stand nowhere else, and the places where one of them may still be found."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from memconform.answer import Answer


def canary() -> str:
    """Return a word that nobody else writes; its letters are spelled alike in JSON, URLs and bytes."""
    return f"zq{os.urandom(8).hex()}"


def betrayed(words: Iterable[str], *answers: Answer) -> str | None:
    """Return the first of the words that stands in the body of one of the answers, None when none does.

    JSON may spell every letter as an escape: so its texts are read, too, document by document or line by line.
    """
    wanted = tuple(words)
    for answer in answers:
        body = answer.received.body
        found = next((word for word in wanted if word.encode() in body), None)
        found = found or next((word for value in _documents(body) if (word := told(wanted, value))), None)
        if found is not None:
            return found
    return None


def named(ids: Iterable[str], *answers: Answer) -> str | None:
    """Return the first of the ids that is a text in the body of one of the answers, None when none is.

    Ids may be short: what only has one of them in it is another text.
    """
    wanted = frozenset(ids)
    texts = (text for answer in answers for value in _documents(answer.received.body) for text in _texts(value))
    return next((text for text in texts if text in wanted), None)


def _documents(body: bytes) -> list[Any]:
    """Return the JSON document of a body, or those of its lines, of an event stream the data."""
    found = []
    for text in [body] if _is_json(body) else body.splitlines():
        bare = text.removeprefix(b"data:").strip()
        if _is_json(bare):
            found.append(json.loads(bare))
    return found


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def told(words: Iterable[str], value: Any) -> str | None:
    """Return the first of the words that stands in a JSON value, in a name or a text; None when none does."""
    wanted = tuple(words)
    return next((word for text in _texts(value) for word in wanted if word in text), None)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, the names of members, too."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            yield each
