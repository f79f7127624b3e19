"""The processes of one plugin: calls go to the one with the fewest in flight, and one that dies is replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from memconform.dify import Plugin, PluginFailed

_LOOK_S = 0.5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0


class NoProcess(Exception):
    """No process of the plugin was there in time; nothing was sent. The message says why."""


@dataclass(slots=True)
class Place:
    """One process, or the want of one while it is started again."""

    plugin: Plugin | None
    in_flight: int = 0


class Pool:
    """Running processes of one plugin. Threads (or greenlets) may call at once."""

    def __init__(self, first: Plugin, warm_up: Callable[[Plugin], float], on_note: Callable[[str], None]) -> None:
        """Take over a plugin that was started; `warm_up` makes the first call of a process and returns its seconds."""
        self.origin = first
        """Knows folder and environment, and is closed last."""
        self.cold_start_s: list[float] = []
        self.first_call_s: list[float] = []
        self.restarts = 0
        """How often a process that had died was replaced."""
        self._warm_up = warm_up
        self._on_note = on_note
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._failure = ""
        """Why the last attempt to start one again failed."""
        self._starting: list[threading.Thread] = []
        self._places = [Place(first)]
        self._took_up(first)

    def grow(self) -> None:
        """Start one more process; raise `PluginFailed`."""
        plugin = self.origin.another()
        self._took_up(plugin)
        self._places.append(Place(plugin))

    @property
    def plugins(self) -> list[Plugin]:
        """The processes that run."""
        return [place.plugin for place in self._places if place.plugin is not None]

    @property
    def size(self) -> int:
        """How many processes there shall be."""
        return len(self._places)

    @contextmanager
    def one(self, deadline: float) -> Iterator[Plugin]:
        """Give the process with the fewest calls in flight, waiting for one until a `time.monotonic()`.

        Raise `NoProcess`. A process that turns out to be dead is replaced.
        """
        place, plugin = self._chosen(deadline)
        try:
            yield plugin
        finally:
            with self._changed:
                place.in_flight -= 1
            if plugin.gone is not None:
                self._replace(place, plugin)

    def close(self) -> None:
        """Stop all processes, those that are just being started too; calls that still wait end."""
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
        closing = [threading.Thread(target=each.close) for each in self.plugins if each is not self.origin]
        for thread in closing:
            thread.start()
        for thread in (*closing, *self._starting):
            thread.join()
        self.origin.close()

    def _chosen(self, deadline: float) -> tuple[Place, Plugin]:
        while True:
            for place in self._places:
                if place.plugin is not None and place.plugin.gone is not None:
                    self._replace(place, place.plugin)
            with self._changed:
                living = [place for place in self._places if place.plugin is not None]
                if living:
                    place = min(living, key=_in_flight)
                    place.in_flight += 1
                    assert place.plugin is not None  # of the living
                    return place, place.plugin
                left = deadline - time.monotonic()
                if self._closing.is_set() or left <= 0:
                    raise NoProcess(self._failure or "it died, and was not ready again in time")
                self._changed.wait(min(left, _LOOK_S))

    def _replace(self, place: Place, dead: Plugin) -> None:
        with self._changed:
            if place.plugin is not dead or self._closing.is_set():
                return
            place.plugin = None
            thread = threading.Thread(target=self._start_again, args=(place,), daemon=True)
            thread.start()
            self._starting.append(thread)
        self._on_note(f"the plugin's process {dead.pid} is gone, and is started again: {dead.gone}")

    def _start_again(self, place: Place) -> None:
        plugin = self._started()
        if plugin is None:
            return
        self._took_up(plugin)
        with self._changed:
            place.plugin = plugin
            self.restarts += 1
            self._changed.notify_all()
        if self._closing.is_set():
            plugin.close()

    def _started(self) -> Plugin | None:
        """Return a new process, however many attempts that takes; None when the pool is closed."""
        pause = _FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                return self.origin.another()
            except PluginFailed as failure:
                self._failure = str(failure)
                self._on_note(f"{failure}; the next attempt follows in {pause:g} s")
                self._closing.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
        return None

    def _took_up(self, plugin: Plugin) -> None:
        self.cold_start_s.append(plugin.ready_s)
        self.first_call_s.append(self._warm_up(plugin))


def _in_flight(place: Place) -> int:
    return place.in_flight
