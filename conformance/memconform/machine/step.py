"""One step of a sequence as plain small numbers, so that a sequence stays one when steps are left out of it."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

PLACES = 3
"""The scopes of an example: a user, a session of that user, another user."""
FLAVOURS = 6
SHORTEST, LONGEST = 12, 26
"""How many steps a sequence has."""
AT_ONCE = 3
"""How many profiles a sequence uses besides the core."""

Sequence = tuple["Step", ...]

_VERBS: tuple[tuple[str, str, int], ...] = (
    ("add", "core", 2),
    ("get", "core", 1),
    ("list", "core", 1),
    ("delete", "core", 2),
    ("search", "search", 2),
    ("patch", "update", 4),
    ("history", "history", 2),
    ("set", "keyed", 2),
    ("set_again", "keyed", 1),
    ("get_keyed", "keyed", 1),
    ("unset", "keyed", 2),
    ("batch", "batch", 3),
    ("supersede", "supersession", 4),
    ("erase", "erasure", 2),
    ("add_once", "idempotency", 2),
    ("repeat", "idempotency", 4),
    ("export", "portability", 1),
    ("round_trip", "portability", 2),
    ("summary", "summary", 2),
)
"""Verb, the profile that it needs, and how often it is drawn beside the others."""


READING = frozenset({"get", "list", "search", "history", "get_keyed", "export", "summary"})
"""Verbs that change nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one principal does. `place` chooses a scope, `which` a memory counted from the newest, `flavour` a form."""

    verb: str
    who: int = 0
    place: int = 0
    which: int = 0
    flavour: int = 0


def sequences(profiles: Collection[str], principals: int, *, seed: int, count: int) -> list[Sequence]:
    """Return sequences over these profiles; the same for the same arguments.

    Each keeps to the core and a few profiles more, all of them in turn, so that operations of one profile meet often.
    """
    dice = random.Random(seed)  # noqa: S311 - a choice of examples, no secret
    others = sorted({profile for _, profile, _ in _VERBS if profile in profiles} - {"core"})
    waiting: list[str] = []
    drawn = []
    for _ in range(count):
        if len(waiting) < AT_ONCE:
            waiting += dice.sample(others, len(others))
        chosen, waiting = {"core", *waiting[:AT_ONCE]}, waiting[AT_ONCE:]
        verbs = [verb for verb, profile, weight in _VERBS if profile in chosen for _ in range(weight)]
        length = dice.randint(SHORTEST, LONGEST)
        drawn.append(tuple(_step(dice, dice.choice(verbs), principals) for _ in range(length)))
    return drawn


def _step(dice: random.Random, verb: str, principals: int) -> Step:
    """Return a step: the first principal, the widest scope and the newest memory more often than others."""
    who = int(principals > 1 and dice.random() < 0.15)
    place = dice.choice([0, *range(PLACES)])
    return Step(verb, who, place, dice.choice([0, 0, 0, 1, 2, 3]), dice.randrange(FLAVOURS))
