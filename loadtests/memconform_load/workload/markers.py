"""Marker words: pronounceable, made of syllables, and each says whose text it is in and which of that person's texts.

`xbakoxlumite` is an x, the person, an x, the number of the text and one syllable that guards against chance.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"][:64]
_VALUES = {syllable: value for value, syllable in enumerate(_SYLLABLES)}
_PAIRS = [one + two for one in _SYLLABLES for two in _SYLLABLES]
_MARKER = re.compile(r"(?<![a-z])x((?:[bdfgklmnprstvz][aeiou])+)x((?:[bdfgklmnprstvz][aeiou])+)(?![a-z])")


class Marker(NamedTuple):
    """Whose text it is, and which of that person's, from 0."""

    person: int
    sequence: int

    @property
    def word(self) -> str:
        """The marker as a word."""
        guard = _SYLLABLES[_guard(self.person, self.sequence)]
        return f"x{_spelled(self.person)}x{_spelled(self.sequence)}{guard}"


def marker_in(text: str) -> Marker | None:
    """Return the first marker in a text, None where there is none."""
    for found in _MARKER.finditer(text):
        person, guarded = _read(found[1]), _read(found[2])
        if person is None or guarded is None or len(found[2]) < 4:
            continue
        sequence, guard = guarded >> 6, guarded & 63
        if guard == _guard(person, sequence):
            return Marker(person, sequence)
    return None


def _guard(person: int, sequence: int) -> int:
    return (person * 37 + sequence * 11 + 5) % 64


def _spelled(value: int) -> str:
    """Return a number in syllables, the highest first: one below 64, else pairs."""
    if value < 64:
        return _SYLLABLES[value]
    word = ""
    while value:
        word = _PAIRS[value & 4095] + word
        value >>= 12
    return word


def _read(word: str) -> int | None:
    value = 0
    for at in range(0, len(word), 2):
        digit = _VALUES.get(word[at : at + 2])
        if digit is None:
            return None
        value = (value << 6) + digit
    return value
