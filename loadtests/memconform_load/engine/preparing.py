"""What a scenario fills a server with before the load begins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gevent.pool import Pool

from memconform_load.calls import Reply, Request, SeenMemory
from memconform_load.engine.knowing import Fact
from memconform_load.engine.patience import patiently
from memconform_load.engine.turn import Unmeasured

if TYPE_CHECKING:
    from memconform_load.engine.part import Part

_AT_ONCE = 8


class PreparingFailed(Exception):
    """The server could not be filled; the message says what it answered."""


class Patient(Unmeasured):
    """A turn that fills a server: it waits where the server limits its rate, and fails where it refuses."""

    def call(self, request: Request, *, excused: Collection[int] = ()) -> Reply:
        """Carry a request until its answer is good; raise `PreparingFailed`."""
        carry = super().call
        reply = patiently(lambda: carry(request, excused=excused))
        if not reply.ok and reply.status not in excused:
            why = reply.failed
            raise PreparingFailed(f"the server could not be filled: {why.kind}: {why.said}" if why else "no answer")
        return reply


class Preparing:
    """Calls before the load, for the people of this process; they are judged, not measured."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.people: Sequence[int] = part.people
        """Numbers of the people that belong to this process."""
        self.parameters: Mapping[str, Any] = part.parameters

    def turn(self, person: int) -> Patient:
        """Return a turn of a person."""
        aside = self.part.turn_aside(person)
        return Patient(self.part, aside.index, person, aside.due, aside.driver)

    def each(self, people: Iterable[int], what: Callable[[Patient], object]) -> None:
        """Do something for each of the people, some of them at once; raise what the first raises."""

        def done(person: int) -> Exception | None:
            try:
                what(self.turn(person))
            except Exception as error:  # noqa: BLE001 - raised below: gevent would print it as well
                return error
            return None

        for error in Pool(_AT_ONCE).imap_unordered(done, people):
            if error is not None:
                raise error

    def facts(self, number: int, people: Iterable[int] | None = None) -> None:
        """Give each of the people, or of these, so many facts; `turn.facts` has them, each with its id."""
        self.each(self.people if people is None else people, lambda turn: _filled(turn, number))


def _filled(turn: Patient, number: int) -> None:
    texts = [turn.new_text() for _ in range(number)]
    turn.learn_many(texts)
    if any(not fact.id for fact in turn.facts):
        ids = {memory.content: memory.id for memory in _all(turn)}
        turn.facts[:] = [Fact(fact.text, fact.id or ids.get(fact.text, "")) for fact in turn.facts]


def _all(turn: Patient) -> Iterator[SeenMemory]:
    """Yield all that a person has."""
    page = turn.page(turn.max_page)
    yield from page.memories
    while page.next_cursor is not None:
        page = turn.page(turn.max_page, page.next_cursor)
        yield from page.memories
