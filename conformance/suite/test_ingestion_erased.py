"""A scope that is erased while messages are still being taken in stays empty."""

from __future__ import annotations

import time
from typing import Any

from memconform.answer import control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.measures import Measures
from memconform.memory_api import Json, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.conversation import CONVERSATION, ENDED, conversation, document, follow
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import items_of, list_pages
from memconform.scene.oracle import instant
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive, NotApplicable

MESSAGES = 40
"""Enough of them that the work is not done at once."""

LATE_S = 0.6
"""How long after both ends the judge looks once more, in seconds."""

PLACES = ("Lisbon", "Porto", "Braga", "Coimbra", "Faro", "Aveiro", "Viseu", "Beja")


@requirement("INGESTION-04", requests=(0, 140, 260), stories=(CONVERSATION,), needs=("erasure",))
def test_erasing_while_it_runs_leaves_nothing_behind(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget, measures: Measures
) -> None:
    """A scope that is erased before its ingestion has ended is empty when both have ended, and stays so."""
    rows = conversation(memory, scopes, capabilities, budget).outcome("first")
    control(rows, "nothing came of messages in a scope that is not erased")
    raced = 0
    for attempt in range(1, budget.beyond_smoke(4, 8) + 1):
        scope = scopes.fresh()
        inner = scope if attempt % 2 else scopes.use({**scope, "session_id": scopes.value()})
        raced += _erased_meanwhile(memory, scope, inner, capabilities, attempt)
        if raced >= budget.beyond_smoke(3, 6):
            break
    measures.state("ingestion: erased while it ran", raced, "times")
    if not raced:
        raise NotApplicable("every ingestion had ended before the erasure of its scope was asked for")


def _erased_meanwhile(memory: MemoryApi, scope: Scope, inner: Scope, capabilities: Capabilities, attempt: int) -> bool:
    """Take messages in, erase a scope with them at once, require it to be empty; tell whether the one met the other.

    `inner` is where they are taken in: the scope itself, or a narrower one, which an erasure of the scope covers.
    """
    many = min(capabilities.limit_or("messages", MESSAGES * attempt), MESSAGES * attempt)
    taken = memory.ingest(inner, [_message(number) for number in range(many)]).control(202)
    if document(taken).get("status") in ENDED:
        raise NotApplicable("ingestions end before they are answered")
    erasing = memory.elsewhere("eraser").erase(scope).control(202)
    erased, ended = document(follow(memory, erasing)[-1]), document(follow(memory, taken)[-1])
    if erased.get("status") != "succeeded":
        raise Inconclusive("the erasure failed", [erasing.exchange])
    settle(max(capabilities.staleness(read) for read in ("get", "list", "search")))
    for when in ("when both have ended", f"{LATE_S:g} s after both have ended"):
        answers = list_pages(memory, scope)
        left = items_of(answers)
        contents = shown([item.get("content") for item in left])
        must(not left, f"nothing in the erased scope {when}", f"{len(left)} memories: {contents}", answers[-1])
        time.sleep(LATE_S if when.startswith("when") else 0)
    return _met(ended, erased)


def _message(number: int) -> Json:
    place, year = PLACES[number % len(PLACES)], 1950 + number
    return {"id": f"m-{number}", "role": "user", "content": f"My cousin number {number} moved to {place} in {year}."}


def _met(ended: dict[str, Any], erased: dict[str, Any]) -> bool:
    """Tell whether the ingestion was unfinished when the erasure was asked for: it was cancelled, or ended later."""
    if ended.get("status") == "failed":
        return True
    try:
        return instant(ended.get("completed_at")) > instant(erased.get("created_at"))
    except ValueError:
        return False
