"""Writes repeated under one idempotency key: in other words, with another body, elsewhere, at the same moment."""

from __future__ import annotations

from typing import Any

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.memory_api import MEMORIES, Json, MemoryApi, Scope
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import list_pages
from memconform.scene.races import overlapped, raced
from memconform.scene.story import Story, once
from memconform.scopes import Scopes

REPEATS = Plot("repeats", requests=30)
"""What it takes at most, where pages of lists are short and races do not happen at first."""

RACERS = 3
AT_ONCE = ("at once", "at once, again", "at once, for the last time")
"""What is added by racing repeats, one after the other until there was a race; each is a step of the story."""


def keyed_by(key: str) -> dict[str, str]:
    """Return the header field of a repeatable request."""
    return {"Idempotency-Key": key}


def repeats(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Story:
    """Return the story of some repeated writes, lived once in a run."""
    return once(memory, REPEATS, lambda: _Repeats(memory, scopes, capabilities).live())


def spelled_otherwise(value: Json) -> bytes:
    """Return another text of a JSON value: members in reverse order, blanks, escapes, `1.0` for 1."""
    return f" {_spelled(value)}\n".encode("ascii")


def _spelled(value: Json) -> str:
    if isinstance(value, dict):
        members = [f"{_spelled(name)} :\t{_spelled(member)}" for name, member in reversed(value.items())]
        return "{\n " + " ,\n ".join(members) + " }"
    if isinstance(value, list):
        return "[ " + " , ".join(map(_spelled, value)) + " ]"
    if isinstance(value, str):
        units = value.encode("utf-16-be")
        return '"' + "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)) + '"'
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value}.0"
    return {None: "null", True: "true", False: "false"}[value] if not isinstance(value, float) else f"{value:.3E}"


class _Repeats:
    def __init__(self, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
        self.memory, self.scopes, self.capabilities = memory, scopes, capabilities
        self.scope: Scope = scopes.fresh()
        self.story = Story()

    def live(self) -> Story:
        self._repeat()
        self._misuse()
        self._mend()
        if "batch" in self.capabilities.profiles:
            self._repeat_batch()
        self._race()
        settle(self.capabilities.staleness("list"))
        self.story.tell("listed", *list_pages(self.memory, self.scope))
        return self.story

    def _body(self, content: str) -> dict[str, Json]:
        return {"content": content, "scope": dict(self.scope), "metadata": {"count": 1, "half": 0.5, "list": [2, "é"]}}

    def _repeat(self) -> None:
        self.key, body = self.scopes.value(), self._body("repeated")
        self.story.tell("first", self.memory.post(body, headers=keyed_by(self.key)).control(201))
        text = spelled_otherwise(body)
        self.story.tell("repeat", self.memory.request("POST", MEMORIES, content=text, headers=keyed_by(self.key)))

    def _misuse(self) -> None:
        keyed: dict[str, Any] = {"headers": keyed_by(self.key)}
        self.story.tell("another body", self.memory.post(self._body("another body"), **keyed))
        if "batch" in self.capabilities.profiles:
            elsewhere = [{"op": "add", "memory": self._body("another path")}]
            self.story.tell("another path", self.memory.batch(elsewhere, **keyed))

    def _mend(self) -> None:
        keyed: dict[str, Any] = {"headers": keyed_by(self.scopes.value())}
        self.story.tell("refused", self.memory.post(self._body(""), **keyed))
        self.story.tell("mended", self.memory.post(self._body("mended"), **keyed))

    def _repeat_batch(self) -> None:
        keyed: dict[str, Any] = {"headers": keyed_by(self.scopes.value())}
        operations = [{"op": "add", "memory": self._body("in a batch")}]
        self.story.tell("batch", self.memory.batch(operations, **keyed))
        self.story.tell("batch again", self.memory.batch(operations, **keyed))

    def _race(self) -> None:
        for content in AT_ONCE:
            answers = at_once(self.memory, self._body(content), self.scopes.value(), RACERS)
            self.story.tell(content, *answers)
            if overlapped(answers):
                break


def races_of(story: Story) -> dict[str, list[Answer]]:
    """Return what was added by racing repeats, with their answers; there was a race for the last, if for any."""
    return {content: story.all(content) for content in AT_ONCE if content in story}


def at_once(memory: MemoryApi, body: Json, key: str, times: int) -> list[Answer]:
    """Send the same add under one key as often at the same moment."""
    return raced([lambda: memory.post(body, headers=keyed_by(key)) for _ in range(times)])
