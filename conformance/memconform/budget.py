"""How much a run may cost, counted in requests: a test asks the budget how often it may try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Size = Literal["smoke", "standard", "full"]
SIZES: tuple[Size, ...] = get_args(Size)


@dataclass(frozen=True, slots=True)
class Budget:
    """One of three sizes; `smoke` for every commit, `standard` for every merge, `full` for a release."""

    size: Size = "standard"

    def of(self, smoke: int, standard: int, full: int) -> int:
        """Return the number that belongs to this size."""
        return (smoke, standard, full)[SIZES.index(self.size)]

    def beyond_smoke(self, standard: int, full: int) -> int:
        """Return the number that belongs to this size, in a test that smoke has no room for."""
        return full if self.size == "full" else standard

    def bound(self, requests: int | tuple[int, int, int]) -> int:
        """Return the upper bound of requests that a test announced, for this size."""
        return requests if isinstance(requests, int) else self.of(*requests)


STANDARD = Budget("standard")
