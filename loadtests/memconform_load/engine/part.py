"""One process's part of a run, from its first call to its last: preparation, load, drain, a last look, cleaning up."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from memconform.capabilities import Capabilities
from memconform.ledger import Ledger, state_folder
from memconform.scopes import RUN_PREFIX
from memconform.settings import API_KEY, UsageError
from memconform_load.drivers.http import DirectDriver
from memconform_load.engine.cleaning import cleaned
from memconform_load.engine.meter import Meter
from memconform_load.engine.preparing import Preparing
from memconform_load.engine.sending import Sending
from memconform_load.engine.target import NoRun
from memconform_load.engine.turn import Unmeasured
from memconform_load.exit_codes import INVALID
from memconform_load.workload import Population, TextMaker
from memconform_load.workload.material import LONGEST

if TYPE_CHECKING:
    from locust.env import Environment

    from memconform_load.drivers.driver import Driver
    from memconform_load.engine.link import Link
    from memconform_load.engine.share import Share
    from memconform_load.engine.user import MemoryUser

_INTERRUPTED_DRAIN_S = 5.0


class Part:
    """What a process has for its share of a run, and what becomes of it."""

    def __init__(self, environment: Environment, share: Share, link: Link) -> None:
        self.share = share
        self.link = link
        self.plan = plan = share.plan
        self.parameters = share.parameters
        self.profiles = Capabilities(share.capabilities).profiles
        self.limits: Mapping[str, Any] = share.capabilities.get("limits") or {}
        self.population = Population(plan.people, run_id=share.run_id)
        self.people = share.people
        self.texts = TextMaker(plan.seed, longest=_longest(self.limits))
        self.meter = Meter(environment, share)
        self.memory: dict[Any, Any] = {}
        self.touched: set[int] = set()
        self.direct = DirectDriver(
            plan.url,
            os.environ.get(API_KEY),
            connections=plan.max_in_flight,
            timeout_s=plan.timeout_s,
            ca_file=plan.ca_file,
            insecure=plan.insecure,
        )
        self.drivers: list[Driver] = []
        self.go = Event()
        self.done = Event()
        self.interrupted = False
        self.sending = Sending(self)
        name = f"{share.run_id.removeprefix(RUN_PREFIX)}gw{share.index}.jsonl"
        self._ledger = Ledger(state_folder() / name, plan.url)
        self._running: gevent.Greenlet[..., None] | None = None

    def take_part(self, user: MemoryUser) -> None:
        """Play a user's part: the first begins everything, and sends all arrivals of an open workload."""
        if self._running is None:
            self._running = gevent.spawn(self._run, user)
        if self.plan.schedule is None:
            self.go.wait()
            self.sending.session(user)

    def start(self, in_s: float) -> None:
        """Begin the load in so many seconds."""
        self.meter.begins = time.monotonic() + in_s + self.plan.warm_up_s
        self.go.set()

    def interrupt(self) -> None:
        """Send nothing more, wait for a moment, clean up, and report."""
        self.interrupted = True
        self.sending.stop()
        if not self.go.is_set() and self._running is not None:
            self._running.kill(block=True)
            self._running = gevent.spawn(self._leave)

    def touch(self, person: int) -> None:
        """Write down that a person will have memories, before they have any."""
        if person not in self.touched:
            self.touched.add(person)
            self._ledger.note_scope("first", {"user_id": self.population.person(person)})

    def turn_aside(self, person: int) -> Unmeasured:
        """Return a turn whose calls are not measured."""
        self.touch(person)
        return Unmeasured(self, -1 - person, person, time.monotonic(), self.direct)

    def clean(self, *, everyone: bool = False) -> int:
        """Delete what those have who were touched, or all people of this part; return for how many it failed."""
        if everyone:
            self.touched.update(self.people)
        left = cleaned(self)
        self._ledger.close(done=not left)
        return left

    def _run(self, user: MemoryUser) -> None:
        try:
            self._open_drivers()
            user.prepare(Preparing(self))
        except NoRun as refused:
            self.link.refused(str(refused), refused.exit_code)
            self._leave()
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the run cannot begin
            self.link.failed(f"{type(error).__name__}: {error}")
            self._leave()
            return
        self.link.ready({"pid": os.getpid(), "host": platform.node()})
        self.go.wait()
        reporting = gevent.spawn(self._report)
        self.sending.send(user)
        self.sending.drain(_INTERRUPTED_DRAIN_S if self.interrupted else self.plan.drain_s)
        reporting.kill()
        self._leave()

    def _open_drivers(self) -> None:
        for name in self.plan.drivers:
            self.drivers.append(self.direct if name == "direct" else self._plugin())

    def _plugin(self) -> Driver:
        """Start the plugin; raise `NoRun` where it is not there, does not start, or has no mapping that fits."""
        from memconform.dify import NotAPlugin, PluginFailed
        from memconform_load.drivers.plugin import PluginDriver

        try:
            return PluginDriver.open(
                self.plan.plugin or "",
                self.plan.url,
                os.environ.get(API_KEY),
                processes=self.plan.plugin_processes,
                timeout_s=self.plan.timeout_s,
                on_note=self.link.note,
                map_file=Path(self.plan.plugin_map) if self.plan.plugin_map else None,
            )
        except (UsageError, NotAPlugin) as error:
            raise NoRun(str(error)) from None
        except PluginFailed as failed:
            raise NoRun(f"the plugin does not start: {failed}", INVALID) from None

    def _report(self) -> None:
        """Tell the master once a second what has happened."""
        while True:
            gevent.sleep(1)
            self.meter.look_at_cpu([pid for driver in self.drivers for pid in driver.pids])
            self.link.report(self.meter.delta())

    def _leave(self) -> None:
        """Look at what is left on the server, clean up, and report for the last time."""
        if self.meter.judge is not None and not self.interrupted and self.go.is_set():
            self.meter.judge.conclude(lambda request: self.direct.call(request, self.plan.timeout_s))
        left = 0 if self.plan.keep_data else self.clean()
        plugins = [about for driver in self.drivers if (about := driver.about())]
        for driver in self.drivers:
            driver.close()
        last = {"left": left, "interrupted": self.interrupted, "plugins": plugins}
        self.link.done({**self.meter.delta(), **last, **self.meter.findings()})
        self.done.set()


def _longest(limits: Mapping[str, Any]) -> int:
    """Return how many characters a server of these limits takes, whatever they are: four bytes each at most."""
    allowed: list[int] = [
        limits[each] for each in ("content_bytes", "query_bytes") if isinstance(limits.get(each), int)
    ]
    return min([LONGEST, *(each // 4 for each in allowed)])
