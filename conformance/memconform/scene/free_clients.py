"""A client among several that adds, changes, deletes and reads as it likes, and writes down what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from memconform.answer import Answer
from memconform.histories import ABSENT, Kind, Recorder
from memconform.memory_api import MemoryApi, Scope
from memconform.scene.entity_tags import if_match, tag_or_none

VERBS = ("change", "change", "change on a tag", "read", "read", "read", "delete", "add")


@dataclass
class FreeClient:
    """One client; `ids` are the memories that all of them know, and those that it adds. Every value is its own.

    A shared memory may be deleted by any client: it was there before the first of them began.
    """

    memory: MemoryApi
    recorder: Recorder
    name: str
    scope: Scope
    ids: list[str]
    choice: Random
    tags: dict[str, str] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=count)

    def run(self, steps: int) -> None:
        """Take so many steps, each one request."""
        verbs: dict[str, Callable[[str], None]] = {
            "change": self._change,
            "change on a tag": lambda memory_id: self._change(memory_id, self.tags.get(memory_id)),
            "read": self._read,
            "delete": self._delete,
            "add": lambda _: self.add(),
        }
        for step in range(steps):
            # Deletions come late, so that there is something to race for.
            verb = self.choice.choice(VERBS if step > steps // 2 else VERBS[:6])
            verbs[verb](self.choice.choice(self.ids))

    def _text(self) -> str:
        return f"{self.name}, value {next(self.numbers)}"

    def _learn(self, memory_id: str, answer: Answer) -> tuple[int | None, str | None]:
        tag, version = tag_or_none(answer), answer.control_object("id", str).get("version")
        if tag is not None:
            self.tags[memory_id] = tag
        return (version if isinstance(version, int) else None), tag

    def _change(self, memory_id: str, condition: str | None = None) -> None:
        text = self._text()
        with self.recorder.invoke(self.name, Kind.WRITE, memory_id, text, condition=condition) as call:
            answer = self.memory.patch(memory_id, {"content": text}, **if_match(condition))
            if answer.status == 200:
                version, tag = self._learn(memory_id, answer)
                call.ok(version=version, tag=tag)
            elif 400 <= answer.status < 500:
                call.failed()

    def _read(self, memory_id: str) -> None:
        with self.recorder.invoke(self.name, Kind.READ, memory_id) as call:
            answer = self.memory.get(memory_id)
            if answer.status == 200:
                version, tag = self._learn(memory_id, answer)
                call.ok(value=answer.json.get("content"), version=version, tag=tag)
            elif answer.status == 404:
                call.ok(value=ABSENT)

    def _delete(self, memory_id: str) -> None:
        with self.recorder.invoke(self.name, Kind.DELETE, memory_id) as call:
            answer = self.memory.delete(memory_id)
            if answer.status == 204:
                call.ok()
            elif 400 <= answer.status < 500:
                call.failed()

    def add(self) -> None:
        """Add a memory, which this client then knows."""
        text = self._text()
        with self.recorder.invoke(self.name, Kind.ADD, text, text) as call:
            answer = self.memory.post({"content": text, "scope": dict(self.scope)})
            if answer.status == 201:
                memory_id = str(answer.control_object("id", str)["id"])
                call.target = memory_id
                version, tag = self._learn(memory_id, answer)
                call.ok(version=version, tag=tag)
                self.ids.append(memory_id)
