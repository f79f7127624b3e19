"""N clients that keep one list together in one memory: read, append, send on the tag, read again on 412."""

from __future__ import annotations

from dataclasses import dataclass, field

from memconform.answer import Answer
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.histories import Kind, Recorder
from memconform.http import together
from memconform.memory_api import MemoryApi
from memconform.plot import Plot
from memconform.scene.entity_tags import tag_of
from memconform.scene.eventually import settle
from memconform.scene.races import BUSY, overlapped
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive

HEAD = "shopping list"
CLIENTS = (6, 10)
ATTEMPTS = 3
"""How often a race is begun that does not happen, on a machine with other things to do."""
SPARE_TRIES = 4
"""How often a client tries beyond the number of clients: where reads lag, a tag may be a former one already."""


def requests_of(clients: int) -> int:
    """Return how many requests it takes at most."""
    return 2 + clients * (1 + 2 * (clients + SPARE_TRIES))


SHARED_LIST = Plot("shared list", requests=(0, requests_of(CLIENTS[0]), requests_of(CLIENTS[1])))


def shared_list(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> SharedList:
    """Return the story of a list kept by several clients, lived once in a run."""
    found = once(
        memory, SHARED_LIST, lambda: SharedList(budget.beyond_smoke(*CLIENTS)).live(memory, scopes, capabilities)
    )
    if not isinstance(found, SharedList):
        raise TypeError("another story has this name")
    return found


@dataclass
class SharedList(Story):
    """The list, what each client sent first, on one and the same tag, and what all of them did and saw."""

    clients: int
    recorder: Recorder = field(default_factory=Recorder)
    id: str = ""
    lag: float = 0.0
    """How many seconds a GET may show the list as it was."""
    gave_up: Answer | None = None
    """What the client saw last that was answered with 412 more often than there were others."""

    def __post_init__(self) -> None:
        """Begin with nothing."""
        Story.__init__(self)

    def live(self, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> SharedList:
        """Let all clients append to a list at once, read it in the end; try again where they did not meet."""
        self.lag = capabilities.staleness("get")
        for _ in range(ATTEMPTS):
            self._race(memory, scopes)
            if overlapped(self.all("first")):
                break
        settle(self.lag)
        self.tell("read", self._read(memory, "reader"))
        return self

    def _race(self, memory: MemoryApi, scopes: Scopes) -> None:
        self.recorder, self.gave_up = Recorder(), None
        added = memory.post({"content": HEAD, "scope": scopes.fresh()}).control(201)
        self.id = str(added.control_object("id", str)["id"])
        self.tell("added", added)
        tag_of(added)
        settle(self.lag)
        each = [lambda name=name: self._append(memory, name, added) for name in self.names]
        first = together(each)
        self.tell("first", *first)

    @property
    def names(self) -> list[str]:
        """The entries of the clients."""
        return [f"entry {number}" for number in range(self.clients)]

    def _append(self, memory: MemoryApi, name: str, seen: Answer) -> Answer:
        """Append an entry to what was seen, on its tag, until it goes through; return the first answer."""
        first = answer = self._patch(memory, name, seen)
        for _ in range(self.clients + SPARE_TRIES):
            if answer.status != 412:
                return first
            settle(self.lag)
            seen = self._read(memory, name)
            if seen.status != 200:
                return first
            answer = self._patch(memory, name, seen)
        self.gave_up = seen
        return first

    def _patch(self, memory: MemoryApi, name: str, seen: Answer) -> Answer:
        content = f"{seen.control_object('id', str).get('content')}\n{name}"
        tag = tag_of(seen)
        with self.recorder.invoke(name, Kind.APPEND, self.id, name, condition=tag) as call:
            answer = memory.patch(self.id, {"content": content}, headers={"If-Match": tag})
            if answer.status == 200:
                record = answer.control_object("id", str)
                call.ok(version=record.get("version"), tag=answer.header("ETag"))
            elif answer.status == 412:
                call.failed()
        if answer.status in BUSY:
            raise Inconclusive("the server was too busy for concurrent updates", [answer.exchange])
        return answer

    def _read(self, memory: MemoryApi, name: str) -> Answer:
        with self.recorder.invoke(name, Kind.LIST, self.id) as call:
            answer = memory.get(self.id)
            if answer.status == 200:
                record = answer.control_object("id", str)
                entries = str(record.get("content")).split("\n")[1:]
                call.ok(value=entries, version=record.get("version"), tag=answer.header("ETag"))
        return answer
