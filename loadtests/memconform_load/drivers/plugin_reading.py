"""What the result of a tool shows: the memories in it, and where a list or a long operation goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from memconform.clients.mapping import MappedTool, at_pointer
from memconform_load.calls import SeenMemory

Column: TypeAlias = Callable[[Sequence[Any]], list[Any]]
"""From the rows of a result to one value for each; None where a row has none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the results of one tool are read."""

    tool: MappedTool
    rows: str | None
    """The pointer to the rows; None where a result is one row, or shows no memory."""
    ids: Column
    texts: Column
    users: Column
    versions: Column

    @property
    def shows(self) -> bool:
        """Whether contents of memories can be read at all."""
        return self.tool.texts is not None

    def memories(self, output: Any, otherwise: str | None = None) -> list[SeenMemory]:
        """Return the memories in a result, in their order.

        Where a tool tells no content, it is `otherwise`; None: then nothing is shown. Where it tells no id, that is "".
        """
        rows = [output] if self.rows is None else at_pointer(output, self.rows)
        columns = (self.ids(rows), self.texts(rows), self.users(rows), self.versions(rows))
        found = []
        for id_, text, user, version in zip(*columns, strict=True):
            content = otherwise if text is None else text
            if content is not None and (id_ is not None or text is not None):
                found.append(SeenMemory("" if id_ is None else str(id_), str(content), user, version))
        return found

    def one(self, output: Any, pointer: str | None) -> str | None:
        """Return the one value at a pointer as text; None where there is none, or it is empty."""
        found = at_pointer(output, pointer) if pointer else []
        return str(found[0]) if found and found[0] not in (None, "") else None


def reading(tool: MappedTool) -> Reading:
    """Return how a tool's results are read: a row for each element of the last `*` in the pointer of ids or texts."""
    leading = tool.id or tool.texts or ""
    rows = leading[: leading.rindex("/*") + 2] if "/*" in leading else None
    return Reading(tool, rows, *(_column(each, rows) for each in (tool.id, tool.texts, tool.users, tool.versions)))


def _column(pointer: str | None, rows: str | None) -> Column:
    """Return what finds one value in each row: what is not below the rows cannot be told apart, and is not read."""
    prefix = rows or ""
    if pointer is None or not (pointer == prefix or pointer.startswith(f"{prefix}/")) or "/*" in pointer[len(prefix) :]:
        return lambda rows: [None] * len(rows)
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[len(prefix) :].split("/")[1:]]
    return lambda rows: [_at(row, steps) for row in rows]


def _at(node: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and step.isascii() and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node
