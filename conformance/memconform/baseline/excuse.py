"""Why a failed test is not held against a server: what pytest shows as an expected failure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from memconform.baseline.failures import Failure, expectation
from memconform.baseline.file import Baseline
from memconform.contract import requirements
from memconform.contract.versions import came_with
from memconform.verdict import Outcome


def excuse(record: Mapping[str, Any], contract: str, baseline: Baseline | None, today: date) -> str | None:
    """Return why the failure in a test's record is tolerated; None where it is not, or is none.

    `contract` is the version that the server is judged against.
    """
    row = requirements()[record["requirement"]]
    if record["outcome"] != Outcome.FAIL:
        return None
    if not came_with(row.since, contract):
        return f"unscored: {row.id} came with contract {row.since}, the server is judged against {contract}"
    failure = Failure(row.id, Outcome.FAIL, record["test"], expectation(record))
    for entry in baseline.entries if baseline else ():
        if entry.covers(failure) and entry.expires >= today:
            return f"{'flaky' if entry.flaky else 'known'} until {entry.expires}: {entry.reason}"
    return None
