"""The API keys of a check: made up, each a canary that can be told wherever it comes out."""

from __future__ import annotations

import base64
import re
import secrets

_PREFIX = "mcfkey-"
_KEY = re.compile(rf"{_PREFIX}[0-9a-f]{{16,}}", re.IGNORECASE)
"""Half a key is as good as a whole one; the first few letters, as a mask leaves them, are none."""


def new_key() -> str:
    """Return a key that was never there before."""
    return f"{_PREFIX}{secrets.token_hex(16)}"


def holds_key(text: str) -> bool:
    """Tell whether a text has any key of a check in it, plain or in base64, whatever stands before it there."""
    return bool(_KEY.search(text) or _CODED.search(text))


def without_keys(text: str) -> str:
    """Return the text with every key of a check hidden."""
    return _KEY.sub("[redacted]", text)


def _coded_prefix(before: int) -> str:
    """Return the letters of base64 that the prefix always has when so many bytes stand before it in its group."""
    coded = base64.b64encode(b"x" * before + _PREFIX.encode()).decode().rstrip("=")
    certain = 4 * ((before + len(_PREFIX)) // 3)
    return coded[2 * (before > 0) + (before == 2) : certain]


_CODED = re.compile("|".join(rf"{re.escape(_coded_prefix(before))}[A-Za-z0-9+/_-]{{40}}" for before in range(3)))
