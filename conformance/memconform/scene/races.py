"""Requests that are under way at the same moment: a race proves something only where it happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from memconform.answer import Answer
from memconform.http import together
from memconform.verdict import Inconclusive

BUSY = (429, 503)


def raced(actions: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Send requests at the same moment and return their answers in order; a server too busy for it proves nothing."""
    answers = together(actions)
    busy = next((answer for answer in answers if answer.status in BUSY), None)
    if busy is not None:
        raise Inconclusive(f"the server was too busy for {len(actions)} requests at once", [busy.exchange])
    return answers


def overlapped(answers: Sequence[Answer]) -> bool:
    """Tell whether at least two of the requests were under way at the same time."""
    spans = sorted((each.exchange.at, each.exchange.at + each.exchange.seconds) for each in answers)
    return any(after[0] < before[1] for before, after in pairwise(spans))


def must_have_raced(answers: Sequence[Answer]) -> None:
    """Go on only if there was a race."""
    if not overlapped(answers):
        see = [answer.exchange for answer in answers]
        raise Inconclusive("the race did not happen: no two of the requests were under way at the same time", see)
