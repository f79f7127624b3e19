"""Hides secrets in what is reported, in every spelling that they may come back in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

_TELLING = 6
"""So many characters of a secret tell something of it."""
_SECRET = 8
"""A shorter secret is hidden where it stands alone: within other words it is only letters."""


_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """Return the values of the variables whose names say that they are secrets."""
    return [value for name, value in environ.items() if _NAMES.search(name) and len(value) >= _TELLING]


def redactor(secrets: Sequence[str]) -> Callable[[str], str]:
    """Return a function that replaces the secrets in a text by [redacted]."""
    spellings = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))}
    if not spellings:
        return str
    longest_first = sorted(spellings, key=len, reverse=True)
    whole = "|".join(_spelled(each) for each in longest_first)
    # A text that was cut may end in the first characters of a secret.
    cut = "|".join(re.escape(each[:size]) for each in longest_first for size in range(len(each) - 1, _TELLING - 1, -1))
    pattern = re.compile(f"{whole}|(?:{cut})(?=…|['\"]?$)" if cut else whole)
    return lambda text: pattern.sub("[redacted]", text)


def _spelled(secret: str) -> str:
    """Return a pattern for a secret; a short one must not touch letters or digits, for those make up any text."""
    pattern = re.escape(secret)
    return pattern if len(secret) >= _SECRET else rf"(?<!\w){pattern}(?!\w)"
