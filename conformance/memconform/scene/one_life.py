"""Two memories from add to delete, read on another connection after each write: what several core tests look at."""

from __future__ import annotations

from memconform.capabilities import Capabilities
from memconform.memory_api import Memories, MemoryApi
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.optional_members import offered
from memconform.scene.story import Story, once
from memconform.scopes import Scopes

ONE_LIFE = Plot("one life", requests=28)
"""What it takes at most, where pages of lists are short."""

CONTENT = "My sister's name is In\u00eas"
METADATA = {"topic": "family"}


class OneLife(Story):
    """The answers by step, and the lists: after the adds, after some reads, after the deletion."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.lists: list[Memories] = []

    def listed(self, turn: int, step: str) -> dict[str, object] | None:
        """Return the memory of a step as the list showed it in that turn, None where it did not."""
        wanted = self.record(step)["id"]
        return next((item for item in self.lists[turn] if item.get("id") == wanted), None)


def one_life(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> OneLife:
    """Return the story of one memory that stays and one that goes, lived once in a run."""
    found = once(memory, ONE_LIFE, lambda: _live(memory, scopes.fresh(), capabilities))
    if not isinstance(found, OneLife):
        raise TypeError("another story has this name")
    return found


def _live(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> OneLife:
    story, elsewhere = OneLife(), memory.elsewhere()
    rich = {"content": CONTENT, "scope": scope, "metadata": METADATA, "confidence": 0.75}
    bare = {"content": "ok", "scope": scope, "metadata": None, "confidence": None}
    for step, body in (("added", rich), ("bare", bare)):
        answers = offered(memory, body)
        story.tell(f"{step} with all members", answers[0])
        story.tell(step, answers[-1])
    stays, goes = (story.record(step)["id"] for step in ("added", "bare"))
    settle(max(capabilities.staleness(read) for read in ("get", "list")))
    story.lists.append(elsewhere.walk(scope))
    story.tell("read elsewhere", elsewhere.get(stays))
    if "search" in capabilities.profiles:
        settle(capabilities.staleness("search"))
        story.tell("searched", memory.search(CONTENT, scope))
    story.tell("read again", memory.get(stays))
    story.lists.append(memory.walk(scope))
    story.tell("deleted", memory.delete(goes))
    settle(capabilities.staleness("get"))
    story.tell("read when deleted", elsewhere.get(goes))
    settle(capabilities.staleness("list"))
    story.lists.append(elsewhere.walk(scope))
    story.tell("deleted again", memory.delete(goes))
    story.tell("added anew", memory.post({"content": "ok", "scope": scope}))
    return story
