"""What texts are made of: sentences of several languages, joined once into long tapes from which texts are cut."""

from __future__ import annotations

import json
import random
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from memconform.contract import content_root

LONGEST = 4_000
"""Characters of the longest text."""
_VARIETY = 6_000
"""Characters of a tape before it begins anew."""


@cache
def material() -> Mapping[str, Any]:
    """Return `fixtures/data/load_topics.json`; not to be changed."""
    data: Mapping[str, Any] = json.loads((content_root() / "fixtures/data/load_topics.json").read_bytes())
    return data


class Tape:
    """Sentences of one language, one after another: mostly of one topic, with a remark about another now and then."""

    def __init__(self, language: Mapping[str, Any], topic: str, rng: random.Random) -> None:
        """Fill in and join sentences, as many as it takes."""
        blank: str = language["blank"]
        pieces: list[str] = []
        length, starts = 0, array("L")
        for sentence in _endlessly(language["topics"], topic, rng):
            if length >= _VARIETY:
                break
            starts.append(length)
            pieces.append(_filled(sentence, language, rng) + blank)
            length += len(pieces[-1])
        self.text = "".join(pieces)
        self.text += self.text[: LONGEST + 100]
        self.starts: Sequence[int] = starts
        """Where sentences begin."""
        ends = (found.start() for found in re.finditer(" ", self.text)) if blank else range(1, len(self.text))
        self.ends: Sequence[int] = array("L", ends)
        """Where a text may end."""


def _endlessly(topics: Mapping[str, Sequence[str]], topic: str, rng: random.Random) -> Iterator[str]:
    """Yield a topic's sentences in ever new orders, none twice in a row, and after each round one of another topic."""
    others = [sentence for name, sentences in topics.items() if name != topic for sentence in sentences]
    while True:
        yield from rng.sample(topics[topic], len(topics[topic]))
        yield rng.choice(others)


def _filled(sentence: str, language: Mapping[str, Any], rng: random.Random) -> str:
    chosen = {name: rng.choice(language[f"{name}s"]) for name in ("name", "place", "day")}
    return sentence.format(number=rng.randint(2, 59), **chosen)
