"""People, of whom few talk much and many little."""

from __future__ import annotations

import math
import random
import re
from array import array
from bisect import bisect_right
from itertools import accumulate

from memconform.scopes import RUN_PREFIX

YCSB_THETA = 0.99
"""The usual skew of YCSB's Zipf distribution."""

_NUMBER = re.compile(r"_p([0-9a-f]+)\Z")


class Population:
    """`people` persons, numbered from 0; number k is picked with a weight of 1 / (k + 1) ** theta."""

    def __init__(self, people: int, theta: float = YCSB_THETA, *, run_id: str = "") -> None:
        """Take the run's id, which each `user_id` carries; raise `ValueError` without people or with a bad skew."""
        if people < 1 or theta < 0:
            raise ValueError(
                f"a population needs a person or more and no negative skew: {people} people, theta {theta}"
            )
        self.people = people
        self._prefix = (run_id if run_id.startswith(RUN_PREFIX) else f"{RUN_PREFIX}{run_id}") + "_p"
        self._cumulative = array("d", accumulate(math.pow(rank + 1, -theta) for rank in range(people)))
        self._total = self._cumulative[-1]

    def person(self, index: int) -> str:
        """Return the `user_id` of a person."""
        return f"{self._prefix}{index:x}"

    def pick(self, rng: random.Random) -> int:
        """Return the number of a person; the first ones come often."""
        return min(bisect_right(self._cumulative, rng.random() * self._total), self.people - 1)

    def weight(self, index: int) -> float:
        """Return the share of all picks that falls on a person."""
        before = self._cumulative[index - 1] if index else 0.0
        return (self._cumulative[index] - before) / self._total


def number_of(person: str) -> int | None:
    """Return the number that a `user_id` of a population carries, None where it is no such."""
    found = _NUMBER.search(person)
    return int(found[1], 16) if found else None
