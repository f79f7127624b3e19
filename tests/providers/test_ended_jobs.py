"""Operations that have ended before they are answered: what a bridge to a synchronous extraction keeps of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from memconform_server.store import Refused
from memconform_server.stores import ended_jobs
from memconform_server.stores.ended_jobs import EndedJobs, ExtractionFailed

ANNA = {"user_id": "anna"}


def test_what_went_well_has_ended_with_its_result() -> None:
    """The operation is there, succeeded, with both instants in order, and can be asked for again."""
    jobs = EndedJobs()
    job = jobs.ingestion("p", ANNA, lambda: [{"id": "m", "action": "added"}])
    assert (job.kind, job.status, job.result) == (
        "ingestion",
        "succeeded",
        {"memories": [{"id": "m", "action": "added"}]},
    )
    assert job.completed_at is not None
    assert timedelta() <= job.completed_at - job.created_at
    assert datetime.now(UTC) - job.completed_at < timedelta(seconds=5)
    assert jobs.job("p", job.id) == job


def test_a_failed_extraction_is_a_failed_operation_with_a_problem() -> None:
    """What the provider said comes as the problem of the operation; there is no result."""

    def work() -> list[dict[str, str]]:
        raise ExtractionFailed(502, "The model failed.")

    job = EndedJobs().ingestion("p", ANNA, work)
    assert (job.status, job.result) == ("failed", None)
    assert job.completed_at is not None
    assert (job.error["status"], job.error["detail"]) == (502, "The model failed.")


def test_a_refusal_begins_nothing() -> None:
    """Whatever else goes wrong is the request's own answer."""
    jobs = EndedJobs()

    def work() -> list[dict[str, str]]:
        raise Refused("/scope", "no")

    with pytest.raises(Refused):
        jobs.ingestion("p", ANNA, work)


def test_nobody_sees_another_principals_operation() -> None:
    """An id is known to the principal alone that began it."""
    jobs = EndedJobs()
    job = jobs.ingestion("p", ANNA, list)
    assert jobs.job("q", job.id) is None
    assert jobs.job("p", "nope") is None


def test_only_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the oldest is forgotten first."""
    monkeypatch.setattr(ended_jobs, "KEPT", 2)
    jobs = EndedJobs()
    first, second, third = (jobs.ingestion("p", ANNA, list) for _ in range(3))
    assert [jobs.job("p", each.id) for each in (first, second, third)] == [None, second, third]
