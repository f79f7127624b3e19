"""Words that stand nowhere else, and the places where one of them may still be found."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from memconform.answer import Answer


def canary() -> str:
    """Return a word that nobody else writes; its letters are spelled alike in JSON, URLs and bytes."""
    return f"zq{os.urandom(8).hex()}"


def betrayed(words: Iterable[str], *answers: Answer) -> str | None:
    """Return the first of the words that stands in the body of one of the answers, None when none does."""
    return next((word for word in words for answer in answers if word.encode() in answer.received.body), None)


def told(words: Iterable[str], value: Any) -> str | None:
    """Return the first of the words that stands in a JSON value, in a name or a text; None when none does."""
    wanted = tuple(words)
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            found = next((word for word in wanted if word in each), None)
            if found is not None:
                return found
    return None
