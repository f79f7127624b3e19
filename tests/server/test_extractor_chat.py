"""The extractor behind a chat completions endpoint: what is asked, what is taken for an answer, how it fails."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.server.stub_model import BREAKS_OFF, DRIPS, HANGS, KEY, Stub, stub_model

from memconform_server.completions import Endpoint, EndpointFailed
from memconform_server.extraction import ExtractionFailed, Message, extractor_of
from memconform_server.extraction.chat import ChatExtractor
from memconform_server.settings import Model

SAID = "My canary is called Tweety-4711."
GOOD = {"memories": [{"content": "The canary is called Tweety-4711.", "messages": [0]}]}


def extracted(stub: Stub, **endpoint: Any) -> list[tuple[str, list[int]]]:
    """Ask for what one message says."""
    options: dict[str, Any] = {"api_key": KEY, "deadline_s": 5.0, **endpoint}
    found = ChatExtractor(Endpoint(stub.url, "small", **options)).extract(
        [Message("user", SAID, "m1", "2026-01-01T00:00:00Z")]
    )
    return [(each.content, list(each.messages)) for each in found]


def failure(stub: Stub, **endpoint: Any) -> ExtractionFailed:
    """Return how the extraction fails; neither content nor secrets are in it."""
    with pytest.raises(ExtractionFailed) as caught:
        extracted(stub, **endpoint)
    said = f"{caught.value!r} {caught.value.detail}"
    assert not [word for word in ("Tweety", KEY, "secret insides", stub.url, "127.0.0.1") if word in said]
    return caught.value


def test_what_the_endpoint_is_asked() -> None:
    """Model, messages as data with their positions, the key in its header, a JSON object as the answer."""
    with stub_model(GOOD) as stub:
        assert extracted(stub) == [("The canary is called Tweety-4711.", [0])]
    ((path, headers, body),) = stub.asked
    assert (path, headers["authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert (body["model"], body["temperature"], body["response_format"]) == ("small", 0, {"type": "json_object"})
    assert SAID not in body["messages"][0]["content"]
    assert SAID in body["messages"][1]["content"]
    assert "2026-01-01T00:00:00Z" in body["messages"][1]["content"]


def test_an_address_may_be_whole_and_a_key_absent() -> None:
    """The full address of the completions does as well, and a local model needs no key."""
    with stub_model(GOOD) as stub:
        endpoint = Endpoint(f"{stub.url}/chat/completions/", "small")
        ChatExtractor(endpoint).extract([Message("user", SAID)])
        path, headers, _ = stub.asked[0]
        assert (path, "authorization" in headers) == ("/v1/chat/completions", False)


def test_nothing_is_asked_about_nothing() -> None:
    """Messages without a word cost no request."""
    with stub_model(500) as stub:
        assert ChatExtractor(Endpoint(stub.url, "small")).extract([Message("user", " \n")]) == []
        assert stub.asked == []


@pytest.mark.parametrize("first", [429, 500, 503, BREAKS_OFF, (429, {"Retry-After": "0"})])
def test_what_may_pass_is_tried_again(first: Any) -> None:
    """A refusal for now, a fault and a broken answer are followed by another attempt."""
    with stub_model(first, GOOD) as stub:
        assert extracted(stub)
        assert len(stub.asked) == 2


def test_a_delay_that_is_asked_for_is_kept() -> None:
    """`Retry-After` decides when the next attempt comes."""
    with stub_model((503, {"Retry-After": "1"}), GOOD) as stub:
        assert extracted(stub)
        assert stub.times[1] - stub.times[0] >= 0.95


def test_a_delay_beyond_the_deadline_is_a_failure_at_once() -> None:
    """Nobody waits for what cannot come in time."""
    with stub_model((429, {"Retry-After": "60"})) as stub:
        began = time.monotonic()
        assert "answered 429; try again later" in failure(stub).detail
        assert (len(stub.asked), time.monotonic() - began < 2) == (1, True)


def test_attempts_are_bounded() -> None:
    """A server that only fails is asked three times, and the last status is told."""
    with stub_model(500) as stub:
        found = failure(stub)
        assert (found.status, found.detail) == (
            502,
            "The model's endpoint answered 500; the operator has to look at it.",
        )
        assert len(stub.asked) == 3


@pytest.mark.parametrize("habit", [HANGS, DRIPS])
def test_the_deadline_bounds_everything(habit: str) -> None:
    """Silence and an answer byte by byte both end in time."""
    with stub_model(habit) as stub:
        began = time.monotonic()
        found = failure(stub, deadline_s=0.6)
        assert (found.status, found.detail) == (504, "The model's endpoint gave no complete answer within 0.6 s.")
        assert 0.5 < time.monotonic() - began < 3


def test_a_wrong_key_is_said_once_and_not_shown() -> None:
    """Credentials that are refused are refused again: one attempt, and advice for the operator."""
    with stub_model(GOOD) as stub:
        found = failure(stub, api_key="wrong-key")
        assert "answered 401; the operator has to check the API key" in found.detail
        assert len(stub.asked) == 1
    assert "wrong-key" not in repr(Endpoint("http://h/v1", "m", "wrong-key"))
    assert "wrong-key" not in repr(Model("http://h/v1", "m", "wrong-key"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"<html>gateway</html>", "not JSON"),
        (b"[]", "no chat completion"),
        (b'{"choices":[]}', "no chat completion"),
        (b"[" * 100_000, "not JSON"),
        ("Sure! Here are the memories.", "not JSON"),
        ([], "no object"),
        ({"facts": []}, "an array `memories`"),
        ({"memories": ["a text"]}, "a text `content`"),
        ({"memories": [{"content": " ", "messages": [0]}]}, "a text `content`"),
        ({"memories": [{"content": "\ud800", "messages": [0]}]}, "a text `content`"),
        ({"memories": [{"content": "x"}]}, "name their `messages`"),
        ({"memories": [{"content": "x", "messages": [1]}]}, "positions of messages"),
        ({"memories": [{"content": "x", "messages": [True]}]}, "positions of messages"),
    ],
)
def test_another_shape_is_a_failure(answer: Any, told: str) -> None:
    """What is not what was asked for is never guessed at, and not asked again."""
    with stub_model(answer) as stub:
        found = failure(stub)
        assert (found.status, told in found.detail) == (502, True), found.detail
        assert len(stub.asked) == 1


def test_an_answer_without_end_is_cut_off() -> None:
    """A huge answer does not fill the memory."""
    with stub_model(b" " * 5_000_000) as stub:
        assert "more than 4194304 bytes" in failure(stub).detail


def test_nobody_there() -> None:
    """A refused connection is a failure that says so."""
    with stub_model(GOOD) as stub:
        pass
    assert failure(stub).status == 503


def test_redirects_are_not_followed() -> None:
    """The key and the messages go where the operator said, and nowhere else."""
    with stub_model(GOOD) as other, stub_model((307, {"Location": f"{other.url}/chat/completions"})) as stub:
        assert "answered 307" in failure(stub).detail
        assert other.asked == []


def test_no_facts_are_no_failure() -> None:
    """An empty answer of the right shape is an answer; repeats in it are one statement."""
    twice = {"memories": [{"content": "x y", "messages": [0]}, {"content": " x y ", "messages": [0]}]}
    with stub_model({"memories": []}, twice) as stub:
        assert extracted(stub) == []
        assert extracted(stub) == [("x y", [0])]


def test_the_settings_choose_the_extractor() -> None:
    """A model is asked where one is given; without one the rules do it."""
    assert isinstance(extractor_of(Model("http://h/v1", "m")), ChatExtractor)
    assert not isinstance(extractor_of(None), ChatExtractor)


def test_the_endpoint_raises_one_kind_of_error() -> None:
    """Who asks it otherwise, as the summariser does, has one exception to catch."""
    with stub_model(500) as stub, pytest.raises(EndpointFailed):
        Endpoint(stub.url, "m", attempts=1).ask("instructions", {})
