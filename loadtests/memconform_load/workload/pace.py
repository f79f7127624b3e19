"""How long people think, models answer and conversations go on (measured or assumed: each says which)."""

from __future__ import annotations

import math
import random

THINK_MEDIAN_S, THINK_SIGMA = 20.0, 0.8
"""Assumed; lognormal."""
MODEL_MEDIAN_S, MODEL_SIGMA = 3.0, 0.5
"""Assumed; lognormal."""
TURNS_MEDIAN, TURNS_P90 = 20, 31
"""Turns of a session in LoCoMo's conversations, measured."""
FACTS_PER_TURN = 0.43
"""LoCoMo, measured."""

_THINK_MU, _MODEL_MU, _TURNS_MU = math.log(THINK_MEDIAN_S), math.log(MODEL_MEDIAN_S), math.log(TURNS_MEDIAN)
_TURNS_SIGMA = math.log(TURNS_P90 / TURNS_MEDIAN) / 1.2816


def think_time(rng: random.Random) -> float:
    """Return how many seconds a person takes until the next message."""
    return rng.lognormvariate(_THINK_MU, THINK_SIGMA)


def model_wait(rng: random.Random) -> float:
    """Return how many seconds a model takes to answer."""
    return rng.lognormvariate(_MODEL_MU, MODEL_SIGMA)


def turns(rng: random.Random) -> int:
    """Return of how many turns a session has."""
    return max(1, round(rng.lognormvariate(_TURNS_MU, _TURNS_SIGMA)))


def tells_a_fact(rng: random.Random) -> bool:
    """Tell whether a turn says something worth keeping."""
    return rng.random() < FACTS_PER_TURN
