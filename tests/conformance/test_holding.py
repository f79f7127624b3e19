"""What held at an instant, and what a scope inherits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memconform.scene.holding import held, inherits, start_of
from memconform.scene.oracle import instant, selects

CREATED = "2020-01-01T00:00:00Z"
SCOPES = st.dictionaries(
    st.sampled_from(["user_id", "agent_id", "app_id", "session_id"]), st.sampled_from("ab"), min_size=1
)


@pytest.mark.parametrize(
    ("record", "at", "answer"),
    [
        ({}, "2020-01-01T00:00:00Z", True),
        ({}, "2019-12-31T23:59:59.999Z", False),
        ({"valid_from": "2010-01-01T00:00:00Z"}, "2010-01-01T00:00:00Z", True),
        ({"valid_from": None}, "2010-01-01T00:00:00Z", False),
        ({"valid_from": "2030-01-01T00:00:00Z"}, "2020-01-01T00:00:00Z", False),
        ({"valid_to": "2021-01-01T00:00:00Z"}, "2020-12-31T23:59:59Z", True),
        ({"valid_to": "2021-01-01T00:00:00Z"}, "2021-01-01T00:00:00Z", False),
        ({"valid_to": "2021-01-01T00:00:00Z"}, "2021-01-01T00:30:00+01:00", True),
    ],
)
def test_a_memory_holds_from_its_start_to_its_end(record: dict[str, str], at: str, answer: bool) -> None:
    """The start is in, the end is out, and offsets do not matter."""
    assert held({"created_at": CREATED, **record}, instant(at)) is answer


def test_a_successor_ends_a_memory() -> None:
    """The end is the earlier of `valid_to` and the successor's start."""
    old = {"created_at": CREATED, "valid_to": "2025-01-01T00:00:00Z"}
    new = {"created_at": "2030-01-01T00:00:00Z", "valid_from": "2022-01-01T00:00:00Z"}
    assert held(old, instant("2021-12-31T23:59:59Z"), new)
    assert not held(old, instant("2022-01-01T00:00:00Z"), new)
    assert held(old, instant("2024-01-01T00:00:00Z"), {"created_at": "2030-01-01T00:00:00Z"})
    assert start_of(new) == instant("2022-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("scope", "answer"),
    [
        ({"user_id": "u"}, True),
        ({"user_id": "u", "session_id": "s"}, True),
        ({"user_id": "u", "session_id": "s", "agent_id": "x"}, True),
        ({"session_id": "s"}, False),
        ({"session_id": "s", "app_id": "p"}, False),
        ({"app_id": "p"}, True),
        ({"user_id": "v"}, False),
        ({"user_id": "v", "app_id": "p"}, False),
        ({"user_id": "u", "agent_id": "x"}, False),
    ],
)
def test_what_a_session_inherits(scope: dict[str, str], answer: bool) -> None:
    """The user's facts and the app's reach the session; those of a bare session or of another user do not."""
    query = {"user_id": "u", "app_id": "p", "session_id": "s"}
    if scope == {"user_id": "u", "session_id": "s", "agent_id": "x"}:
        query = {"user_id": "u", "session_id": "s"}
    assert inherits(query, scope) is answer


@given(SCOPES, SCOPES)
def test_inheriting_only_widens_and_never_reaches_another_user(query: dict[str, str], scope: dict[str, str]) -> None:
    """What the law of scopes selects stays selected; what is inherited besides contradicts no pair of the query."""
    assert inherits(query, scope) or not selects(query, scope)
    if inherits(query, scope):
        assert all(scope.get(key, value) == value for key, value in query.items())
