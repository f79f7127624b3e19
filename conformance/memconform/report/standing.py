"""How an outcome stands where not all count: requirements that are not scored, and what a baseline tolerates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNSCORED = "not scored: newer than the contract that this server was judged by"


def scored(row: Mapping[str, Any]) -> bool:
    """Return whether a requirement counts; one that came with a later contract than the server's does not."""
    return bool(row.get("scored", True))


def tolerated_words(entry: Mapping[str, Any]) -> str:
    """Return an entry of a baseline in words (see `memconform.baseline.comparing.covering`)."""
    doubt = ", but it reads otherwise than when that was written down" if "found_now" in entry else ""
    return f"known: {entry['reason']}, until {entry['expires']}{doubt}"
