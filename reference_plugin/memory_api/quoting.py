"""Puts foreign text into a message: on one line, cut, and never with the API key in it."""

from __future__ import annotations

import base64
import unicodedata
from urllib.parse import quote

QUOTED_CHARACTERS = 300
"""How much of a foreign text is shown."""

WINDOW = 10
"""So many characters of the key in a row are the key, also where the rest was cut off."""

LEAST_CODED = 6
"""A shorter piece of base64 could be part of any word."""

_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def escaped(text: str) -> str:
    """Return `text` with control, format and surrogate characters as backslash escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(each) if unicodedata.category(each) in _UNPRINTABLE else each for each in text)


def quoted(text: str, limit: int = QUOTED_CHARACTERS) -> str:
    """Return `text` in quotation marks, on one line and cut to `limit` characters."""
    shown = text if len(text) <= limit else text[:limit] + "…"
    return '"' + escaped(shown).replace('"', "'") + '"'


def holds_secret(text: str, secret: str | None) -> bool:
    """Tell whether `text` shows the secret: plain, encoded, in other case, or a good part of it."""
    if not secret:
        return False
    folded = text.casefold()
    if any(form.casefold() in folded for form in _forms(secret)):
        return True
    return any(secret[at : at + WINDOW].casefold() in folded for at in range(len(secret) - WINDOW + 1))


def _forms(secret: str) -> set[str]:
    """Return the ways in which a secret is written."""
    data = secret.encode()
    forms = {secret, secret[::-1], quote(secret, safe=""), data.hex(), ascii(secret)[1:-1]}
    for shift in range(3):  # inside a longer base64 text the key may start at any of three places
        coded = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
        inner = coded[4:-1] if shift else coded
        if len(inner) >= LEAST_CODED:
            forms |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return forms


def _escape(character: str) -> str:
    """Return the backslash escape of one character."""
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
