"""What one process measures: every call from when it was due, what is wrong with answers, and its own CPU."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memconform_load.calls import Reply, Request
from memconform_load.cpu import CpuSampler
from memconform_load.engine import tables
from memconform_load.histogram import Histogram
from memconform_load.invariants import Judge
from memconform_load.recorder import Recorder

if TYPE_CHECKING:
    from locust.env import Environment

    from memconform_load.engine.share import Share


@dataclass(slots=True)
class Flight:
    """A call that is on its way."""

    due: float
    op: str
    driver: str
    began: float


class Meter:
    """Measures from `begins` on; what was due before is judged all the same."""

    def __init__(self, environment: Environment, share: Share) -> None:
        self._environment = environment
        self.recorder = Recorder()
        self.judge = Judge(share.capabilities, run_id=share.run_id) if share.plan.judged else None
        self.begins = 0.0
        """When the load begins, in seconds of `time.monotonic()`."""
        self._distributions: dict[str, Histogram] = {}
        self.in_flight = 0
        """Calls that are on their way."""
        self._cpu = CpuSampler()
        self._watched: Sequence[int] = ()

    def begin(self, request: Request) -> None:
        """Take note that a request leaves."""
        if self.judge is not None:
            self.judge.begin(request)

    def take_off(self, due: float, request: Request, driver: str) -> Flight:
        """Take note of a call that begins."""
        self.in_flight += 1
        self.begin(request)
        return Flight(due, request.op.value, driver, time.monotonic())

    def land(self, flight: Flight, request: Request, reply: Reply) -> None:
        """Take note of how it ended."""
        self.in_flight -= 1
        at = flight.due - self.begins
        if at >= 0:
            self.recorder.record(
                flight.op,
                flight.driver,
                at_s=at,
                lag_s=max(0.0, reply.start - flight.due),
                service_s=reply.end - reply.start,
                server_s=reply.server_s,
                failed=reply.failed,
                timed_out=reply.failed is not None and reply.failed.kind.startswith("timed out"),
            )
            tables.fire(self._environment, flight.op, flight.driver, reply, reply.end - flight.due)
        if self.see(request, reply, flight.driver):
            self.recorder.violation(max(0.0, at))

    def abandon(self, flight: Flight) -> None:
        """Take note of a call that was cut off at the end of the run."""
        self.in_flight -= 1
        at = flight.due - self.begins
        if at >= 0:
            waited, lag = time.monotonic() - flight.due, max(0.0, flight.began - flight.due)
            self.recorder.unfinished(at, flight.op, flight.driver, waited_s=waited, lag_s=lag)

    def see(self, request: Request, reply: Reply, driver: str) -> bool:
        """Have an answer judged; tell whether it broke a law."""
        if self.judge is None:
            return False
        known = self.judge.total
        self.judge.see(request, reply, driver)
        return self.judge.total > known

    def add(self, name: str, seconds: float) -> None:
        """Add a duration to a distribution of the scenario's own."""
        self._distributions.setdefault(name, Histogram()).record(seconds)

    def look_at_cpu(self, pids: Sequence[int]) -> None:
        """Take note of how busy this process and those of the drivers are; a driver's may be others than before."""
        if pids != self._watched:
            self._watched, self._cpu = pids, CpuSampler(pids)
        at = time.monotonic() - self.begins
        for pid, percent in self._cpu.each().items() if at >= 0 else ():
            self.recorder.cpu(at, percent, plugin=pid != os.getpid())

    def delta(self) -> dict[str, Any]:
        """Return what was measured since the last time."""
        violations = self.judge.total if self.judge else 0
        return {"recorder": self.recorder.delta(), "in_flight": self.in_flight, "violations": violations}

    def findings(self) -> dict[str, Any]:
        """Return what is known at the end."""
        measured = {name: each.encoded() for name, each in self._distributions.items()}
        return {"measured": measured, "judge": self.judge.delta() if self.judge else None}
