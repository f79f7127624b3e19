"""The last reading: lists of all people that were touched, and a second look at whatever is missing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from memconform_load.calls import Op, Reply, Request
from memconform_load.invariants.call import DIRECT, Call
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.people import Person
from memconform_load.invariants.polls import Polls
from memconform_load.invariants.registers import Registers

_TRIES = 6
_LONGEST_WAIT_S = 60.0
"""However long a server declares its lists to lag, the last reading waits no longer than this."""
_LOOKS = 500
"""So many missing memories are looked for by their ids."""


class Sweep:
    """Reads back through `read`; every answer goes to `see`, like those of the load."""

    def __init__(
        self,
        docket: Docket,
        registers: Registers,
        polls: Polls,
        see: Callable[[Request, Reply, str], None],
        read: Callable[[Request], Reply],
        sleep: Callable[[float], None],
    ) -> None:
        self._docket = docket
        self._registers = registers
        self._polls = polls
        self._see = see
        self._read = read
        self._sleep = sleep
        self._looks = _LOOKS
        self._until = math.inf

    def all(self, people: int, patience_s: float) -> None:
        """Read back everybody, or so many."""
        docket = self._docket
        touched = [each for each in docket.people.values() if each.known or each.gone or each.attempts or each.keyed]
        chosen = self._chosen(touched, people)
        self._wait(touched)
        self._registers.sweeping = docket.clock()
        self._until = docket.clock() + patience_s
        back = sum(self._person(person) for person in chosen)
        self._missed_searches()
        self._registers.judge_all()
        checked = docket.findings.checked
        checked["people"] += len(touched)
        checked["people read back"] += back
        if back < len(touched):
            docket.suspend(f"the last reading: {len(touched) - back} of {len(touched)} people were not read back")

    def _chosen(self, touched: Sequence[Person], people: int) -> Sequence[Person]:
        """Return a sample where there are too many; those who wrote last are as likely as any."""
        if len(touched) <= people:
            return touched
        return random.Random(len(touched)).sample(touched, people)  # noqa: S311 - repeatable by design

    def _wait(self, touched: Sequence[Person]) -> None:
        """Wait until every acknowledged write has to be seen."""
        bounds = self._docket.bounds
        lag = max((each for each in (bounds.get, bounds.listed) if not math.isinf(each)), default=0.0)
        last = max((person.last_write for person in touched), default=0.0)
        left = last + lag - self._docket.clock()
        if left > 0:
            self._sleep(min(left + 0.001, _LONGEST_WAIT_S))

    def _person(self, person: Person) -> bool:
        """Tell whether all of a person's memories could be read."""
        missed = set(person.gone)
        cursor: str | None = None
        for _ in range(len(person.known) // self._docket.bounds.page * 4 + 100):
            reply = self._tried(Request(Op.LIST, person.name, limit=self._docket.bounds.page, cursor=cursor))
            if reply is None:
                return False
            self._docket.findings.checked["memories read back"] += len(reply.memories)
            cursor = reply.next_cursor
            if cursor is None:
                break
        for memory_id in [each for each in person.gone if each not in missed]:
            if self._looks > 0:
                self._looks -= 1
                self._tried(Request(Op.GET, person.name, memory_id=memory_id))
        for key in person.keyed:
            self._tried(Request(Op.GET_KEYED, person.name, key=key))
        return cursor is None

    def _missed_searches(self) -> None:
        """Look again for what searches have missed."""
        for nothing in self._docket.nothings:
            again = Request(Op.SEARCH, nothing.person.name, query=nothing.request.query, top_k=nothing.request.top_k)
            reply = self._tried(again)
            if reply is not None and reply.ok:
                self._polls.look_again(Call(nothing.person, again, reply, DIRECT), nothing)
        for poll in list(self._docket.polls.values()):
            if poll.missed is not None and not poll.told:
                self._tried(Request(Op.SEARCH, poll.person.name, query=poll.text, top_k=50))

    def _tried(self, request: Request) -> Reply | None:
        """Return an answer, judged; None where there is none after several tries, or the time is over."""
        for wait in range(_TRIES):
            if self._docket.clock() > self._until:
                return None
            reply = self._read(request)
            if reply.ok or reply.status == _ABSENT:
                self._see(request, reply, DIRECT)
                return reply
            self._sleep(0.1 * 3.0**wait if reply.status == _TOO_MANY else 0.2)
        return None


_ABSENT = 404
_TOO_MANY = 429
