"""A scope with some notes, added at the same moment, listed, changed during a walk: for tests of lists and pages."""

from __future__ import annotations

import time

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.http import together
from memconform.memory_api import Memories, MemoryApi
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive

NOTEBOOK = Plot("notebook", requests=30)
"""What it takes at most, where pages of lists are short."""

NOTES = 4
PAGES = 12
"""How many pages the walk has at most, where they are short or empty."""

BUSY = 503
COARSEST_CLOCK_S = 1.01
"""Timestamps of servers are at least as fine as a second."""


class Notebook(Story):
    """The adds, the list after them, a walk during a deletion and an add, and the list after those."""

    def __init__(self, scope: dict[str, str]) -> None:
        """Begin with an empty scope."""
        super().__init__()
        self.scope = scope
        self.texts: dict[str, str] = {}
        """Contents by id of everything that was added."""
        self.gone = self.on_the_way = ""
        """The ids of the notes that were deleted and added during the walk."""
        self.pages: list[Answer] = []
        """The pages of the walk during those writes."""
        self.limit = 1
        self.cursor = ""
        """The cursor after the first page; the walk went on with it."""
        self.before: Memories = []
        self.after: Memories = []

    @property
    def kept(self) -> dict[str, str]:
        """Contents by id of what is there in the end: no test changes the scope."""
        rest = {memory_id: text for memory_id, text in self.texts.items() if memory_id != self.gone}
        return rest | ({self.on_the_way: "added on the way"} if self.on_the_way else {})


def notebook(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Notebook:
    """Return the story of some notes, lived once in a run."""
    found = once(memory, NOTEBOOK, lambda: _live(memory, scopes.fresh("user_id", "agent_id"), capabilities))
    if not isinstance(found, Notebook):
        raise TypeError("another story has this name")
    return found


def _live(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> Notebook:
    story = Notebook(scope)

    def add(text: str) -> Answer:
        answer = memory.post({"content": text, "scope": scope})
        if answer.status == BUSY:
            raise Inconclusive("the server was too busy for concurrent adds (503)", [answer.exchange])
        if answer.status == 201:
            story.texts[str(answer.control_object("id", str)["id"])] = text
        return answer

    story.tell("at once", *together([lambda text=text: add(text) for text in _NAMES]))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    moments = {a.control_object("id", str).get("created_at") for a in story.all("at once") if a.status == 201}
    if len(moments) == 1:  # all tie: without two moments there is no order to judge
        time.sleep(COARSEST_CLOCK_S)
        story.tell("later", add("a later note"))
    settle(capabilities.staleness("list"))
    story.before = memory.walk(scope)
    _walk(story, memory, capabilities)
    settle(capabilities.staleness("list"))
    story.after = memory.walk(scope)
    return story


def _walk(story: Notebook, memory: MemoryApi, capabilities: Capabilities) -> None:
    """Walk; delete a note that was seen after the first page with any, add one after the next; keep the pages."""
    story.limit = min(2, capabilities.limit("page_size"))
    params: dict[str, str | int] = {"limit": story.limit}
    writes = 0
    for _ in range(PAGES):
        page = memory.list(story.scope, **params)
        story.pages.append(page)
        body = page.control_object("items", list) if page.status == 200 else {"items": []}
        own = [str(item.get("id")) for item in body["items"] if item.get("id") in story.texts]
        if own and writes < 2:
            writes += 1
            if writes == 1:
                story.gone = own[0]
                story.tell("deleted", memory.delete(story.gone))
            else:
                added = memory.post({"content": "added on the way", "scope": story.scope})
                story.on_the_way = str(story.tell("added on the way", added).control_object("id", str)["id"])
        if body.get("next_cursor") is None:
            return
        params["cursor"] = str(body["next_cursor"])
        story.cursor = story.cursor or str(body["next_cursor"])


_NAMES = [f"note {number}" for number in range(NOTES)]
