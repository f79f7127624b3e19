"""What runs behind a server: workers that come and go, a sweeper, failures that end an operation, a stop in time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpx
import pytest
from tests.server.at_hand import opened

from memconform_server.app import create_app
from memconform_server.background import Background
from memconform_server.settings import Settings
from memconform_server.store import Job, MemoryStore, StorageFull, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


class Queue:
    """The part of a store that the background asks."""

    def __init__(self, jobs: int = 0) -> None:
        self.waiting = [self._job(str(number)) for number in range(jobs)]
        self.finished: dict[str, Any] = {}
        self.swept = 0
        self.error: Exception | None = None
        self.lock = threading.Lock()

    @staticmethod
    def _job(name: str) -> Job:
        return Job(name, "p", "ingestion", "running", {"user_id": "u"}, datetime.now(UTC))

    def claim(self) -> Job | None:
        """Give the next job."""
        with self.lock:
            if self.error is not None:
                raise self.error
            return self.waiting.pop(0) if self.waiting else None

    def finish(self, job_id: str, result: Any, error: Any) -> bool:
        """Keep how it ended."""
        self.finished[job_id] = error or result
        return True

    def sweep(self) -> int:
        """Count."""
        self.swept += 1
        if self.error is not None:
            raise self.error
        return 0


def background(
    queue: Queue, task: Callable[[Job], None], workers: int = 1, sweep_every_s: float | None = None
) -> Background:
    """Return a background over a queue."""
    store = cast("MemoryStore", queue)
    return Background(store, {"ingestion": task}, workers=workers, sweep_every_s=sweep_every_s)


def wait_until(holds: Callable[[], Any], within: float = 5.0) -> None:
    """Return when something holds."""
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def workers() -> list[threading.Thread]:
    """Return the worker threads that are alive."""
    return [thread for thread in threading.enumerate() if thread.name in ("worker", "sweeper")]


def test_nothing_runs_before_there_is_work() -> None:
    """A background that was made has no thread; one that was woken has none again when all is done, in order."""
    queue, done = Queue(5), []
    behind = background(queue, lambda job: done.append(job.id))
    before = len(workers())
    behind.wake()
    wait_until(lambda: len(done) == 5)
    assert done == ["0", "1", "2", "3", "4"]
    wait_until(lambda: len(workers()) == before)
    queue.waiting.append(queue._job("5"))
    behind.wake()
    wait_until(lambda: done[-1] == "5")
    behind.stop()


def test_several_work_at_once_where_asked_for() -> None:
    """With four workers four jobs run side by side; a barrier that fewer could not pass shows it."""
    barrier = threading.Barrier(4)
    behind = background(Queue(8), lambda _: (barrier.wait(5), None)[1], workers=4)
    behind.wake()
    wait_until(lambda: not workers())
    assert not barrier.broken
    behind.stop()


def test_no_wake_is_lost() -> None:
    """Work that arrives while a worker is about to leave is done without another wake."""
    queue = Queue()
    done: list[str] = []
    behind = background(queue, lambda job: done.append(job.id))
    for number in range(500):
        with queue.lock:
            queue.waiting.append(queue._job(str(number)))
        behind.wake()
    wait_until(lambda: len(done) == 500)
    behind.stop()


@pytest.mark.parametrize(
    ("error", "status", "attempts"),
    [(Unavailable("x"), 503, 5), (StorageFull("x"), 507, 1), (RuntimeError("canary"), 500, 1)],
)
def test_a_task_that_fails_ends_its_operation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, status: int, attempts: int
) -> None:
    """With a problem, and without what the error said; what may pass is tried again first."""
    monkeypatch.setattr("memconform_server.background._PAUSE_S", 0.01)
    queue, tried = Queue(2), []

    def fail(job: Job) -> None:
        tried.append(job.id)
        if job.id == "0":
            raise error

    behind = background(queue, fail)
    behind.wake()
    wait_until(lambda: "1" in tried and not workers())
    assert queue.finished["0"]["status"] == status
    assert tried == ["0"] * attempts + ["1"]
    assert "canary" not in str(queue.finished) + capsys.readouterr().err
    behind.stop()


def test_a_store_that_fails_does_not_end_the_sweeper() -> None:
    """It goes on with the next round, and then finds the work that nobody could claim."""
    queue, done = Queue(1), []
    queue.error = Unavailable("x")
    behind = background(queue, lambda job: done.append(job.id), sweep_every_s=0.02)
    behind.start()
    behind.start()
    wait_until(lambda: queue.swept > 3)
    assert sum(thread.name == "sweeper" for thread in workers()) == 1
    queue.error = None
    wait_until(lambda: done == ["0"])
    behind.stop()
    wait_until(lambda: not workers())


def test_a_stop_waits_only_so_long() -> None:
    """A task that hangs is left behind, its operation is not ended, and nothing new begins."""
    queue, hanging = Queue(2), threading.Event()
    behind = background(queue, lambda _: (hanging.wait(10), None)[1])
    behind.wake()
    wait_until(lambda: len(queue.waiting) == 1)
    began = time.monotonic()
    behind.stop(patience_s=0.2)
    assert time.monotonic() - began < 1
    hanging.set()
    behind.wake()
    wait_until(lambda: not workers())
    assert (len(queue.waiting), queue.finished) == (1, {})


def test_an_app_without_a_server_works_in_the_background_too() -> None:
    """Asked in-process, without lifespan, an operation is done all the same."""

    async def ask() -> None:
        transport = httpx.ASGITransport(create_app(store, Settings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            body = {"scope": {"user_id": "u"}, "messages": [{"role": "user", "content": "I live in Lisbon."}]}
            place = (await client.post("/v1/ingestions", json=body)).headers["Location"]
            with anyio.fail_after(10):
                while (await client.get(place)).json()["status"] != "succeeded":  # noqa: ASYNC110 - a server has no event
                    await anyio.sleep(0.02)

    with opened(":memory:") as store:
        anyio.run(ask)
        wait_until(lambda: not workers())


def test_a_lifespan_starts_and_stops_it() -> None:
    """What sweeps begins when the app is served and is gone when it is not."""
    with opened(":memory:") as store:
        app = create_app(store, Settings())
        said: list[str] = []
        asked = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, Any]:
            said.append(f"{sum(thread.name == 'sweeper' for thread in workers())} sweepers")
            return {"type": next(asked)}

        async def send(message: Any) -> None:
            said.append(message["type"])

        anyio.run(app, {"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        assert said == ["0 sweepers", "lifespan.startup.complete", "1 sweepers", "lifespan.shutdown.complete"]
        wait_until(lambda: not workers())
