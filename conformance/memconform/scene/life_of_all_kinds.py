"""A scope in which every kind of change happens that the server declares."""

from __future__ import annotations

from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi, Scope
from memconform.scene.change_stream import Change
from memconform.scene.export_file import read_export, sealed


def live_through(memory: MemoryApi, scope: Scope, capabilities: Capabilities) -> list[Change]:
    """Make the changes one after the other and return them in this order."""
    declared = capabilities.profiles
    changes: list[Change] = []
    first = str(memory.add("it begins", scope)["id"])
    changes.append((first, "add"))
    if "update" in declared:
        memory.update(first, content="it goes on")
        memory.update(first, metadata={"goes": "on"})
        changes += [(first, "update"), (first, "update")]
    if "keyed" in declared:
        key = "of all kinds"
        kept = str(memory.keep(key, scope, "kept")["id"])
        memory.keep(key, scope, "kept otherwise")
        memory.unset(key, scope).control(204)
        changes += [(kept, "add"), (kept, "replace"), (kept, "delete")]
    if "supersession" in declared:
        changes += _supersede(memory, scope)
    if "portability" in declared:
        changes += _import(memory, scope, first)
    gone = str(memory.add("it ends", scope)["id"])
    memory.delete(gone).control(204)
    return [*changes, (gone, "add"), (gone, "delete")]


def _supersede(memory: MemoryApi, scope: Scope) -> list[Change]:
    old = str(memory.add("the old", scope)["id"])
    new = str(memory.add("the new", scope, supersedes=[old])["id"])
    memory.delete(new).control(204)
    return [(old, "add"), (new, "add"), (old, "supersede"), (new, "delete"), (old, "restore")]


def _import(memory: MemoryApi, scope: Scope, memory_id: str) -> list[Change]:
    """Import over the first memory what it was, with another content."""
    file = read_export(memory.export(scope).control(200))
    record = {**file.of(memory_id)[0], "content": "it came back"}
    memory.import_(sealed(file.manifest, [record]).bytes, "overwrite").control(200)
    return [(memory_id, "import")]
