"""Members that a memory may have and few tests are about: sent where the server takes them, left out where it does not.

That a server refuses or drops them is judged as CORE-05 and CORE-07; it must hide nothing that others promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform.answer import REFUSALS, Answer
from memconform.memory_api import Json, Memory, MemoryApi, Scope

OPTIONAL = ("confidence", "ext", "metadata")


def offered(memory: MemoryApi, body: Mapping[str, Json]) -> list[Answer]:
    """Add a memory, and where that is refused once more without the optional members; return the answers in order."""
    answers = [memory.post(dict(body))]
    less = bare(body)
    if answers[0].status in REFUSALS and len(less) < len(body):
        answers.append(memory.post(less))
    return answers


def bare(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a body without its optional members."""
    return {name: value for name, value in body.items() if name not in OPTIONAL}


def add_as_taken(memory: MemoryApi, content: str, scope: Scope, **members: Json) -> Memory:
    """Add a memory with those optional members that the server takes and return the stored record."""
    body = {"content": content, "scope": dict(scope), **members}
    return offered(memory, body)[-1].control(201).control_object("id", str)


def as_taken(record: Mapping[str, Any], patch: Mapping[str, Json]) -> dict[str, Json]:
    """Return a patch without the optional members that a record should have and has not."""
    return {name: value for name, value in patch.items() if name not in OPTIONAL or record.get(name) is not None}
