"""Conversations that are taken in: what is sent, and how the operation goes on to its end.

Lived once in a run: one conversation, twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from memconform.answer import Answer
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, MemoryApi
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import list_pages
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive

CONVERSATION = Plot("conversation", requests=60)
"""What it takes at most."""

MESSAGES: Sequence[dict[str, Json]] = (
    {"id": "message-one", "role": "user", "content": "I am allergic to peanuts."},
    {"id": "message-two", "role": "assistant", "content": "Thanks for telling me!"},
    {"id": "message-three", "role": "user", "content": "My sister Ana lives in Porto."},
)
"""Plain statements, the kind of which every extractor makes memories."""

MOST_MEMORIES = 6
"""So many of the memories that came of it are read."""

LONGEST_S = 60.0
ENDED = ("succeeded", "failed")


class Conversation(Story):
    """One conversation taken in once or twice, and how the operations went."""

    def __init__(self, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, turns: int) -> None:
        """Choose a scope; nothing is sent yet."""
        super().__init__()
        self.turns = turns
        self.memory, self.capabilities = memory, capabilities
        self.scope = scopes.fresh()
        self.metadata = {"from": {"conversation": scopes.value()}}

    def outcome(self, step: str) -> list[dict[str, Any]]:
        """Return what a succeeded operation lists; `Inconclusive` where it failed or lists nothing usable."""
        operation = document(self[step])
        if operation.get("status") != "succeeded":
            raise Inconclusive(f"the ingestion ended as {operation.get('status')}", [self[step].exchange])
        result = operation.get("result")
        rows = result.get("memories") if isinstance(result, dict) else None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def conversation(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> Conversation:
    """Return the story, lived once in a run; smoke has no room for the second time."""
    lived = once(memory, CONVERSATION, lambda: _live(Conversation(memory, scopes, capabilities, budget.of(1, 2, 2))))
    return cast("Conversation", lived)


def _live(story: Conversation) -> Conversation:
    memory = story.memory
    messages = _within(story.capabilities.limit_or("messages", len(MESSAGES)))
    for turn in ("first", "second")[: story.turns]:
        accepted = story.tell(f"{turn} accepted", memory.ingest(story.scope, messages, metadata=story.metadata))
        story.tell(turn, *follow(memory, accepted.control(202)))
        settle(max(story.capabilities.staleness("get"), story.capabilities.staleness("list")))
        if turn == "first":
            rows = [row for row in story.outcome(turn) if row.get("action") in ("added", "updated")]
            story.tell("memories", *(memory.get(str(row.get("id"))) for row in rows[:MOST_MEMORIES]))
        story.tell(f"{turn} list", *list_pages(memory, story.scope))
    return story


def _within(limit: int) -> Sequence[dict[str, Json]]:
    """Return the messages, or the first of those that state something where so many are not taken at once."""
    return MESSAGES if len(MESSAGES) <= limit else [each for each in MESSAGES if each["role"] == "user"][:limit]


def follow(memory: MemoryApi, accepted: Answer, within_seconds: float = LONGEST_S) -> list[Answer]:
    """Look at an operation until it has ended, and return every look; `Inconclusive` when it takes too long."""
    operation_id = str(accepted.control_object("id", str)["id"])
    until, pause = time.monotonic() + within_seconds, 0.06
    looks = [accepted]
    while document(looks[-1]).get("status") not in ENDED:
        if time.monotonic() > until:
            raise Inconclusive(f"the operation has not ended within {within_seconds:g} s", [looks[-1].exchange])
        time.sleep(pause)
        pause = min(pause * 3, 8.0)
        looks.append(memory.operation(operation_id).control(200))
    return looks


def document(answer: Answer) -> dict[str, Any]:
    """Return the operation that an answer shows."""
    return answer.control_object("status", str)
