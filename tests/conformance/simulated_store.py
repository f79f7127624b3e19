"""A linearizable store as a simulation: clients whose calls overlap, answers that get lost, and faults on demand.

Each operation takes effect at one moment between its start and its end; one without an answer at any moment after its
start, or never. What the clients know is then a legal history, whatever the dice say.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from memconform.histories import ABSENT, NEW, Kind, Operation, Outcome

Effect = tuple[Outcome, Any, int | None, str | None]


@dataclass
class Thing:
    """One object. `version` begins anew with each creation, and the tag is the version: both are legal."""

    value: Any = ABSENT
    version: int = 0
    before: Any = ABSENT
    """What it was before the last change."""

    def change(self, value: Any) -> None:
        """Replace the value; the same value changes nothing."""
        if value is ABSENT or self.value is ABSENT:
            self.version = 0
        if value != self.value:
            self.before, self.value, self.version = self.value, value, self.version + 1

    def answer(self, seen: Any = None) -> Effect:
        """Return an acknowledgement."""
        return Outcome.OK, seen, self.version, str(self.version)


REFUSED: Effect = (Outcome.FAILED, None, None, None)
Fault = Callable[[random.Random, Kind, Thing, Any], Effect | None]
"""Given a chance to answer an operation in place of the store; None leaves it alone."""


@dataclass
class Simulation:
    """One run. `kinds` are drawn from for each operation; `unique` makes every written value a new one."""

    dice: random.Random
    kinds: list[Kind]
    clients: int = 4
    operations: int = 60
    objects: int = 1
    unique: bool = True
    unknown: float = 0.1
    fault: Fault | None = None
    counting: bool = False
    things: dict[str, Thing] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: Any = field(default_factory=itertools.count)

    def run(self) -> list[Operation]:
        """Return the history."""
        queue: list[tuple[float, int, Callable[[float], None]]] = []
        order = itertools.count()
        history: list[Operation] = []
        left = itertools.count(self.operations, -1)

        def at(moment: float, action: Callable[[float], None]) -> None:
            heapq.heappush(queue, (moment, next(order), action))

        def begin(client: str, now: float) -> None:
            if next(left) <= 0:
                return
            name = f"object {self.dice.randrange(self.objects)}"
            kind = self.dice.choice(self.kinds)
            value, condition = self._argument(kind), self._condition(kind, client, name)
            silent = self.dice.random() < self.unknown
            moment = now + self.dice.expovariate(1 if not silent else 0.1)
            end = (now if silent else moment) + self.dice.expovariate(1)
            said: list[Effect] = []
            if not silent or self.dice.random() < 0.7:
                at(moment, lambda _: said.append(self._effect(kind, name, value, condition)))

            def finish(_: float) -> None:
                outcome, seen, version, tag = (Outcome.UNKNOWN, None, None, None) if silent else said[0]
                if tag is not None:
                    self.tags[client, name] = tag
                told = seen if kind in (Kind.READ, Kind.LIST) else value
                history.append(Operation(client, kind, name, told, now, end, outcome, version, tag, condition))
                at(end + self.dice.expovariate(2), lambda later: begin(client, later))

            at(end, finish)

        for number in range(self.clients):
            at(self.dice.random(), lambda now, number=number: begin(f"client {number}", now))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        while queue:
            moment, _, action = heapq.heappop(queue)
            action(moment)
        return history

    def _argument(self, kind: Kind) -> Any:
        if kind is Kind.INCREMENT:
            return self.dice.choice([None, 1, 2])
        if kind in (Kind.ADD, Kind.SET, Kind.WRITE) and self.counting:
            return 0
        if kind in (Kind.READ, Kind.LIST, Kind.DELETE):
            return None
        return f"v{next(self.numbers)}" if self.unique and kind is not Kind.REMOVE else f"v{self.dice.randrange(8)}"

    def _condition(self, kind: Kind, client: str, name: str) -> str | None:
        if kind is Kind.SET and self.dice.random() < 0.2:
            return NEW
        if kind in (Kind.WRITE, Kind.DELETE, Kind.APPEND) and self.dice.random() < 0.6:
            return self.tags.get((client, name))
        return None

    def _effect(self, kind: Kind, name: str, value: Any, condition: str | None) -> Effect:
        thing = self.things.setdefault(name, Thing([] if Kind.LIST in self.kinds else ABSENT))
        bent = self.fault(self.dice, kind, thing, value) if self.fault else None
        if bent is not None:
            return bent
        there = thing.value is not ABSENT
        if condition == NEW and there:
            return REFUSED
        if condition not in (None, NEW) and condition != str(thing.version):
            return REFUSED
        if kind in (Kind.READ, Kind.LIST):
            seen = tuple(thing.value) if isinstance(thing.value, list) else thing.value
            return thing.answer(seen) if there else (Outcome.OK, ABSENT, None, None)
        return self._changed(kind, thing, value)

    def _changed(self, kind: Kind, thing: Thing, value: Any) -> Effect:
        there = thing.value is not ABSENT
        if there is (kind is Kind.ADD) and kind is not Kind.SET:
            return REFUSED
        if kind in (Kind.ADD, Kind.SET, Kind.WRITE):
            thing.change(value)
        elif kind is Kind.DELETE:
            thing.change(ABSENT)
            return Outcome.OK, None, None, None
        elif kind is Kind.INCREMENT:
            thing.change(thing.value + (1 if value is None else value))
        elif kind is Kind.APPEND:
            thing.change([*thing.value, value])
        elif value not in thing.value:
            return REFUSED
        else:
            thing.change([one for one in thing.value if one != value])
        return thing.answer()
