"""The arrivals of one process: an open workload's by their schedule, a closed one's session by session."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import gevent
from gevent.pool import Group

from memconform_load.engine.alarm import Alarm
from memconform_load.engine.turn import SESSION_BITS, Turn

if TYPE_CHECKING:
    from memconform_load.drivers.driver import Driver
    from memconform_load.engine.part import Part
    from memconform_load.engine.user import MemoryUser

_KILLED_S = 5.0


class Sending:
    """Sends turns: one greenlet each, from one dispatcher."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._turns = Group()
        self._dispatcher: gevent.Greenlet[..., None] | None = None
        self._stopped = False

    def send(self, user: MemoryUser) -> None:
        """Send what the plan says; return when its time is over, or after `stop`."""
        self._dispatcher = gevent.spawn(self._open if self._part.plan.schedule else self._closed, user)
        self._dispatcher.join()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped = True
        if self._dispatcher is not None:
            self._dispatcher.kill(block=False)

    def drain(self, seconds: float) -> None:
        """Wait for what is on its way; what has not ended by then is cut off and counted as unfinished."""
        self._turns.join(timeout=seconds)
        self._turns.kill(timeout=_KILLED_S)

    def session(self, user: MemoryUser) -> None:
        """Play turn after turn until the time is over: one session of a closed workload."""
        self._turns.spawn(self._converse, user, self._part.link.session()).join()

    def _converse(self, user: MemoryUser, number: int) -> None:
        part = self._part
        here = number // part.share.workers
        mine = part.people[here % len(part.people)] if part.people else 0
        driver = part.drivers[here % len(part.drivers)]
        begins = part.meter.begins
        ends, index = begins + part.plan.duration_s, number << SESSION_BITS
        part.touch(mine)
        first = Turn(part, index, mine, begins, driver)
        # Sessions that start together would stay in step and come in batches.
        gevent.sleep(max(0.0, begins - time.monotonic()) + first.rng.random() * user.pause(first))
        while (now := time.monotonic()) < ends and not self._stopped:
            turn = Turn(part, index, mine, now, driver)
            self._counted(turn)
            self._play(user, turn)
            pause = min(user.pause(turn), ends - time.monotonic())
            if pause > 0:
                gevent.sleep(pause)
            index += 1

    def _closed(self, _: MemoryUser) -> None:
        gevent.sleep(max(0.0, self._part.meter.begins + self._part.plan.duration_s - time.monotonic()))

    def _open(self, user: MemoryUser) -> None:
        alarm = Alarm()
        try:
            for turn in self._arrivals():
                alarm.sleep_until(turn.due)
                self._arrive(user, turn)
        finally:
            alarm.close()

    def _arrivals(self) -> Iterator[Turn]:
        """Yield the turns of this process's people. Every process draws the same chance, so that each knows its own."""
        part = self._part
        plan, share, population = part.plan, part.share, part.population
        chance = random.Random(f"{plan.seed} people")  # noqa: S311 - repeatable by design
        drivers: list[Driver] = part.drivers
        begins = part.meter.begins - plan.warm_up_s
        for index, at in enumerate(plan.schedule.times(plan.seed) if plan.schedule else ()):
            person = population.pick(chance)
            way = int(chance.random() * len(drivers))
            if person % share.workers == share.index:
                yield Turn(part, index, person, begins + at, drivers[way])

    def _arrive(self, user: MemoryUser, turn: Turn) -> None:
        part = self._part
        at = turn.due - part.meter.begins
        if part.meter.in_flight >= part.plan.max_in_flight:
            if at >= 0:
                part.meter.recorder.intended(at)
                part.meter.recorder.dropped(at, "turn", turn.driver.name)
            return
        self._counted(turn)
        part.touch(turn.number)
        self._turns.spawn(self._play, user, turn)

    def _counted(self, turn: Turn) -> None:
        """Count an arrival that is being sent, unless it belongs to the warm-up."""
        at = turn.due - self._part.meter.begins
        if at >= 0:
            self._part.meter.recorder.intended(at)
            self._part.meter.recorder.started(at, max(0.0, time.monotonic() - turn.due))

    def _play(self, user: MemoryUser, turn: Turn) -> None:
        try:
            user.arrival(turn)
        except Exception as error:  # noqa: BLE001 - a fault of the scenario must not go unseen
            self._part.link.failed(f"the scenario failed: {type(error).__name__}: {error}")
