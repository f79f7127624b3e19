"""Messages, facts and questions with the lengths of real conversations, in several languages.

Lengths in characters, whatever the language, follow LoCoMo's conversations: messages the lognormal distribution that
was fitted to them (median 105, p95 282; measured were 109 and 257), questions one with median 55 and p95 86, as
measured. A fact is a message that is kept, with a marker word that no other text of the run has.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from memconform_load.workload.markers import Marker, marker_in
from memconform_load.workload.material import LONGEST, Tape, material

MESSAGE_MU, MESSAGE_SIGMA = 4.656, 0.599
QUESTION_MU, QUESTION_SIGMA = math.log(55), math.log(86 / 55) / 1.6449
EMOJI_SHARE = 0.08
"""The share of texts that end in an emoji."""

_SHORTEST = 3
_LEAST_BODY = 12
"""Characters of a fact beside its opening, however short it is."""
_CHOICES = 256
_FULL_STOPS = " .。।"


class TextMaker:
    """Makes texts. A person keeps to one language and mostly to some topics; the same seed gives the same texts.

    Facts are numbered for each person, so a person's facts must come from one maker: people belong to one process.
    """

    def __init__(self, seed: int, *, longest: int = LONGEST) -> None:
        """Take the seed, and how many characters no text exceeds."""
        self._seed = seed
        self._longest = min(longest, LONGEST)
        languages: Sequence[Mapping[str, Any]] = material()["languages"]
        self._emoji: Sequence[str] = material()["emoji"]
        self._tongues = [_Tongue(language, seed) for language in languages]
        totals = list(accumulate(language["weight"] for language in languages))
        shares = (totals[-1] * (place + 0.5) / _CHOICES for place in range(_CHOICES))
        self._by_weight = [self._tongues[bisect_left(totals, share)] for share in shares]
        self._told: dict[int, int] = {}

    def fact(self, rng: random.Random, person_index: int) -> str:
        """Return a text that is unique in the run and carries a marker."""
        sequence = self._told.get(person_index, 0)
        self._told[person_index] = sequence + 1
        tongue = self._tongue(person_index)
        frame = tongue.frames[int(rng.random() * len(tongue.frames))]
        opening = frame.replace("{}", Marker(person_index, sequence).word)
        length = rng.lognormvariate(MESSAGE_MU, MESSAGE_SIGMA)
        room = max(_LEAST_BODY, min(length, self._longest) - len(opening) - 1)
        return self._ended(rng, f"{opening} {_cut(tongue.tape(rng, person_index), rng, room)}")

    def message(self, rng: random.Random, person_index: int | None = None) -> str:
        """Return something that a person says in a conversation: without a marker, so it need not be unique."""
        who = int(rng.random() * _CHOICES) if person_index is None else person_index
        length = max(_SHORTEST, min(rng.lognormvariate(MESSAGE_MU, MESSAGE_SIGMA), self._longest))
        return self._ended(rng, _cut(self._tongue(who).tape(rng, who), rng, length))

    def question(
        self, rng: random.Random, about: str | None = None, *, person_index: int | None = None, marked: bool = True
    ) -> str:
        """Return a question: about a fact in its own words, or about any topic.

        With `marked` it names the fact's marker, so that every search must rank the fact high; without, it shares only
        words with it, as people's questions do, and a search may prefer another text.
        """
        length = rng.lognormvariate(QUESTION_MU, QUESTION_SIGMA)
        marker = marker_in(about) if about is not None else None
        if about is None or marker is None:
            return self._wondering(rng, length, person_index, about)
        tongue = self._tongue(marker.person)
        word = marker.word
        body = tongue.body(about, word)
        asks = tongue.asks if marked else tongue.wonders
        opening = asks[int(rng.random() * len(asks))].replace("{}", word)
        room = max(_LEAST_BODY, int(length) - len(opening) - 1 - len(tongue.question))
        return f"{opening} {_shortened(body, room, tongue.blank).rstrip(_FULL_STOPS)}{tongue.question}"

    def _wondering(self, rng: random.Random, length: float, person_index: int | None, about: str | None) -> str:
        who = int(rng.random() * _CHOICES) if person_index is None else person_index
        tongue = self._tongue(who)
        opening = tongue.wonders[int(rng.random() * len(tongue.wonders))]
        room = max(_LEAST_BODY, int(length) - len(opening) - 1 - len(tongue.question))
        words = _cut(tongue.tape(rng, who), rng, room) if about is None else _shortened(about, room, tongue.blank)
        return f"{opening} {words.rstrip(_FULL_STOPS)}{tongue.question}"

    def _tongue(self, person: int) -> _Tongue:
        return self._by_weight[((person + self._seed) * 2_654_435_761 >> 8) % _CHOICES]

    def _ended(self, rng: random.Random, text: str) -> str:
        chance = rng.random()
        if chance >= EMOJI_SHARE:
            return text
        return f"{text} {self._emoji[int(chance / EMOJI_SHARE * len(self._emoji))]}"


class _Tongue:
    """One language, with its tapes."""

    def __init__(self, language: Mapping[str, Any], seed: int) -> None:
        self.language = language
        self.blank: str = language["blank"]
        self.question: str = language["question"]
        self.frames: Sequence[str] = language["frames"]
        self.asks: Sequence[str] = language["asks"]
        self.wonders: Sequence[str] = language["wonders"]
        self._seed = seed
        self._topics = list(language["topics"])
        weights = [1 / (rank + 1) for rank in range(len(self._topics))]
        totals = list(accumulate(weights))
        self._ranks = [bisect_left(totals, totals[-1] * (place + 0.5) / _CHOICES) for place in range(_CHOICES)]
        self._tapes: list[Tape | None] = [None] * len(self._topics)

    def body(self, fact: str, word: str) -> str:
        """Return a fact without its opening."""
        rest = fact.partition(word)[2]
        for frame in self.frames:
            tail = frame.partition("{}")[2]
            if rest.startswith(tail):
                return rest[len(tail) :].lstrip()
        return rest

    def tape(self, rng: random.Random, person: int) -> Tape:
        """Return a tape of a topic; each person has an order of preference, which weighs 1, 1/2, 1/3 and so on."""
        place = (self._ranks[int(rng.random() * _CHOICES)] + person) % len(self._topics)
        tape = self._tapes[place]
        if tape is None:
            name = self._topics[place]
            chance = random.Random(f"{self._seed} {self.language['language']} {name}")  # noqa: S311 - repeatable by design
            tape = self._tapes[place] = Tape(self.language, name, chance)
        return tape


def _cut(tape: Tape, rng: random.Random, length: float) -> str:
    """Return a text from the start of a sentence on, to the end of a word that is nearest to the length."""
    start = tape.starts[int(rng.random() * len(tape.starts))]
    wanted = start + length
    place = bisect_left(tape.ends, wanted)
    after = tape.ends[place]
    before = tape.ends[place - 1]
    nearer_before = before > start + 1 and wanted - before < after - wanted
    return tape.text[start : before if nearer_before else after]


def _shortened(text: str, room: int, blank: str) -> str:
    """Return the beginning of a text, to the end of a word where words have blanks between them."""
    if len(text) <= room:
        return text
    end = text.rfind(" ", 1, room + 4) if blank else room
    return text[: end if end > 0 else room]
