"""Hangs a run on Locust's events: its command line, the start of a test, messages, and every way that a test ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gevent
import locust.runners
from locust import events
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner, WorkerRunner

from memconform_load.engine import options, tables
from memconform_load.engine.awaited import Awaited
from memconform_load.engine.beginning import Start, begin
from memconform_load.engine.channel import Channel
from memconform_load.engine.ending import ended
from memconform_load.engine.link import DONE, FAILED, GO, NOTE, PLAN, READY, REFUSED, REPORT, STOP, Direct, Remote
from memconform_load.engine.part import Part
from memconform_load.engine.share import Share
from memconform_load.engine.target import NoRun
from memconform_load.engine.whole import Whole
from memconform_load.exit_codes import HARNESS

if TYPE_CHECKING:
    from locust.env import Environment

_INTERRUPTED_S = 30.0
"""How long an interrupted run may take to clean up."""
_REPORT_INTERVAL_S = 1.0


class Stage:
    """What one process of Locust holds of a run."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.channel = Channel()
        self.part: Awaited[Part] = Awaited()
        self.whole: Whole | None = None
        self.start: Start | None = None
        self.clients: list[str] = []
        """Locust's ids of the workers that take part, by their index."""
        self.closed = False

    @property
    def runner(self) -> Any:
        """Locust's runner."""
        return self.environment.runner

    # Beginning

    def init(self) -> None:
        """Listen to the messages that this process gets."""
        runner = self.runner
        if isinstance(runner, WorkerRunner):
            runner.register_message(PLAN, lambda msg, **_: self._take_share(msg.data))
            runner.register_message(GO, lambda msg, **_: self.part.get().start(msg.data["in_s"]))
            runner.register_message(STOP, lambda **_: self._interrupt_part())
        elif isinstance(runner, MasterRunner):
            heard = {
                READY: lambda whole, data: whole.ready(data["index"], data["about"]),
                REPORT: lambda whole, data: whole.report(data["index"], data["delta"]),
                DONE: lambda whole, data: whole.done(data["index"], data["last"]),
                FAILED: lambda whole, data: whole.failed(data["why"]),
                REFUSED: lambda whole, data: whole.refused(data["why"], data["exit_code"]),
                NOTE: lambda whole, data: whole.say(data["text"]),
            }
            for kind, take in heard.items():
                runner.register_message(kind, lambda msg, take=take, **_: self._heard(take, msg.data))
        if not isinstance(runner, WorkerRunner):
            options.set_users(self.environment)
        if self.environment.web_ui is not None:
            gevent.signal_handler(signal.SIGINT, _interrupt_main)

    def _heard(self, take: Any, data: Mapping[str, Any]) -> None:
        if self.whole is not None and not self.closed:
            take(self.whole, data)

    def _take_share(self, data: Mapping[str, Any]) -> None:
        if self.part.ready():
            self.part = Awaited()
        share = Share.from_json(data)
        self.part.set(Part(self.environment, share, Remote(self.runner, share.index, share.workers)))

    def test_start(self) -> None:
        """Begin: on a worker all is there already."""
        runner = self.runner
        if isinstance(runner, WorkerRunner):
            return
        self.closed = False
        try:
            self._begin()
        except NoRun as refused:
            self._refuse(str(refused), refused.exit_code)
        except Exception as error:  # noqa: BLE001 - Locust would go on without a run
            self._refuse(f"it failed itself: {type(error).__name__}: {error}", HARNESS)

    def _begin(self) -> None:
        runner = self.runner
        self.clients = sorted(runner.clients, key=runner.get_worker_index) if isinstance(runner, MasterRunner) else []
        workers = max(1, len(self.clients))
        start = self.start = begin(self.environment, workers)
        whole = self.whole = Whole(start.share.plan, workers, self._go, self.channel)
        if isinstance(runner, LocalRunner):
            if self.part.ready():
                self.part = Awaited()
            self.part.set(Part(self.environment, start.share, Direct(whole)))
        for index, client in enumerate(self.clients):
            runner.send_message(PLAN, start.share.of(index).as_json(), client_id=client)
        gevent.spawn(self._watch, whole)

    def _go(self, in_s: float) -> None:
        if isinstance(self.runner, LocalRunner):
            self.part.get().start(in_s)
        for client in self.clients:
            self.runner.send_message(GO, {"in_s": in_s}, client_id=client)

    def _refuse(self, said: str, exit_code: int) -> None:
        self.channel.refused(said, exit_code)
        self.environment.process_exit_code = exit_code
        self.closed = True
        gevent.spawn(self._stop_locust)

    # While it goes on

    def _watch(self, whole: Whole) -> None:
        """Look once a second whether all workers are there, and end the run when it is over."""
        while not whole.over.wait(timeout=1.0) and not self.closed:
            whole.tick()
            if isinstance(self.runner, MasterRunner):
                self._look_for_lost(whole)
            if (whole.failures or whole.refusal) and whole.began is None:
                break
            if self.channel.nobody_listens:
                self.interrupt()
                self._stop_locust()
        if whole.refusal is not None and not self.closed:
            self._refuse(str(whole.refusal), whole.refusal.exit_code)
        if not self.closed:
            self._end(whole)
            self._stop_locust()

    def _look_for_lost(self, whole: Whole) -> None:
        for index, client in enumerate(self.clients):
            node = self.runner.clients.get(client)
            if node is None or node.state == STATE_MISSING:
                whole.lost(index)

    # Ending

    def _end(self, whole: Whole) -> None:
        self.closed = True
        if self.start is not None:
            self._clean_after_the_lost(whole, self.start)
            self.environment.process_exit_code = ended(whole, self.start, self.channel)

    def _clean_after_the_lost(self, whole: Whole, start: Start) -> None:
        """Delete what workers created that cannot do it themselves any more."""
        for worker in whole.workers if not start.share.plan.keep_data else ():
            if worker.state == "lost":
                worker.left = Part(self.environment, start.share.of(worker.index), Direct(whole)).clean(everyone=True)

    def _stop_locust(self) -> None:
        tables.let_csv_be_written(self.environment)
        if self.environment.web_ui is None:
            self.runner.quit()
        else:
            self.runner.stop()
            self.channel.note("the run has ended; Locust's web page stays until Ctrl-C")

    def interrupt(self) -> None:
        """End early: Ctrl-C, SIGTERM, or the button of the web page. What is known becomes a result all the same."""
        whole = self.whole
        if isinstance(self.runner, WorkerRunner):
            self._interrupt_part()
            if self.part.ready():
                self.part.get().done.wait(timeout=_INTERRUPTED_S)
            return
        if whole is None or self.closed:
            return
        whole.interrupted = True
        whole.say("interrupted: waiting for what is on its way, and cleaning up (once more to leave at once)")
        try:
            self._interrupt_part()
            for client in self.clients:
                self.runner.send_message(STOP, {}, client_id=client)
            whole.over.wait(timeout=_INTERRUPTED_S)
        except KeyboardInterrupt:
            whole.say("left without cleaning up: 'memconform cleanup' does it later")
        self._end(whole)

    def _interrupt_part(self) -> None:
        if self.part.ready():
            self.part.get().interrupt()


_stages: WeakKeyDictionary[Any, Stage] = WeakKeyDictionary()


def _interrupt_main() -> None:
    """Raise `KeyboardInterrupt` where Locust waits for its end.

    Python raises it in whatever runs at that moment; where that is the web page's server, it may be lost there.
    """
    hub = gevent.get_hub()
    if hub.parent is not None:
        hub.loop.run_callback(hub.parent.throw, KeyboardInterrupt)


def _stage(environment: Environment) -> Stage:
    if environment not in _stages:
        _stages[environment] = Stage(environment)
    return _stages[environment]


def part_of(environment: Environment) -> Part:
    """Return this process's part of the run; wait until there is one."""
    return _stage(environment).part.get()


def connect() -> None:
    """Listen to Locust's events; once a process."""
    if getattr(sys.modules[__name__], "_connected", False):
        return
    globals()["_connected"] = True
    tables.connect()
    locust.runners.WORKER_REPORT_INTERVAL = _REPORT_INTERVAL_S
    events.init_command_line_parser.add_listener(options.add_options)  # type: ignore[no-untyped-call]
    events.init.add_listener(lambda environment, **_: _stage(environment).init())  # type: ignore[no-untyped-call]
    events.test_start.add_listener(lambda environment, **_: _stage(environment).test_start())  # type: ignore[no-untyped-call]
    events.test_stopping.add_listener(lambda environment, **_: _stage(environment).interrupt())  # type: ignore[no-untyped-call]
    events.quitting.add_listener(lambda environment, **_: _stage(environment).interrupt())  # type: ignore[no-untyped-call]
