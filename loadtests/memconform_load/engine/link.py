"""How a part of a run talks to the whole of it: in one process directly, else by Locust's messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from locust.runners import WorkerRunner

    from memconform_load.engine.whole import Whole

PLAN, GO, STOP = "memconform-plan", "memconform-go", "memconform-stop"
"""What the master sends."""
READY, REPORT, DONE, FAILED, REFUSED, NOTE = (
    "memconform-ready",
    "memconform-report",
    "memconform-done",
    "memconform-failed",
    "memconform-refused",
    "memconform-note",
)
"""What a worker sends."""


class Link(Protocol):
    """What a part can say."""

    def ready(self, about: Mapping[str, Any]) -> None:
        """Say that the load can begin."""
        ...

    def report(self, delta: Mapping[str, Any]) -> None:
        """Send what was measured since the last report."""
        ...

    def done(self, last: Mapping[str, Any]) -> None:
        """Send the last report."""
        ...

    def failed(self, why: str) -> None:
        """Say that something of ours failed: the run cannot count."""
        ...

    def refused(self, why: str, exit_code: int) -> None:
        """Say that there can be no run, for a reason that is not ours."""
        ...

    def note(self, text: str) -> None:
        """Say something that people may want to know."""
        ...

    def session(self) -> int:
        """Return the number of a new session, unique in the run."""
        ...


class Direct:
    """The link of a part in the same process."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._sessions = 0

    def ready(self, about: Mapping[str, Any]) -> None:
        """Say that the load can begin."""
        self._whole.ready(0, about)

    def report(self, delta: Mapping[str, Any]) -> None:
        """Send what was measured since the last report."""
        self._whole.report(0, delta)

    def done(self, last: Mapping[str, Any]) -> None:
        """Send the last report."""
        self._whole.done(0, last)

    def failed(self, why: str) -> None:
        """Say that something of ours failed."""
        self._whole.failed(why)

    def refused(self, why: str, exit_code: int) -> None:
        """Say that there can be no run."""
        self._whole.refused(why, exit_code)

    def note(self, text: str) -> None:
        """Say something that people may want to know."""
        self._whole.say(text)

    def session(self) -> int:
        """Return the number of a new session."""
        self._sessions += 1
        return self._sessions - 1


class Remote:
    """The link of a worker's part."""

    def __init__(self, runner: WorkerRunner, index: int, workers: int) -> None:
        self._runner = runner
        self._index, self._workers = index, workers
        self._sessions = 0

    def _send(self, kind: str, **data: Any) -> None:
        self._runner.send_message(kind, {"index": self._index, **data})

    def ready(self, about: Mapping[str, Any]) -> None:
        """Say that the load can begin."""
        self._send(READY, about=dict(about))

    def report(self, delta: Mapping[str, Any]) -> None:
        """Send what was measured since the last report."""
        self._send(REPORT, delta=dict(delta))

    def done(self, last: Mapping[str, Any]) -> None:
        """Send the last report."""
        self._send(DONE, last=dict(last))

    def failed(self, why: str) -> None:
        """Say that something of ours failed."""
        self._send(FAILED, why=why)

    def refused(self, why: str, exit_code: int) -> None:
        """Say that there can be no run."""
        self._send(REFUSED, why=why, exit_code=exit_code)

    def note(self, text: str) -> None:
        """Say something that people may want to know."""
        self._send(NOTE, text=text)

    def session(self) -> int:
        """Return the number of a new session, unique in the run."""
        self._sessions += 1
        return (self._sessions - 1) * self._workers + self._index
