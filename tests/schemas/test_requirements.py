"""The requirements are those of the contract, each with all it needs."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from memconform.contract import (
    BADGES,
    Requirement,
    badge_profiles,
    content_root,
    profiles,
    requirements,
)
from memconform.contract.yaml import load_yaml

COUNTS = {
    "CORE": 29,
    "LIMITS": 1,
    "TENANCY": 7,
    "SEARCH": 14,
    "FILTERS": 5,
    "UPDATE": 4,
    "CONCURRENCY": 5,
    "HISTORY": 3,
    "KEYED": 5,
    "IDEMPOTENCY": 3,
    "BATCH": 3,
    "INGESTION": 5,
    "LIFECYCLE": 3,
    "SUPERSESSION": 2,
    "TEMPORAL": 1,
    "HIERARCHY": 1,
    "ERASURE": 5,
    "PORTABILITY": 5,
    "EVENTS": 2,
    "SUMMARY": 1,
    "CLIENT": 10,
}
"""How many requirements each table of the contract has; they count from 01 without gap."""

SHOULD = {"CORE-25", "TENANCY-07", "SEARCH-13", "SEARCH-14", "CONCURRENCY-05", "INGESTION-05", "CLIENT-09"}
"""The requirements that are recommendations; every other one is a MUST."""

STANDARD = {"core", "search", "filters", "update", "concurrency", "history", "tenancy", "erasure"}
FULL = STANDARD | {
    "keyed",
    "idempotency",
    "batch",
    "ingestion",
    "lifecycle",
    "supersession",
    "portability",
}

ROWS = list(requirements().values())


def test_every_requirement_of_the_contract_is_there() -> None:
    """The ids and levels are those of the contract, in its order, and no others."""
    pinned = [f"{family}-{number:02}" for family, count in COUNTS.items() for number in range(1, count + 1)]
    assert list(requirements()) == pinned
    assert {row.id for row in ROWS if row.level == "SHOULD"} == SHOULD
    assert {row.level for row in ROWS} == {"MUST", "SHOULD"}


def test_ids_are_unique() -> None:
    """No id is in the file twice: a mapping by id would hide it."""
    rows = load_yaml(content_root() / "schemas/v1/requirements.yaml")["requirements"]
    assert [row for row, times in Counter(row["id"] for row in rows).items() if times > 1] == []
    assert len(rows) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_requirement_says_everything(row: Requirement) -> None:
    """A requirement has a known profile, a statement in BCP 14 words, why, how, and a source."""
    assert row.profile in profiles()
    family = row.id.rsplit("-", 1)[0].lower()
    assert row.profile == ("core" if family == "limits" else family)
    words = set(re.findall(r"\b(MUST|SHOULD|MAY)\b", row.statement))
    assert row.level in words, row.statement
    assert row.level == "MUST" or "MUST" not in words, "a recommendation demands nothing"
    for text in (row.statement, row.why, row.how):
        assert re.search(r"[.:?)\"]$", text), text
    assert row.source.startswith(("memory API contract", "RFC ", "CloudEvents", "HTML Standard", "draft-"))


def test_all_of_it_is_tested() -> None:
    """This release judges every requirement, those of servers and those of clients."""
    assert [row.id for row in ROWS if row.not_tested is not None] == []


def test_conditions_are_named() -> None:
    """Requirements that apply only under a condition say which."""
    assert {row.id for row in ROWS if row.when} == {"CORE-26", "LIMITS-01", "SEARCH-06", "INGESTION-03"}


def test_badges_hold_the_profiles_of_the_contract() -> None:
    """Core, Standard and Full need the profiles that the contract names, each badge those before it too."""
    assert BADGES == ("core", "standard", "full")
    assert set(badge_profiles("core")) == {"core"}
    assert set(badge_profiles("standard")) == STANDARD
    assert set(badge_profiles("full")) == FULL
    extras = {profile.name for profile in profiles().values() if profile.badge == "extras"}
    assert extras == {"temporal", "hierarchy", "events", "summary"}
    assert set(profiles()) == FULL | extras | {"client"}


def test_an_unknown_badge_is_refused() -> None:
    """Asking for a badge that is not there names those that are."""
    with pytest.raises(ValueError, match="unknown badge 'gold': the badges are core, standard, full"):
        badge_profiles("gold")
