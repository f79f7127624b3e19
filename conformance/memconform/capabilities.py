"""What the server promises about itself, read leniently: a damaged document must not stop the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memconform.contract.versions import judged_against
from memconform.verdict import Inconclusive

STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capability document as the server sent it; `{}` when it sent none."""

    document: Mapping[str, Any]

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self.document.get(name)
        return section if isinstance(section, Mapping) else {}

    @property
    def profiles(self) -> frozenset[str]:
        """The declared profiles; core where the document is missing, for every memory server serves it."""
        declared = self.document.get("profiles")
        names = declared if isinstance(declared, list) else ["core"]
        return frozenset(name for name in names if isinstance(name, str))

    @property
    def contract(self) -> str:
        """The version of the contract that the server is judged against, of what it declares."""
        return judged_against(self.document.get("contract"))

    def limit(self, name: str) -> int:
        """Return a declared limit; raise `Inconclusive` when it is not declared."""
        value = _whole(self._section("limits").get(name))
        if value is None:
            raise Inconclusive(f"the server declares no limits.{name}")
        return value

    def limit_or(self, name: str, otherwise: int) -> int:
        """Return a declared limit, or `otherwise` when there is none; never more than `otherwise`."""
        value = _whole(self._section("limits").get(name))
        return otherwise if value is None else min(value, otherwise)

    @property
    def requests_per_minute(self) -> int | None:
        """The declared request limit, None when there is none."""
        return _whole(self._section("limits").get("requests_per_minute")) or None

    @property
    def max_top_k(self) -> int:
        """The largest `top_k`; 10 where none is declared, which every server takes as the default."""
        value = _whole(self._section("search").get("max_top_k"))
        return 10 if value is None else value

    @property
    def search_mode(self) -> str:
        """One of keyword, semantic, hybrid; empty when not declared."""
        return str(self._section("search").get("mode") or "")

    @property
    def exact(self) -> bool:
        """True when search declares that it ranks every memory of the scope."""
        return self._section("search").get("exact") is True

    @property
    def deterministic(self) -> bool:
        """True when search declares that the same search gives the same results."""
        return self._section("search").get("deterministic") is True

    @property
    def filter_operators(self) -> tuple[str, ...]:
        """The operators of the filter grammar that the server declares, in its order."""
        declared = self._section("search").get("filter_operators")
        return tuple(name for name in declared if isinstance(name, str)) if isinstance(declared, list) else ()

    @property
    def idempotency_window(self) -> int | None:
        """How many seconds an `Idempotency-Key` is remembered, None where that is not declared."""
        return _whole(self._section("write").get("idempotency_window_s"))

    @property
    def expiry_granularity(self) -> float:
        """How many seconds a memory may outlive its `expires_at`."""
        return (_whole(self._section("lifecycle").get("expiry_granularity_ms")) or 0) / 1000

    @property
    def event_retention(self) -> int | None:
        """How many seconds events are kept, None where that is not declared."""
        return _whole(self._section("events").get("retention_s"))

    @property
    def dedupes(self) -> bool:
        """True when adding the same text again may give the memory that is there."""
        return self._section("write").get("dedupe") == "exact"

    def staleness(self, read: str) -> float:
        """Return how many seconds a read (get, list, search) may lag behind the writes; 0 for strong ones."""
        promise = self._section("consistency").get(read)
        if isinstance(promise, Mapping) and promise.get("model") != STRONG:
            lag = promise.get("max_staleness_ms")
            return float(lag) / 1000 if isinstance(lag, (int, float)) else 0.0
        return 0.0


def _whole(value: object) -> int | None:
    """Return a JSON number without a fraction as an integer, also when it is spelled 200.0; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value)
