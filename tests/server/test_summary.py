"""POST /v1/summaries: what is remembered in few words, with the memories that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.server.at_hand import USER, opened
from tests.server.following import added
from tests.server.stub_model import KEY, stub_model

from memconform.contract import validator
from memconform_server.settings import Model
from memconform_server.summaries import Extractive, summariser_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

FACTS = ("Ann drinks green tea.", "Ann likes tea more than coffee.", "The bicycle is red.")


def summarised(client: httpx.Client, scope: dict[str, str], **members: Any) -> dict[str, Any]:
    """Return the summary of a scope."""
    answer = client.post("/v1/summaries", json={"scope": scope, **members})
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == scope
    assert list(validator("summary-response").errors(answer.json())) == []
    found: dict[str, Any] = answer.json()
    return found


def test_a_summary_quotes_its_sources(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Sentences of current memories of the scope, oldest first; nobody else's, no superseded one's."""
    memories = [added(alice, user, fact) for fact in FACTS]
    added(alice, {"user_id": user["user_id"] + "!"}, "Canary of a neighbour.")
    added(bob, user, "Canary of another principal.")
    old = added(alice, user, "Canary that was superseded.")
    new = added(alice, user, "The car is blue.", supersedes=[old["id"]])
    found = summarised(alice, user)
    assert found["summary"] == " ".join([*FACTS, "The car is blue."])
    assert found["sources"] == [memory["id"] for memory in (*memories, new)]


@pytest.mark.parametrize("max_chars", [1, 2, 10, 20, 21, 43, 60, 1000])
def test_a_summary_keeps_within_its_size(alice: httpx.Client, user: dict[str, str], max_chars: int) -> None:
    """Code points count, not bytes; what is left out is not named as a source."""
    contents = {added(alice, user, fact)["id"]: fact for fact in (*FACTS, "𝔄nn drinks 𝔱ea 🫖🫖🫖.")}
    found = summarised(alice, user, max_chars=max_chars)
    assert 0 < len(found["summary"]) <= max_chars
    if max_chars > 25:
        assert found["summary"] == " ".join(contents[source] for source in found["sources"])


def test_the_most_telling_sentence_comes_first() -> None:
    """Where there is room for one sentence only, it is one whose words others share; the same every time."""
    with opened(":memory:") as store:
        from memconform_server.store import Draft

        for fact in FACTS:
            store.add("p", Draft(fact, USER))
        memories = store.current("p", USER, inherit=False, limit=10)
        found = [Extractive().summarise(memories, 31) for _ in range(3)]
    assert found[0] == found[1] == found[2]
    assert found[0].text in FACTS[:2]


def test_nothing_to_say(alice: httpx.Client, user: dict[str, str]) -> None:
    """An empty scope has an empty summary, and no sources; what is no sentence is quoted all the same."""
    assert summarised(alice, user)["summary"] == ""
    assert summarised(alice, user)["sources"] == []
    memory = added(alice, user, " \n ")
    assert summarised(alice, user)["sources"] == [memory["id"]]


def test_what_is_inherited(alice: httpx.Client, user: dict[str, str]) -> None:
    """With `inherit` the user's facts are in a session's summary, too."""
    fact = added(alice, user, "Ann drinks tea.")
    session = {**user, "session_id": "s"}
    assert summarised(alice, session)["sources"] == []
    assert summarised(alice, session, inherit=True)["sources"] == [fact["id"]]


@pytest.mark.parametrize(
    "body",
    [{}, {"scope": {}}, {"scope": {"user_id": "u"}, "max_chars": 0}, {"scope": {"user_id": "u"}, "max_chars": "9"},
     {"scope": {"user_id": "u"}, "inherit": 1}, []],
)  # fmt: skip
def test_what_is_wrong_is_refused(alice: httpx.Client, body: Any) -> None:
    """No scope, no size, or another type is 422."""
    assert alice.post("/v1/summaries", json=body).status_code == 422


def test_a_model_summarises(run_server: Callable[..., Any]) -> None:
    """With an endpoint configured its words are the summary, cut to size; an answer in another shape is 503."""
    said = {"summary": "Tea, and a red bicycle.", "sources": [1, 0, 1]}
    with stub_model(said, said, {"summary": "x", "sources": [7]}, {"summary": "x"}, 500) as stub:
        server = run_server(
            "--summariser-url", stub.url, "--summariser-model", "small", env={"MEMCONFORM_SUMMARISER_API_KEY": KEY}
        )
        with server.client() as client:
            scope = {"user_id": "u"}
            assert summarised(client, scope)["summary"] == ""
            assert stub.asked == []
            first, second = (added(client, scope, fact)["id"] for fact in FACTS[:2])
            found = summarised(client, scope)
            assert (found["summary"], found["sources"]) == (said["summary"], [first, second])
            assert summarised(client, scope, max_chars=3)["summary"] == "Tea"
            assert '"max_chars": 3' in stub.asked[-1][2]["messages"][1]["content"]
            for _ in range(3):
                answer = client.post("/v1/summaries", json={"scope": scope})
                assert (answer.status_code, answer.json()["type"]) == (503, "urn:memory-api:problem:summary-failed")
                assert int(answer.headers["retry-after"]) > 0
                assert not [word for word in ("Ann", "secret", KEY, stub.url) if word in answer.text]


def test_the_settings_choose_the_summariser() -> None:
    """A model is asked where one is given; without one, sentences are extracted."""
    assert isinstance(summariser_of(None), Extractive)
    assert not isinstance(summariser_of(Model("http://h/v1", "m")), Extractive)
