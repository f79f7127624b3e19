"""The store's operations: written down before they begin, done once, readable until a day after their end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened

from memconform_server.stores.reference.jobs import KEPT_S

if TYPE_CHECKING:
    from pathlib import Path

SESSION = {"user_id": "u", "session_id": "s"}
REQUEST = {"scope": USER, "messages": [{"role": "user", "content": "I like tea."}]}
PROBLEM = {"type": "urn:memory-api:problem:extraction-failed", "title": "Failed", "status": 502, "detail": "no"}


def test_an_operation_moves_forward_and_keeps_its_outcome(tmp_path: Path) -> None:
    """Pending, running, succeeded; a restart changes nothing of it."""
    data, clock = tmp_path / "memories.db", Clock()
    with opened(data, clock) as store:
        begun = store.begin(PRINCIPAL, "ingestion", USER, REQUEST)
        assert (begun.status, begun.scope, begun.request, begun.created_at) == (
            "pending",
            USER,
            REQUEST,
            clock.after(0),
        )
        assert store.job(PRINCIPAL, begun.id) == begun
        claimed = store.claim()
        assert claimed is not None
        assert (claimed.id, claimed.principal, claimed.status, claimed.request) == (
            begun.id,
            PRINCIPAL,
            "running",
            REQUEST,
        )
        assert store.job(PRINCIPAL, begun.id) == claimed
        assert store.claim() is None
        clock.now += 7
        assert store.finish(begun.id, {"memories": []}, None)
        ended = store.job(PRINCIPAL, begun.id)
        assert ended is not None
        assert (ended.status, ended.result, ended.error, ended.scope) == ("succeeded", {"memories": []}, None, USER)
        assert (ended.request, ended.completed_at) == (None, clock.after(0))
    with opened(data, clock) as store:
        assert store.job(PRINCIPAL, begun.id) == ended
        assert store.claim() is None


def test_a_failed_operation_says_why() -> None:
    """Its error is the problem that it ended with."""
    with opened(":memory:") as store:
        begun = store.begin(PRINCIPAL, "ingestion", USER, REQUEST)
        store.claim()
        assert store.finish(begun.id, None, PROBLEM)
        ended = store.job(PRINCIPAL, begun.id)
        assert ended is not None
        assert (ended.status, ended.result, ended.error) == ("failed", None, PROBLEM)


def test_an_operation_ends_once() -> None:
    """A second end, and the end of an unknown one, change nothing."""
    with opened(":memory:") as store:
        begun = store.begin(PRINCIPAL, "ingestion", USER, REQUEST)
        store.claim()
        assert store.finish(begun.id, {"memories": []}, None)
        ended = store.job(PRINCIPAL, begun.id)
        assert not store.finish(begun.id, None, PROBLEM)
        assert not store.finish("unknown", None, PROBLEM)
        assert store.job(PRINCIPAL, begun.id) == ended


def test_an_operation_is_its_principals_alone() -> None:
    """TENANCY-06: another principal's operation is none; ids do not count and carry no time."""
    with opened(":memory:") as store:
        one, other = (store.begin(PRINCIPAL, "ingestion", USER, REQUEST).id for _ in range(2))
        assert store.job("q", one) is None
        assert store.job(PRINCIPAL, "unknown") is None
        assert len(one) == 32
        assert one[:8] != other[:8]


def test_operations_are_claimed_in_order_and_once() -> None:
    """Of 20 operations 8 workers claim each exactly once; one worker alone takes the oldest first."""
    with opened(":memory:") as store:
        ids = [store.begin(PRINCIPAL, "ingestion", USER, number).id for number in range(20)]
        first = store.claim()
        assert first is not None
        assert first.id == ids[0]
        claimed: list[str] = []

        def work() -> None:
            while (job := store.claim()) is not None:
                claimed.append(job.id)

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert sorted(claimed) == sorted(ids[1:])


def test_what_ran_when_the_process_died_is_claimed_again(tmp_path: Path) -> None:
    """It never looks pending again; it is done and ended once, also where the first worker lives after all."""
    data = tmp_path / "memories.db"
    with opened(data) as dead:
        begun = dead.begin(PRINCIPAL, "ingestion", USER, REQUEST)
        assert dead.claim() is not None
        with opened(data) as store:
            seen = store.job(PRINCIPAL, begun.id)
            assert seen is not None
            assert seen.status == "running"
            again = store.claim()
            assert again is not None
            assert (again.id, again.request) == (begun.id, REQUEST)
            assert dead.finish(begun.id, {"memories": []}, None)
            assert not store.finish(begun.id, {"memories": []}, None)


def test_an_erasure_ends_the_ingestions_of_its_scope() -> None:
    """INGESTION-04: pending and running ones whose exact scope is selected fail; others and later ones go on."""
    with opened(":memory:") as store:
        running = store.begin(PRINCIPAL, "ingestion", SESSION, REQUEST)
        assert store.claim() is not None
        pending = store.begin(PRINCIPAL, "ingestion", USER, REQUEST)
        above = store.begin(PRINCIPAL, "ingestion", {"session_id": "s"}, REQUEST)
        foreign = store.begin("q", "ingestion", USER, REQUEST)
        erasure = store.begin(PRINCIPAL, "erasure", USER, None)
        later = store.begin(PRINCIPAL, "ingestion", USER, REQUEST)
        for cancelled in (running, pending):
            seen = store.job(PRINCIPAL, cancelled.id)
            assert seen is not None
            assert (seen.status, seen.request) == ("failed", None)
            assert seen.error["type"] == "urn:memory-api:problem:erased"
            assert not store.finish(cancelled.id, {"memories": []}, None)
        rest = [store.claim() for _ in range(5)]
        assert [job and job.id for job in rest] == [above.id, foreign.id, erasure.id, later.id, None]
        claimed = rest[2]
        assert claimed is not None
        assert store.erase(claimed).operations == 2


def test_ended_operations_are_swept_a_day_later() -> None:
    """Unfinished ones never are."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        ended, open_ = (store.begin(PRINCIPAL, "ingestion", USER, REQUEST).id for _ in range(2))
        store.claim()
        assert store.finish(ended, {"memories": []}, None)
        clock.now += KEPT_S * 1_000 - 1
        store.sweep()
        assert store.job(PRINCIPAL, ended) is not None
        clock.now += 1
        store.sweep()
        assert store.job(PRINCIPAL, ended) is None
        assert store.job(PRINCIPAL, open_) is not None


def test_an_erasure_is_shown_as_ended_when_its_bytes_are_overwritten(tmp_path: Path) -> None:
    """While a reader holds an earlier state of the file the erasure runs; once it is gone, a sweep ends it."""
    data = tmp_path / "memories.db"
    with opened(data) as store:
        store.add(PRINCIPAL, draft("a canary sings"))
        with store.export(PRINCIPAL, USER) as walk:
            job = store.begin(PRINCIPAL, "erasure", USER, None)
            claimed = store.claim()
            assert claimed is not None
            with store.transaction():
                store.erase(claimed)
                assert store.finish(job.id, {"done": True}, None)
            assert store.list(PRINCIPAL, USER, 10, None).items == []
            store.sweep()
            seen = store.job(PRINCIPAL, job.id)
            assert seen is not None
            assert (seen.status, seen.completed_at, seen.result) == ("running", None, None)
            assert [memory.content for memory in walk()] == ["a canary sings"]
        store.sweep()
        seen = store.job(PRINCIPAL, job.id)
        assert seen is not None
        assert (seen.status, seen.result) == ("succeeded", {"done": True})
