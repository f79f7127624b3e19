"""Memories under keys: one key in two scopes, look-alike keys, races for a key; what keyed and concurrency look at."""

from __future__ import annotations

from memconform.answer import REFUSALS, Answer
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, MemoryApi, Scope
from memconform.plot import Plot
from memconform.scene.entity_tags import NEVER, if_match, tag_or_none
from memconform.scene.eventually import settle
from memconform.scene.optional_members import bare
from memconform.scene.races import overlapped, raced
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

KEYS = Plot("keyed", requests=42)
"""What it takes at most, where pages of lists are short and races do not happen at first."""

KEY = "Café/ä %2F+b"
LOOK_ALIKES = ("Cafe\u0301/a\u0308 %2F+b", "café/ä %2F+b")
ABSENT_KEY = "not set"
NEW_KEYS, RACED_KEYS = ("set once", "set once, again"), ("set at once", "set at once, again")
"""What is raced for, one after the other until there was a race; each is a step of the story."""
ROOM = 24
"""How long a key may be at least for this, in bytes."""
RACERS = 3
FIRST: dict[str, Json] = {"content": "vim is what I use", "metadata": {"since": 1999}, "confidence": 0.5}
SECOND: dict[str, Json] = {"content": "nano is what I use"}


def keyed_story(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Story:
    """Return the story of some keys, lived once in a run."""
    if capabilities.limit_or("key_bytes", 64) < ROOM:
        raise NotApplicable(f"limits.key_bytes leaves no room for the judge's keys of {ROOM} bytes")
    return once(memory, KEYS, lambda: _Keys(memory, scopes, capabilities).live())


class _Keys:
    def __init__(self, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
        self.memory, self.capabilities = memory, capabilities
        self.wide = scopes.fresh()
        self.narrow = scopes.use({**self.wide, "session_id": scopes.value()})
        self.sibling = scopes.use({**self.wide, "session_id": scopes.value()})
        self.story = Story()

    def live(self) -> Story:
        self._set()
        if "concurrency" in self.capabilities.profiles:
            self._set_conditionally()
        self._race()
        self._read()
        self.story.tell("unset", self.memory.unset(KEY, self.narrow))
        self.story.tell("anew", self._first())
        return self.story

    def _first(self) -> Answer:
        """Set the first value: without what few tests are about, where the server refuses that."""
        answer = self.memory.set(KEY, self.narrow, FIRST)
        return self.memory.set(KEY, self.narrow, bare(FIRST)) if answer.status in REFUSALS else answer

    def _set(self) -> None:
        story, put = self.story, self.memory.set
        story.tell("first", self._first().control(200, 201))
        story.tell("elsewhere", put(KEY, self.wide, {"content": "emacs is what I use"}))
        replaced = story.tell("replaced", put(KEY, self.narrow, SECOND))
        tag = tag_or_none(replaced) if "concurrency" in self.capabilities.profiles else None
        story.tell("again", put(KEY, self.narrow, SECOND, **if_match(tag)))
        alike = [put(key, self.wide, {"content": f"under {key!a}"}) for key in LOOK_ALIKES]
        story.tell("look-alikes", *alike)

    def _set_conditionally(self) -> None:
        former = if_match(tag_or_none(self.story["first"]) or NEVER)
        story, refused = self.story, {"content": "should be refused"}
        story.tell("put on a former tag", self.memory.set(KEY, self.narrow, refused, **former))
        story.tell("put on nothing", self.memory.set(ABSENT_KEY, self.narrow, refused, **former))

    def _race(self) -> None:
        if "concurrency" in self.capabilities.profiles:
            fresh = {"headers": {"If-None-Match": "*"}}
            self._race_for(NEW_KEYS, **fresh)
        self._race_for(RACED_KEYS)

    def _race_for(self, keys: tuple[str, ...], **options: Json) -> None:
        for key in keys:
            answers = racing_puts(self.memory, key, self.wide, RACERS, **options)
            self.story.tell(key, *answers)
            if overlapped(answers):
                break

    def _read(self) -> None:
        story, memory = self.story, self.memory
        settle(max(map(self.capabilities.staleness, ("get", "list"))))
        story.tell("got", memory.get_keyed(KEY, self.narrow))
        story.tell("got beside", memory.get_keyed(KEY, self.sibling))
        story.tell("listed", *list_pages(memory, self.wide))
        if "search" in self.capabilities.profiles:
            settle(self.capabilities.staleness("search"))
            story.tell("found", memory.search(SECOND["content"], self.narrow))


def racing_puts(memory: MemoryApi, key: str, scope: Scope, racers: int, **options: Json) -> list[Answer]:
    """Set a key at the same moment to as many values as there are racers."""

    def put(number: int) -> Answer:
        return memory.set(key, scope, raced_value(key, number), **options)

    return raced([lambda number=number: put(number) for number in range(racers)])  # type: ignore[misc]  # mypy cannot infer a lambda with a default


def raced_value(key: str, number: int) -> dict[str, Json]:
    """Return what a racer sets: content and metadata tell whether the winner is of one piece."""
    return {"content": f"{key}, by racer {number}", "metadata": {"racer": number}}


def list_pages(memory: MemoryApi, scope: Scope) -> list[Answer]:
    """Return the pages of a list to the null cursor, or to the first one that is not answered with 200."""
    pages = [memory.list(scope)]
    while pages[-1].status == 200:
        cursor = pages[-1].control_object("items", list).get("next_cursor")
        if cursor is None:
            break
        pages.append(memory.list(scope, cursor=str(cursor)))
    return pages


def items_of(pages: list[Answer]) -> list[dict[str, Json]]:
    """Return the memories on the pages of a list, each of which must have come."""
    for page in pages:
        page.control(200)
    return [each for page in pages for each in page.control_object("items", list)["items"] if isinstance(each, dict)]
