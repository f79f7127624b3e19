"""One text in the scopes of a user, of one of the user's sessions, and of another user's: for lists and searches."""

from __future__ import annotations

from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.search_scene import ladders
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

PLACES = Plot("places", requests=3)


class Places(Story):
    """Where each memory lies, by id, and the scopes to look into."""

    def __init__(self, text: str) -> None:
        """Begin with nothing stored."""
        super().__init__()
        self.text = text
        self.where: dict[str, dict[str, str]] = {}
        self.queries: list[dict[str, str]] = []


def places(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Places:
    """Return the story of the three memories, lived once in a run."""
    found = once(memory, PLACES, lambda: _live(memory, scopes, capabilities))
    if not isinstance(found, Places):
        raise TypeError("another story has this name")
    return found


def _live(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Places:
    story = Places(_text(capabilities))
    user, other, session = scopes.value(), scopes.value(), {"session_id": scopes.value()}
    story.queries = [{"user_id": user}, {"user_id": user, **session}]
    for scope in [*story.queries, {"user_id": other, **session}]:
        story.where[memory.add(story.text, scopes.use(scope))["id"]] = scope
    settle(max(capabilities.staleness(read) for read in ("list", "get")))
    return story


def _text(capabilities: Capabilities) -> str:
    try:
        return ladders(capabilities, 1)[0].texts[0]
    except NotApplicable:
        return "x"
