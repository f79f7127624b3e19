"""Half of something in place of all of it: an export that breaks off, a list whose second page fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memconform.clients.failures import failing
from memconform.clients.memories import exported, memory
from memconform.clients.pages import PAGED, second_page
from memconform.clients.wire import Answer
from memconform.clients.wire.line import head

if TYPE_CHECKING:
    from memconform.clients.mapping import MappedTool
    from memconform.clients.stage import Chooser, Met, Stage
    from memconform.clients.wire.answers import Onward
    from memconform.clients.wire.line import Line
    from memconform.exchange import Headers, Received

HALVED = PAGED | {"exportScope"}
"""Operations that a client can have half of an answer to."""

_RECORDS = 12
_LONG = "a memory as long as a page " * 600
"""Clients read in pieces of some size: of a short export that breaks off they would see nothing at all."""
_MISSING = 700
"""Bytes that were announced and never come."""


@dataclass(frozen=True, slots=True)
class CutShort(Answer):
    """A body that ends, with the connection, before the length that it announced."""

    headers: Headers
    body: bytes
    name: str = "cut-short"

    def play(self, line: Line, onward: Onward) -> Received | None:  # noqa: ARG002 - the server is not asked
        """Send what there is and close."""
        line.raw(head(200, (*self.headers, ("Content-Length", str(len(self.body) + _MISSING)))) + self.body)
        line.finish()
        return None


def half_and_whole(stage: Stage, tool: MappedTool) -> tuple[Met, Met]:
    """Call a tool twice for one person: it gets half of what there is, then the same, and that is all there is."""
    person = stage.person()
    values = stage.values(tool, person)

    def call(answer: Chooser) -> Met:
        stage.answer(person, lambda seen: answer(seen) if seen.operation_id == tool.operation else None)
        return stage.call(tool, person, **values)

    if tool.operation in PAGED:
        return call(second_page(failing("500", tool.operation))), call(lambda _: None)
    records = [memory(number, person.user, _LONG) for number in range(_RECORDS)]
    there = exported(person.user, records, 2 * _RECORDS)
    half = call(lambda _: CutShort(there.headers, there.body))
    shown = [record for record in records if record["id"] in half.called.shown()]
    return half, call(lambda _: exported(person.user, shown))


def asked_for_more(half: Met) -> bool:
    """Tell whether a client met the missing half at all: one that reads a single page does not."""
    return half.called.tool.operation not in PAGED or len(half.main) > 1
