"""Sentences of made-up words, and memories of such sentences."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Speech:
    """A few words are frequent and most of them are rare, as in real text; one seed is one text."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - to be the same in every run
        self.words = ["".join(self.random.choices(_SYLLABLES, k=2)) for _ in range(8_000)]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))

    def sentence(self, most: int = 18) -> str:
        """Return a sentence of five words or more."""
        return " ".join(self.random.choices(self.words, cum_weights=self._weights, k=self.random.randint(5, most)))


def metadata(number: int) -> dict[str, Any]:
    """Return metadata of which a filter finds a tenth, a thousandth, or nothing."""
    return {"tenth": number % 10, "thousandth": number % 1_000, "topic": "abc"[number % 3]}


def memory_id(number: int) -> str:
    """Return an id in the form of a UUIDv7 that grows with the number."""
    return f"0199f3c2-{number >> 16:04x}-7000-8000-{number:012x}"


def records(first: int, count: int, *, scopes: bool) -> Iterator[str]:
    """Yield so many exported records in canonical form, all in one scope or each in a scope of its own."""
    speech = Speech(first)
    for number in range(first, first + count):
        at = (_BEGINNING + timedelta(milliseconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {
            "id": memory_id(number),
            "content": speech.sentence(),
            "scope": scope(number if scopes else 0),
            "metadata": metadata(number),
            "created_at": at,
            "updated_at": at,
            "version": 1,
        }
        yield json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def scope(number: int = 0) -> dict[str, str]:
    """Return one of the scopes."""
    return {"user_id": f"u{number}"}
