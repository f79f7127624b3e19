"""What is kept of a control that did not hold: what was sent before, and which write the server failed at."""

from __future__ import annotations

from pathlib import Path

import pytest

from memconform.exchange import Exchange, Received, Sent
from memconform.judgement import Judgement, judge
from memconform.requirement import Mark
from memconform.session import Session
from memconform.settings import RunSettings
from memconform.verdict import Inconclusive, Outcome


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep ledgers away from the user's."""
    monkeypatch.setenv("MEMCONFORM_STATE", str(tmp_path))


def exchange(method: str, status: int) -> Exchange:
    """Return an exchange of that method and status."""
    return Exchange(Sent(method, "http://127.0.0.1:1/v1/memories"), Received(status, (), b"{}"), 0.1, 0.0)


def judged(nothing: Inconclusive) -> Judgement:
    """Return the judgement of a test that ended so."""

    def test() -> None:
        raise nothing

    return judge(Session(RunSettings("http://127.0.0.1:1"), "0123abcd"), Mark("CORE-01", 1), test, "test")


def test_the_write_that_failed_is_shown_before_the_control() -> None:
    """A list that answers 500 comes with the add that was answered 500 earlier, and with the steps just before."""
    poison, others, failing = exchange("POST", 500), [exchange("POST", 422)] * 9, exchange("GET", 500)
    said = judged(Inconclusive("the list failed", [failing]).after([poison, *others, failing]))
    assert (said.outcome, said.reason) == (Outcome.INCONCLUSIVE, "the list failed")
    assert list(said.see) == [poison, failing]
    assert said.to_json()["before"] == ["POST /v1/memories → 422"] * 6


def test_the_last_exchange_is_shown_where_the_control_names_none() -> None:
    """A control about several answers at once is shown with the last of them."""
    last = exchange("GET", 200)
    assert list(judged(Inconclusive("too few").after([exchange("POST", 201), last])).see) == [last]
    assert "exchanges" not in judged(Inconclusive("there is no key")).to_json()


def test_what_is_shown_has_room_for_the_control() -> None:
    """Many failed writes and many exchanges of the control: two of the writes, the last two of the others."""
    failed, see = [exchange("PUT", 503) for _ in range(5)], [exchange("GET", 500) for _ in range(5)]
    assert list(judged(Inconclusive("all failed", see).after([*failed, *see])).see) == [*failed[3:], *see[3:]]


def test_the_first_to_say_what_came_before_is_right() -> None:
    """A story that set no scene says again in the next test what its own one sent."""
    sent = exchange("POST", 201)
    assert Inconclusive("no scene").after([sent]).after([]).led == (sent,)
