"""The life of one memory, from its adding to its deletion: what update, concurrency and history have to say about it.

In this order what one profile does wrong shows at its own steps: every refused request carries a mark that is looked
for afterwards, and none that might be taken by mistake comes before a good one that others judge.
"""

from __future__ import annotations

from collections.abc import Collection

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memory, MemoryApi
from memconform.plot import Plot
from memconform.scene.entity_tags import NEVER, if_match, if_none_match, tag_or_none
from memconform.scene.eventually import settle
from memconform.scene.material import cut
from memconform.scene.optional_members import as_taken, offered
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

LIFE = Plot("life", requests=27)
"""What it takes at most, where pages of history are whole."""

GIVEN: dict[str, Json] = {
    "metadata": {"keep": "x", "drop": True, "nest": {"keep": 1, "drop": 2}, "list": [1, 2, 3]},
    "confidence": 0.5,
    "ext": {"com.example": {"a": 1, "b": 2}},
}
TEXT = "  naïve cafe\u0301 \U0001f469\u200d\U0001f467 \r\n\tends in blanks \n"
CHANGE: dict[str, Json] = {
    "metadata": {"drop": None, "nest": {"drop": None, "new": 1.5}, "list": [3], "fresh": {"x": 1, "y": None}},
    "ext": {"com.example": {"a": None}},
}
CLEARING: dict[str, Json] = {"metadata": None, "confidence": None, "ext": None}
REFUSED = ("stale", "weak", "moved", "renumbered", "invalid", "foreign")
"""The steps that a server refuses and that change nothing."""


def change_within(capabilities: Capabilities) -> dict[str, Json]:
    """Return the first patch, as far as the limits allow."""
    if capabilities.limit_or("metadata_depth", 8) < 2 or capabilities.limit_or("metadata_bytes", 256) < 160:
        raise NotApplicable("limits.metadata_depth and limits.metadata_bytes leave no room for a patch worth its name")
    return {"content": cut(TEXT, capabilities.limit_or("content_bytes", 200)), **CHANGE}


def life(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Story:
    """Return the life of a memory, lived once in a run."""
    return once(memory, LIFE, lambda: _Life(memory, scopes, capabilities).live())


def marked(step: str) -> dict[str, Json]:
    """Return the metadata that a patch would leave behind if it were not refused."""
    return {"metadata": {step: "must not be kept"}}


def left_by(refused: Collection[str], record: Memory) -> list[str]:
    """Return which of the refused patches have left their mark in a memory."""
    return [step for step in refused if step in (record.get("metadata") or {})]


class _Life:
    def __init__(self, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
        self.memory, self.capabilities = memory, capabilities
        self.scope, self.elsewhere = scopes.fresh(), scopes.fresh()
        self.story = Story()

    def live(self) -> Story:
        change = change_within(self.capabilities)
        added = offered(self.memory, {"content": "I use pnpm", "scope": self.scope, **GIVEN})[-1].control(201)
        self.story.tell("added", added)
        change = as_taken(self.story.record("added"), change)
        self.id = str(added.control_object("id", str)["id"])
        self._history("first history")
        if self._declares("update"):
            self._change(change)
            self._provoke()
        self._read()
        self._history("history")
        self._end()
        return self.story

    def _declares(self, profile: str) -> bool:
        return profile in self.capabilities.profiles

    def _tag(self, answer: Answer) -> str | None:
        return tag_or_none(answer) if self._declares("concurrency") else None

    def _settle(self) -> None:
        settle(self.capabilities.staleness("get"))

    def _history(self, step: str) -> None:
        if self._declares("history"):
            self._settle()
            self.story.tell(step, *history_pages(self.memory, self.id))

    def _change(self, change: dict[str, Json]) -> None:
        self.story.tell("changed", self.memory.patch(self.id, change))
        again = self.story.tell("repeated", self.memory.patch(self.id, change))
        clearing = as_taken(self.story.record("added"), CLEARING)
        self.story.tell("cleared", self.memory.patch(self.id, clearing, **if_match(self._tag(again))))

    def _provoke(self) -> None:
        story, patch = self.story, self.memory.patch
        old, new = self._tag(story["added"]), self._tag(story["cleared"])
        if old is not None and new is not None:
            story.tell("stale", patch(self.id, marked("stale"), **if_match(old)))
            story.tell("weak", patch(self.id, marked("weak"), **if_match(f"W/{new}")))
        story.tell("moved", patch(self.id, {**marked("moved"), "scope": self.elsewhere}))
        story.tell("renumbered", patch(self.id, {**marked("renumbered"), "version": 99}))
        story.tell("invalid", patch(self.id, {**marked("invalid"), "content": None}))
        plain = {"Content-Type": "text/plain"}
        story.tell("foreign", patch(self.id, marked("foreign"), headers=plain))

    def _read(self) -> None:
        self._settle()
        old = self._tag(self.story["added"]) if "cleared" in self.story else None
        read = self.story.tell("read", self.memory.get(self.id, **if_none_match(old)))
        tag = self._tag(read)
        if tag is not None:
            self.story.tell("unmodified", self.memory.get(self.id, **if_none_match(tag)))

    def _end(self) -> None:
        tag = self._tag(self.story["read"])
        if tag is not None:
            old = self._tag(self.story["added"]) or NEVER
            self.story.tell("kept", self.memory.delete(self.id, **if_match(NEVER if old == tag else old)))
        self.story.tell("deleted", self.memory.delete(self.id, **if_match(tag)))
        self._history("forgotten")
        if self._declares("update"):
            self._settle()
            self.story.tell("late", self.memory.patch(self.id, marked("late"), **if_match(tag)))


def history_pages(memory: MemoryApi, memory_id: str, limit: int | None = None) -> list[Answer]:
    """Return the pages of a history to the null cursor, or to the first one that is not answered with 200."""
    params: dict[str, str | int] = {} if limit is None else {"limit": limit}
    pages: list[Answer] = []
    while True:
        pages.append(memory.history(memory_id, **params))
        if pages[-1].status != 200:
            return pages
        cursor = pages[-1].control_object("items", list).get("next_cursor")
        if cursor is None:
            return pages
        params["cursor"] = str(cursor)


def entries_of(pages: list[Answer]) -> list[Memory]:
    """Return the entries of a history, oldest first; every page must be 200."""
    for page in pages:
        page.must_be(200, because="the history of a memory that is there")
    return [each for page in pages for each in page.control_object("items", list)["items"] if isinstance(each, dict)]
