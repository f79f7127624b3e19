"""The run as a whole: tells the parts when to begin, gathers what they measure, and ends in a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gevent.event import Event

from memconform_load.cpu import rss_mb
from memconform_load.engine.channel import Channel
from memconform_load.engine.target import NoRun
from memconform_load.histogram import Histogram
from memconform_load.invariants import Findings
from memconform_load.plan import Plan
from memconform_load.recorder import Recorder

_HEAD_START_S = 0.3
"""From the word to go until the load begins: messages need a moment."""


@dataclass
class Worker:
    """What is known of one process that takes part."""

    index: int
    state: str = "preparing"
    about: Mapping[str, Any] = field(default_factory=dict)
    recorder: Recorder = field(default_factory=Recorder)
    in_flight: int = 0
    violations: int = 0
    left: int = 0
    plugins: Sequence[Mapping[str, Any]] = ()

    @property
    def over(self) -> bool:
        """Whether nothing more is to be expected of it."""
        return self.state in ("finished", "lost")


class Whole:
    """What the master knows; in a run of one process it lives beside the only part."""

    def __init__(self, plan: Plan, workers: int, go: Callable[[float], None], channel: Channel) -> None:
        self.plan = plan
        self.workers = [Worker(index) for index in range(workers)]
        self.recorder = Recorder()
        self.findings = Findings()
        self.measured: dict[str, Histogram] = {}
        self.failures: list[str] = []
        self.refusal: NoRun | None = None
        """Why there can be no run after all; the first reason that a part gave."""
        self.warnings: list[str] = []
        self.over = Event()
        self.started_at = datetime.now(UTC)
        self.began: float | None = None
        """When the load began, in seconds of `time.monotonic()`."""
        self.interrupted = False
        self._go = go
        self._channel = channel

    # What the parts say

    def ready(self, index: int, about: Mapping[str, Any]) -> None:
        """Take note that a part is ready; when all are, the load begins."""
        worker = self.workers[index]
        worker.state, worker.about = "running", about
        if all(each.state != "preparing" for each in self.workers) and self.began is None:
            self.began = time.monotonic() + _HEAD_START_S + self.plan.warm_up_s
            self._go(_HEAD_START_S)

    def report(self, index: int, delta: Mapping[str, Any]) -> None:
        """Take what a part measured."""
        worker = self.workers[index]
        if worker.state == "lost":
            return
        worker.in_flight = int(delta.get("in_flight", 0))
        worker.violations = int(delta.get("violations", worker.violations))
        self.recorder.merge(delta["recorder"])
        worker.recorder.merge(delta["recorder"])

    def done(self, index: int, last: Mapping[str, Any]) -> None:
        """Take a part's last report."""
        self.report(index, last)
        worker = self.workers[index]
        if worker.state == "lost":
            return
        worker.state, worker.left, worker.plugins = "finished", int(last["left"]), last["plugins"]
        worker.in_flight = 0
        if last["interrupted"]:
            self.interrupted = True
        for name, encoded in last["measured"].items():
            self.measured.setdefault(name, Histogram()).merge(Histogram.from_encoded(encoded))
        if last["judge"] is not None:
            self.findings.merge(last["judge"])
        self._look_whether_over()

    def lost(self, index: int) -> None:
        """Take note that a part will not be heard of again."""
        worker = self.workers[index]
        if not worker.over:
            worker.state, worker.in_flight = "lost", 0
            self.say(f"worker {index} is lost: it ended, or does not answer any more")
            self._look_whether_over()

    def failed(self, why: str) -> None:
        """Take note that something of ours failed."""
        if why not in self.failures and len(self.failures) < _FAILURES:
            self.failures.append(why)

    def refused(self, why: str, exit_code: int) -> None:
        """Take note that there can be no run, for a reason that is not ours."""
        self.refusal = self.refusal or NoRun(why, exit_code)

    def say(self, text: str) -> None:
        """Pass something on to whoever watches."""
        self._channel.note(text)

    def _look_whether_over(self) -> None:
        if all(worker.over for worker in self.workers):
            self.over.set()

    # What is shown while it runs

    @property
    def elapsed_s(self) -> float:
        """Seconds since the load began; 0 before."""
        return 0.0 if self.began is None else max(0.0, time.monotonic() - self.began)

    def tick(self) -> None:
        """Tell whoever watches how it goes, and look at the server's memory. Once a second."""
        if self.began is None or time.monotonic() < self.began:
            return
        if self.plan.server_pid is not None:
            rss = rss_mb(self.plan.server_pid)
            if rss is not None:
                self.recorder.server_rss(self.elapsed_s, rss)
        schedule = self.plan.schedule
        duration_s = schedule.duration_s - self.plan.warm_up_s if schedule else self.plan.duration_s
        violations = sum(worker.violations for worker in self.workers)
        if self.elapsed_s > duration_s:
            self._channel.live({"elapsed_s": self.elapsed_s, "said": _AFTER, "violations": violations})
            return
        self._channel.live(
            {
                **self.recorder.live(),
                "elapsed_s": self.elapsed_s,
                "duration_s": duration_s,
                "intended_per_s": schedule.intended_rate(self.elapsed_s + self.plan.warm_up_s) if schedule else None,
                "in_flight": sum(worker.in_flight for worker in self.workers),
                "violations": violations,
            }
        )


_FAILURES = 20
_AFTER = "the load is over: last answers, reading back what was written, cleaning up"
