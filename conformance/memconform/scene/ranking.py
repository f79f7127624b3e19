"""Search results as data, and what it means that two rankings agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeGuard

from memconform.answer import Answer
from memconform.verdict import Inconclusive

SCORE_TOLERANCE = 1e-9
"""Scores that differ by no more are the same score, written in two ways."""

SINGLE_PRECISION = 1e-6
"""Scores that differ by no more may come of the same sum in single precision, added up in another order."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One result: whose, how near, and the memory as it came with it."""

    id: str
    score: float
    memory: dict[str, Any]


Ranking = Sequence[Ranked]

_NARROWEST = 1e-5
"""The smallest gap between scores that is a gap, as a share of the best score."""


def ranking(answer: Answer) -> list[Ranked]:
    """Return the results of a search that must have succeeded, best first.

    Raise `Inconclusive` where they are not even results: SEARCH-02 and CORE-28 say what is wrong with them.
    """
    results = answer.control(200).control_object("results", list)["results"]
    return [_ranked(result, answer) for result in results]


def _ranked(result: Any, answer: Answer) -> Ranked:
    memory = result.get("memory") if isinstance(result, dict) else None
    score = result.get("score") if isinstance(result, dict) else None
    if not (isinstance(memory, dict) and isinstance(memory.get("id"), str) and is_score(score)):
        raise Inconclusive("control: a result has no memory with an id, or no score in [0, 1]", [answer.exchange])
    return Ranked(memory["id"], float(score), memory)


def is_score(value: object) -> TypeGuard[float]:
    """Tell whether a JSON value is a finite number in [0, 1]."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1  # NaN is not


def same_score(one: float, two: float) -> bool:
    """Tell whether two scores are the same but for their spelling."""
    return abs(one - two) <= SCORE_TOLERANCE


def change(before: Ranking, after: Ranking) -> str | None:
    """Return, in words, the first place where two rankings differ in id or score; None where they are the same."""
    for place, (one, two) in enumerate(zip(before, after, strict=False), 1):
        if one.id != two.id:
            return f"at place {place} {two.id} instead of {one.id}"
        if not same_score(one.score, two.score):
            return f"at place {place} the score {two.score} instead of {one.score} for {one.id}"
    if len(before) != len(after):
        return f"{len(after)} results instead of {len(before)}"
    return None


def prefix_breach(short: Ranking, long: Ranking, k: int, *, tolerance: float = SCORE_TOLERANCE) -> str | None:
    """Return, in words, how `short` is not the first `k` of `long`; None where it is.

    Ties apart: results whose scores are equal may stand in any order, and any of them may fall to the cut.
    """
    first, scores = long[:k], {each.id: each.score for each in long}
    if len(short) != len(first):
        return f"{len(short)} results instead of {len(first)}"
    for place, (one, two) in enumerate(zip(short, first, strict=True), 1):
        if abs(one.score - two.score) > tolerance:
            return f"at place {place} {one.id} with {one.score} instead of {two.id} with {two.score}"
    for each in short:
        if abs(each.score - scores.get(each.id, each.score)) > tolerance:
            return f"{each.id} with {each.score} instead of {scores[each.id]}"
    strangers = missed(short, long, k, tolerance=tolerance)
    return f"{strangers[0]}, which is not among the first {k} of {len(long)}" if strangers else None


def missed(short: Ranking, long: Ranking, k: int, *, tolerance: float = SCORE_TOLERANCE) -> list[str]:
    """Return the ids in `short` that no fair cut of `long` at `k` can have: not among its first `k`, nor tied there."""
    first = {each.id: each.score for each in long[:k]}
    cut = long[min(k, len(long)) - 1].score if long else 0.0
    tied = {each.id for each in long[k:] if abs(each.score - cut) <= tolerance}
    beyond = len(long) > k and abs(long[-1].score - cut) <= tolerance  # the tie may go on where `long` ends
    return [
        each.id
        for each in short
        if each.id not in first and each.id not in tied and not (beyond and abs(each.score - cut) <= tolerance)
    ]


def thresholds(scores: Sequence[float]) -> list[float]:
    """Return values between neighbouring scores, by falling width of the gap; above them all where there is no gap.

    Gaps that single precision arithmetic might close are left out, and so is what lies below the lowest score: a
    server may leave out what shares nothing with the query, and need not do so at the same place each time.
    """
    distinct = sorted(set(scores))
    if not distinct:
        return []
    gaps = _gaps(distinct, distinct[-1]) or _gaps([distinct[-1], 1.0], 1.0)
    return [middle for _, middle in sorted(gaps, reverse=True)]


def _gaps(scores: Sequence[float], largest: float) -> list[tuple[float, float]]:
    return [(high - low, (high + low) / 2) for low, high in pairwise(scores) if high - low > _NARROWEST * largest]


def certainly_below(share: float, hits: int, trials: int) -> bool:
    """Tell whether so few hits leave no doubt that less than this share would hit, were there ever so many trials."""
    return hits < share * trials - 3 * math.sqrt(share * (1 - share) * trials)
