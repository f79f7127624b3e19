"""How far reads may lag, and what else the server promises that a judge goes by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memconform.capabilities import STRONG, Capabilities


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds by which a read may lag behind acknowledged writes; infinity where nothing is promised."""

    get: float
    listed: float
    searched: float
    idempotent: bool
    """Whether a repeat with the same `Idempotency-Key` has one effect."""
    window_s: float
    """How long a key is remembered."""
    dedupes: bool
    """Whether adding a text again may give the memory that is there."""
    exact: bool
    """Whether search ranks every memory."""
    page: int
    """How many items of a list to ask for."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Bounds:
        """Read a capability document."""
        capabilities = Capabilities(document)
        window = capabilities.idempotency_window
        return cls(
            get=_bound(document, "get"),
            listed=_bound(document, "list"),
            searched=_bound(document, "search"),
            idempotent="idempotency" in capabilities.profiles and bool(window),
            window_s=float(window or 0),
            dedupes=capabilities.dedupes,
            exact=capabilities.exact,
            page=max(1, capabilities.limit_or("page_size", 200)),
        )

    def unpromised(self, *, searches: bool) -> Iterator[str]:
        """Yield what cannot be judged because nothing is promised."""
        if math.isinf(self.get):
            yield "get: the server declares no consistency, so no read by id is stale"
        if math.isinf(self.listed):
            yield "list: the server declares no consistency, so nothing is missing from a list"
        if math.isinf(self.searched) and searches:
            yield "search: the server declares no max_staleness_ms, so no search is too late or shows deleted memories"


def _bound(document: Mapping[str, Any], read: str) -> float:
    consistency = document.get("consistency")
    promise = consistency.get(read) if isinstance(consistency, Mapping) else None
    if promise == STRONG:
        return 0.0
    if not isinstance(promise, Mapping):
        return math.inf
    if promise.get("model") == STRONG:
        return 0.0
    lag = promise.get("max_staleness_ms")
    known = isinstance(lag, int | float) and not isinstance(lag, bool) and lag >= 0
    return float(lag) / 1000 if known and lag is not None else math.inf
