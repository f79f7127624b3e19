"""What one judge keeps: people, their memories, what was promised and what was found.

All of it is bounded but people and live memories.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from memconform_load.calls import Request
from memconform_load.invariants.bounds import Bounds
from memconform_load.invariants.call import Call, line
from memconform_load.invariants.findings import Case, Findings
from memconform_load.invariants.laws import Law
from memconform_load.invariants.people import Attempt, Gone, Person
from memconform_load.invariants.stories import Erasure

GRAVES = 50_000
"""So many memories that are gone are remembered; the oldest are forgotten first."""
ATTEMPTS = 20_000
"""So many adds without a known memory are remembered; whose are forgotten is not judged for duplicates any more."""
KEYS = 20_000
"""So many idempotency keys are remembered."""
RECENT = 4_096
"""So many texts are remembered for the searches that poll for them."""
NOTHINGS = 200
"""So many searches that show nothing are repeated at the end."""
_ERASURES = 1_000


@dataclass(slots=True)
class KeyUse:
    """The first use of an idempotency key."""

    text: int
    start: float
    memory_id: str | None


@dataclass(slots=True)
class Poll:
    """A text that was written or deleted lately, and what searches for exactly it have shown since."""

    person: Person
    memory_id: str
    acknowledged: float
    found: bool = False
    forgotten: bool = False
    missed: tuple[float, float, str] | None = None
    """The first search that missed it beyond the bound: start, end, and its line."""
    text: str = ""
    told: bool = False
    """Whether it was told of as missed; it is polled for, and measured, all the same."""


@dataclass(slots=True)
class Nothing:
    """A search that names a memory's marker and shows nothing at all."""

    person: Person
    request: Request
    start: float
    told: str


class Docket:
    """The memory of a judge. `clock` gives seconds of `time.monotonic()`."""

    def __init__(self, capabilities: Mapping[str, Any], clock: Callable[[], float] = time.monotonic) -> None:
        self.bounds = Bounds.of(capabilities)
        self.clock = clock
        self.zero = clock()
        """Timelines count from here."""
        self.findings = Findings()
        self.people: dict[str, Person] = {}
        self.keys: OrderedDict[str, KeyUse] = OrderedDict()
        self.polls: OrderedDict[int, Poll] = OrderedDict()
        self.nothings: list[Nothing] = []
        self.erasures: deque[tuple[Person, Erasure]] = deque(maxlen=_ERASURES)
        self._graves: deque[tuple[Person, str]] = deque()
        self._attempts: deque[tuple[Person, int]] = deque()

    def person(self, name: str) -> Person:
        """Return a person, met now for the first time or before."""
        person = self.people.get(name)
        if person is None:
            person = self.people[name] = Person.of(name)
        return person

    # Telling

    def suspend(self, why: str) -> None:
        """Take note of something that could not be judged."""
        self.findings.suspended[why] += 1

    def earlier(self, start: float, end: float, what: str) -> str:
        """Return a line of something that went before."""
        return line(start, end, "earlier", what, self.zero)

    def told(self, call: Call, answer: str | None = None) -> str:
        """Return the line of a call."""
        said = f"{call.asked} → {call.answered if answer is None else answer}"
        return line(call.reply.start, call.reply.end, call.driver, said, self.zero)

    def breach(self, law: Law, said: str, lines: list[str], call: Call, memory_id: str | None) -> Case:
        """Count a breach that a call gives away; return its case."""
        return self.count(law, said, lines, call.person, memory_id, call.driver)

    def count(self, law: Law, said: str, lines: list[str], person: Person, memory_id: str | None, driver: str) -> Case:
        """Count a breach; return its case."""
        example = {"said": said, "person": person.name, "memory_id": memory_id, "driver": driver}
        case = Case(law, [f"{person.name}: {said}", *lines], example)
        self.findings.add(case)
        return case

    # Remembering, within bounds

    def bury(self, person: Person, memory_id: str, gone: Gone) -> None:
        """Take a memory from those that are there to those that are gone."""
        person.known.pop(memory_id, None)
        person.doubts.pop(memory_id, None)
        person.gone[memory_id] = gone
        self._graves.append((person, memory_id))
        if len(self._graves) > GRAVES:
            other, old = self._graves.popleft()
            other.gone.pop(old, None)

    def attempted(self, person: Person, text: int, attempt: Attempt) -> None:
        """Remember an add whose memory is not known by its id."""
        person.attempts.setdefault(text, []).append(attempt)
        self._attempts.append((person, text))
        if len(self._attempts) > ATTEMPTS:
            other, old = self._attempts.popleft()
            attempts = other.attempts.get(old)
            if attempts:
                forgotten = attempts.pop(0)
                other.muddled = other.muddled or not forgotten.refused
                if not attempts:
                    del other.attempts[old]

    def used(self, key: str, text: int, start: float, memory_id: str | None) -> None:
        """Remember the use of an idempotency key."""
        use = self.keys.get(key)
        if use is None:
            self.keys[key] = KeyUse(text, start, memory_id)
            if len(self.keys) > KEYS:
                self.keys.popitem(last=False)
        elif use.memory_id is None:
            use.memory_id = memory_id

    def watch(self, person: Person, text: int, memory_id: str, acknowledged: float) -> None:
        """Remember a text that a search may poll for."""
        self.polls[text] = Poll(person, memory_id, acknowledged)
        if len(self.polls) > RECENT:
            self.polls.popitem(last=False)
