"""One arrival: whom it is about, and the calls that it makes, each measured from the moment it was due."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeVar

import gevent

from memconform_load.calls import Op, Reply, Request
from memconform_load.engine.knowing import Knowing

if TYPE_CHECKING:
    from memconform_load.drivers.driver import Driver
    from memconform_load.engine.part import Part

T = TypeVar("T")
SESSION_BITS = 20
"""So many bits of an arrival's number count the turns of its session, in a closed workload."""


class Turn(Knowing):
    """What a scenario plays on. Calls follow each other: the next is due when the last has ended, or after a `wait`."""

    def __init__(self, part: Part, index: int, person: int, due: float, driver: Driver) -> None:
        self.part = part
        self.index = index
        """Number of the arrival in the whole run, from 0; the same whatever the number of workers."""
        self.number = person
        """Number of the person in the population, from 0."""
        self.due = due
        """When the next call is due, in seconds of `time.monotonic()`."""
        self.driver = driver
        self.parameters: Mapping[str, Any] = part.parameters
        self.max_top_k = (part.share.capabilities.get("search") or {}).get("max_top_k")
        self.max_page = part.limits.get("page_size")
        self._rng: random.Random | None = None

    @property
    def person(self) -> str:
        """The `user_id`; it carries the run's id."""
        return self.part.population.person(self.number)

    @property
    def at(self) -> float:
        """When the next call is due, in seconds since the load began."""
        return self.due - self.part.meter.begins

    @property
    def session(self) -> int:
        """Number of the session that the turn belongs to, from 0; closed workloads only."""
        return self.index >> SESSION_BITS

    @property
    def rng(self) -> random.Random:
        """Chance of this arrival's own: the same for the same seed, in whatever order arrivals end."""
        if self._rng is None:
            self._rng = random.Random((self.part.plan.seed << 32) + self.index)  # noqa: S311 - repeatable by design
        return self._rng

    @property
    def memory(self) -> dict[Any, Any]:
        """What the scenario keeps from turn to turn in this process; people belong to one process, so it is whole."""
        return self.part.memory

    @property
    def closed(self) -> bool:
        """Whether the turn is a session's, which waits for its answers."""
        return self.part.plan.schedule is None

    def become(self, person: int) -> None:
        """Let what follows be about another person of this process."""
        if person != self.number:
            self.number = person
            self.part.touch(person)

    # Of several calls

    def until_done(self, asked: Reply, *, every_s: float, patience_s: float) -> bool:
        """Ask until an ingestion or an erasure has ended; tell whether it succeeded in time."""
        end = self.due + patience_s
        while asked.ok and asked.operation_status in ("pending", "running") and self.due < end:
            self.wait(every_s)
            asked = self.operation(asked.operation_id or "")
        return asked.ok and asked.operation_status == "succeeded"

    def together(self, *plays: Callable[[Self], T]) -> list[T]:
        """Play several things at once, each on a turn like this one; return what they return when all have ended."""
        self._rng = self.rng  # made now, so that all share it: what they say must differ
        turns = [copy(self) for _ in plays]
        running = [gevent.spawn(play, turn) for play, turn in zip(plays, turns, strict=True)]
        try:
            gevent.joinall(running, raise_error=True)
        finally:
            gevent.killall(running)
        self.due = max((turn.due for turn in turns), default=self.due)
        return [each.get() for each in running]

    # How time goes by

    def wait(self, seconds: float) -> None:
        """Let time pass that is not the server's, such as a model's; the next call is due at its end."""
        self.due += seconds
        left = self.due - time.monotonic()
        if left > 0:
            gevent.sleep(left)

    def measure(self, name: str, seconds: float) -> None:
        """Add a duration to a distribution of the scenario's own, such as the time to visibility."""
        self.part.meter.add(name, seconds)

    def call(self, request: Request, *, excused: Collection[int] = ()) -> Reply:
        """Carry a request when it is due, measure it, and have the answer judged."""
        driver = self._way(request)
        flight = self.part.meter.take_off(self.due, request, driver.name)
        try:
            reply = driver.call(request, self.part.plan.timeout_s)
        except BaseException:
            self.part.meter.abandon(flight)
            raise
        if not reply.ok and reply.status in excused:
            reply.failed = None
        self.part.meter.land(flight, request, reply)
        self.due = reply.end
        return reply

    def _way(self, request: Request) -> Driver:
        """Return the driver; what a plugin has no tool for goes directly, and counts as `direct`."""
        if request.op in self.driver.supports:
            return self.driver
        told: set[Op] = self.memory.setdefault("operations without a tool", set())
        if request.op not in told:
            told.add(request.op)
            self.part.link.note(f"the plugin has no tool for {request.op.value}: these calls go directly")
        return self.part.direct


class Unmeasured(Turn):
    """A turn before the load or after it: its calls are judged, not measured."""

    def call(self, request: Request, *, excused: Collection[int] = ()) -> Reply:  # noqa: ARG002 - the signature of a turn
        """Carry a request and have the answer judged."""
        self.part.meter.begin(request)
        reply = self.driver.call(request, self.part.plan.timeout_s)
        self.part.meter.see(request, reply, self.driver.name)
        self.due = reply.end
        return reply
