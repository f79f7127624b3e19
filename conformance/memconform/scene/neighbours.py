"""Two principals with the same text under the same scope, and what each sees and may do of the other's."""

from __future__ import annotations

from collections.abc import Callable

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.memory_api import Memories, MemoryApi
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.story import Story, once
from memconform.scopes import Scopes

NEIGHBOURS = Plot("neighbours", requests=24)
"""What it takes at most, where pages of lists are short."""

TEXT = "the kettle is blue"


class Neighbours(Story):
    """The answers by step, and each principal's list."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.mine: Memories = []
        self.theirs: Memories = []


def neighbours(memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Neighbours:
    """Return the story of two principals, lived once in a run."""
    found = once(memory, NEIGHBOURS, lambda: _live(memory, other, scopes, capabilities))
    if not isinstance(found, Neighbours):
        raise TypeError("another story has this name")
    return found


def _live(memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Neighbours:
    story, scope = Neighbours(), scopes.fresh()
    scopes.use(scope, principal="second")
    body = {"content": TEXT, "scope": scope}
    mine = str(story.tell("mine", memory.post(body)).control(201).control_object("id", str)["id"])
    story.tell("theirs", other.post(body)).control(201).control_object("id", str)
    settle(max(capabilities.staleness(read) for read in ("get", "list")))
    story.mine, story.theirs = memory.walk(scope), other.walk(scope)
    if "search" in capabilities.profiles:
        settle(capabilities.staleness("search"))
        story.tell("search mine", memory.search(TEXT, scope))
        story.tell("search theirs", other.search(TEXT, scope))
    for name, trespass in _trespasses(other, mine, capabilities).items():
        story.tell(name, trespass())
    story.tell("read after all", memory.get(mine))
    return story


def _trespasses(other: MemoryApi, mine: str, capabilities: Capabilities) -> dict[str, Callable[[], Answer]]:
    """Return what the second principal tries with the first one's memory."""
    tries: dict[str, Callable[[], Answer]] = {"get": lambda: other.get(mine)}
    if "update" in capabilities.profiles:
        tries["patch"] = lambda: other.patch(mine, {"content": "gone"})
    if "history" in capabilities.profiles:
        tries["history"] = lambda: other.history(mine)
    tries["delete"] = lambda: other.delete(mine)
    return tries
