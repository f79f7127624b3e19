"""The judge: takes every call of a process, and reads everything back at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from memconform_load.calls import Op, Reply, Request
from memconform_load.histogram import Histogram
from memconform_load.invariants.adding import Adding
from memconform_load.invariants.call import Call
from memconform_load.invariants.changing import Changing
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.ending import Ending
from memconform_load.invariants.missing import Missing
from memconform_load.invariants.polls import FORGOTTEN, VISIBLE
from memconform_load.invariants.reads import Reads
from memconform_load.invariants.registers import Registers
from memconform_load.invariants.sweep import Sweep

_READS = frozenset({Op.SEARCH, Op.GET, Op.LIST, Op.GET_KEYED, Op.EXPORT, Op.OPERATION})


class Judge:
    """Judges the calls of one process. What it finds is in `delta`, for `Findings` of whoever sums up."""

    def __init__(
        self, capabilities: Mapping[str, Any], *, run_id: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what the server declares; `clock` is the one that replies are timed with."""
        self.run_id = run_id
        self._docket = Docket(capabilities, clock)
        self._registers = registers = Registers(self._docket)
        missing = Missing(self._docket, registers)
        reads = Reads(self._docket, registers, missing)
        self._polls = reads.polls
        self._read = reads.handlers
        self._write = {
            **Adding(self._docket).handlers,
            **Changing(self._docket, registers, missing).handlers,
            **Ending(self._docket, registers, missing).handlers,
        }
        self._checked = self._docket.findings.checked
        self._searched = False

    def begin(self, request: Request) -> None:
        """Take note that a call leaves now. What is never seen to end may have happened, at any time since."""
        if request.op in _READS:
            return
        person = self._docket.person(request.person)
        person.pending[id(request)] = (request, self._docket.clock())
        if request.op is Op.SET and request.key is not None:
            self._registers.keyed(person, request.key)
        elif request.op is Op.UPDATE and request.memory_id is not None:
            known = person.known.get(request.memory_id)
            if known is not None:
                self._registers.of(person, request.memory_id, known)
            else:
                person.touch_unknown(request.memory_id)

    def see(self, request: Request, reply: Reply, driver: str) -> None:
        """Judge a call that has ended."""
        person = self._docket.person(request.person)
        checked = self._checked
        read = self._read.get(request.op)
        if read is not None:
            checked["reads"] += 1
            checked["memories shown"] += len(reply.memories)
            self._searched = self._searched or request.op is Op.SEARCH
            read(Call(person, request, reply, driver))
            return
        if request.op is not Op.OPERATION:
            checked["writes"] += 1
            person.pending.pop(id(request), None)
            person.last_write = max(person.last_write, reply.end)
        self._write[request.op](Call(person, request, reply, driver))

    def conclude(
        self,
        read: Callable[[Request], Reply],
        *,
        people: int = 2_000,
        patience_s: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Read back the memories of everybody that the run touched, of `people` of them at most.

        `read` carries a request past all measuring. It ends after `patience_s` at the latest; what was not read back by
        then is told among what was suspended.
        """
        for reason in self._docket.bounds.unpromised(searches=self._searched):
            self._docket.findings.suspended[reason] = 1
        Sweep(self._docket, self._registers, self._polls, self.see, read, sleep).all(people, patience_s)

    # What was found

    @property
    def total(self) -> int:
        """How many breaches were counted so far."""
        return self._docket.findings.total

    @property
    def checked(self) -> dict[str, int]:
        """What was looked at, by kind."""
        return dict(self._checked)

    @property
    def measured(self) -> dict[str, Histogram]:
        """Times to visibility and to forget, from searches for the very text of what was written or deleted lately."""
        return self._docket.findings.measured

    def violations(self) -> list[dict[str, Any]]:
        """Return the rows of `violations.found` of the result, by this judge alone."""
        found: list[dict[str, Any]] = self._docket.findings.violations()["found"]
        return found

    def visible(self, seconds: float) -> None:
        """Add to the times to visibility what a scenario has measured by itself."""
        self._docket.findings.measure(VISIBLE, seconds)

    def forgotten(self, seconds: float) -> None:
        """Add to the times to forget what a scenario has measured by itself."""
        self._docket.findings.measure(FORGOTTEN, seconds)

    def delta(self) -> dict[str, Any]:
        """Return all that was found so far as JSON values; `Findings.merge` replaces what it gave before."""
        return self._docket.findings.delta()
