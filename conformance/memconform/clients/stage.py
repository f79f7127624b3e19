"""The stage of one test: a server of its own to call, people with keys of their own, and what each of them met."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from memconform.clients.called import Called
from memconform.clients.client import Checked, Client
from memconform.clients.identity import key_of
from memconform.clients.keys import new_key
from memconform.clients.mapping import MappedTool
from memconform.clients.upstream import Upstream
from memconform.clients.wire import Answer, Front, Seen, problem
from memconform.exchange import Exchange
from memconform.verdict import Inconclusive

T = TypeVar("T")
R = TypeVar("R")

SETTLED_S = 0.3
"""How long after a call its last answer may still be noted down; a fault that hangs is not waited for."""

AT_ONCE = 26
"""So many calls run side by side, unless a test is about more."""

FEW = 4
"""So many run side by side where more were too many for the client."""

_NEED_KEYED = frozenset({"getKeyed"})
_NEED_SOMETHING = frozenset({"searchMemories", "listMemories", "exportScope", "eraseScope", "summariseScope"})

Chooser = Callable[[Seen], Answer | None]


class Run(Protocol):
    """What a stage tells the run that it is part of."""

    def leaks(self) -> list[tuple[str, list[Exchange]]]:
        """Return each place where a key came out, with the requests that show it."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of an app, with the app's API key."""

    user: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Met:
    """One call, its person, and the requests that the server saw of it."""

    called: Called
    person: Person
    seen: Sequence[Seen]

    @property
    def main(self) -> list[Seen]:
        """The requests of the operation that the tool is for."""
        return self.of(self.called.tool.operation)

    def of(self, operation: str) -> list[Seen]:
        """Return the requests of an operation."""
        return [seen for seen in self.seen if seen.operation_id == operation]

    @property
    def besides(self) -> list[str]:
        """The other operations that it asked for, sorted."""
        found = {seen.operation_id for seen in self.seen if seen.operation_id is not None}
        return sorted(found - {self.called.tool.operation})

    def see(self) -> list[Exchange]:
        """Return the exchanges as evidence."""
        return [exchange_of(seen) for seen in (self.main or self.seen)]


class Stage:
    """What a test of clients is given. Each stage has a server of its own, so that no connection is inherited."""

    def __init__(self, client: Client, upstream: Upstream, front: Front, run: Run) -> None:
        """Put the front before the upstream; it knows the keys of the stage's people and refuses all others."""
        self.client = client
        self.run = run
        self.epoch = time.time() - front.now()
        """When the stage's server began, in seconds of the wall clock."""
        self.front = front
        self._upstream = upstream
        self.open_answer: Answer | None = None
        """How what needs no credentials is answered; None: by the server behind."""
        self.provoked: set[str] = set()
        """Ids that no server gives out, which the judge made the client send: they are not the client's."""
        self.owners: dict[str, Person] = {}
        """Whose a memory is, by its id."""
        self._people: dict[str, Person] = {}
        self._answers: dict[str, Chooser] = {}
        self._count = itertools.count(1)
        self._mark = secrets.token_hex(4)
        self._lock = threading.Lock()
        front.script(self._choose)

    @property
    def tools(self) -> Sequence[MappedTool]:
        """The tools that the mapping names."""
        return self.client.mapping.tools

    def person(self) -> Person:
        """Return a new user with a new API key."""
        person = Person(f"mcf-{self._mark}-{next(self._count)}", new_key())
        with self._lock:
            self._people[person.key] = person
        return person

    def person_named(self, name: str) -> Person:
        """Return a new user whose id ends in a name."""
        person = self.person()
        named = Person(f"{person.user} {name}", person.key)
        with self._lock:
            self._people[named.key] = named
        return named

    def values(self, tool: MappedTool, person: Person, **given: Any) -> dict[str, Any]:
        """Return what the tool's parameters are made from, and store what its operation needs to find."""
        content = given.get("content", f"{person.user} keeps the spare key under the third flowerpot")
        said = given.get("content", f"My name is {person.user}. I live in Lisbon.")
        values = {
            "content": content,
            "query": "where is the spare key",
            "key": "favourite-colour",
            "messages": json.dumps([{"role": "user", "content": said}]),
            **given,
        }
        stored, besides = given.get("stored", content), self._besides(tool)
        if tool.takes("memory_id") and "memory_id" not in given:
            values["memory_id"] = self._upstream.add(person.user, stored, besides)
            self.owners[values["memory_id"]] = person
        elif tool.operation in _NEED_SOMETHING:
            self._upstream.add(person.user, stored, besides)
        elif tool.operation in _NEED_KEYED:
            self._upstream.set(person.user, values["key"], stored, besides)
        return values

    def call(self, tool: MappedTool, person: Person | None = None, *, at: str | None = None, **given: Any) -> Met:
        """Call a tool for a person (a new one when none is given) and return it with the requests that it made."""
        who = person or self.person()
        values = self.values(tool, who, **given)
        begun = self.front.mark()
        called = self.client.call(tool, at or self.front.url, who.key, who.user, values)
        seen = [each for each in self.front.since(begun) if key_of(each) == who.key]
        self.front.settled(seen, SETTLED_S)
        return Met(called, who, seen)

    def each(self, cases: Sequence[T], action: Callable[[T], R], at_once: int = AT_ONCE) -> list[R]:
        """Do something for each case, `at_once` of them side by side; return what came of them, in order."""
        with ThreadPoolExecutor(max(1, min(at_once, len(cases)))) as pool:
            return list(pool.map(action, cases))

    def each_met(
        self, cases: Sequence[T], action: Callable[[T], Met], is_enough: Callable[[Met], object] = lambda met: met.main
    ) -> list[Met]:
        """Do `each`, where what matters is that the main request came, or whatever else `is_enough` asks for.

        A client may let its calls wait for one another, beyond their deadlines when many hang or the machine is busy:
        those that were not enough are made again, a few at a time, at last one by one.
        """
        mets = self.each(cases, action)
        for at_once in (FEW, 1):
            left = [number for number, met in enumerate(mets) if not is_enough(met)]
            again = left if at_once > 1 else left[:FEW]
            for number, met in zip(again, self.each([cases[n] for n in again], action, at_once), strict=True):
                mets[number] = met
        return mets

    def answer(self, person: Person, chooser: Chooser | Answer) -> None:
        """Answer the person's requests so; what the chooser leaves (None) goes to the server behind."""
        chosen: Chooser = chooser if callable(chooser) and not isinstance(chooser, Answer) else (lambda _: chooser)
        with self._lock:
            self._answers[person.key] = chosen

    def spoil(
        self, tool: MappedTool, person: Person, answer: Answer, times: int | None = None, *, of: str | None = None
    ) -> None:
        """Answer the request that the tool is for, or those `of` another operation, with a fault.

        It is answered so always, or so many times.
        """
        left = itertools.count()

        def chooser(seen: Seen) -> Answer | None:
            if seen.operation_id != (of or tool.operation) or (times is not None and next(left) >= times):
                return None
            return answer

        self.answer(person, chooser)

    def spoiled(
        self, tool: MappedTool, answer: Answer, times: int | None = None, *, of: str | None = None, **given: Any
    ) -> Met:
        """Call a tool for a new person whose main request, or those `of` another operation, meet the fault."""
        person = self.person()
        self.spoil(tool, person, answer, times, of=of)
        return self.call(tool, person, **given)

    def works(self, tool: MappedTool, person: Person | None = None, **given: Any) -> Met:
        """Call a tool with a server that does all it should; raise `Inconclusive` when even that fails."""
        met = self.call(tool, person, **given)
        if not met.called.succeeded:
            raise Inconclusive(
                f"{tool.tool} does not work with a good server, so its failures prove nothing: {met.called.said()}",
                met.see(),
            )
        return met

    def check(self, key: str, at: str | None = None) -> Checked:
        """Let the client check credentials with a key, for the stage's server or another address."""
        return self.client.check(at or self.front.url, key)

    @contextmanager
    def elsewhere(self) -> Iterator[Front]:
        """Open another server that no settings name, which must not hear of anything."""
        with Front() as other:
            yield other

    def evidence(self, person: Person) -> list[Exchange]:
        """Return the last requests with the person's key as evidence."""
        return self.evidence_of([seen for seen in self.front.seen if key_of(seen) == person.key][-4:])

    def evidence_of(self, requests: Sequence[Seen]) -> list[Exchange]:
        """Return requests as evidence."""
        return [exchange_of(seen) for seen in requests]

    def _besides(self, tool: MappedTool) -> Mapping[str, Any]:
        """Return what the client looks for besides the user, so that it finds what is stored for it."""
        scopes = self.client.scopes or {}
        every = {name: value for scope in scopes.values() for name, value in scope.items()}
        return every if tool.takes("memory_id") else scopes.get(tool.tool, {})

    def _choose(self, seen: Seen) -> Answer | None:
        operation = seen.operation
        open_to_all = operation is not None and operation.document.get("security") == []
        person = self._people.get(key_of(seen) or "")
        if open_to_all and self.open_answer is not None:
            return self.open_answer
        if person is None:
            return (
                None if open_to_all else problem(401, "unauthorized", "no such key", (("WWW-Authenticate", "Bearer"),))
            )
        chooser = self._answers.get(person.key)
        return chooser(seen) if chooser else None


def exchange_of(seen: Seen) -> Exchange:
    """Return a request as evidence; where a fault stood in place of an answer, its name does."""
    exchange = seen.exchange()
    return exchange if seen.received or seen.fault is None else replace(exchange, problem=f"the fault {seen.fault}")


@contextmanager
def staged(client: Client, upstream: Upstream, run: Run) -> Iterator[Stage]:
    """Open a stage for one test."""
    with Front(upstream.url) as front:
        yield Stage(client, upstream, front, run)
