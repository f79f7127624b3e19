"""Parameters as models and forms really send them: taken, or refused with a sentence, never a KeyError."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from memory_api import conversation, parameters
from memory_api.failures import MemoryFailure
from memory_api.scope import belongs_to, effective_user, full_scope

NOT_GIVEN = [None, "", " ", "\n\t", "null", "None", " null "]
TEXTS = [
    "null",
    "None",
    " ",
    "  padded  ",
    "e\u0301",
    "\u00e9",
    "a\r\nb\rc",
    "\ufeffBOM",
    "\U0001f468\u200d\U0001f469",
    "\u202eabc",
    "\0",
    "{}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_content_is_itself(text: str) -> None:
    """Content is any text, also null, white space and control characters, code point for code point."""
    assert parameters.content({"content": text}, "content") == text
    assert parameters.optional_content({"content": text}, "content") == text
    assert conversation.messages({"messages": [{"role": "user", "content": text}]})[0]["content"] == text


@pytest.mark.parametrize(("given", "seen"), [({}, "missing"), ({"query": None}, "missing"), ({"query": ""}, "empty")])
def test_missing_content_is_a_sentence(given: dict[str, object], seen: str) -> None:
    """A required text that is not there is named."""
    with pytest.raises(MemoryFailure, match=f"The parameter query should be a text.*{seen}"):
        parameters.content(given, "query")


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc00\ud800"])
def test_half_a_surrogate_pair_is_a_sentence(text: str) -> None:
    """Text that no UTF-8 carries is refused in every place where text can stand."""
    places: list[Callable[[], object]] = [
        lambda: parameters.content({"p": text}, "p"),
        lambda: parameters.optional_content({"p": text}, "p"),
        lambda: parameters.text({"p": text}, "p"),
        lambda: parameters.json_object({"p": {"a": [text]}}, "p"),
        lambda: parameters.json_object({"p": {text: 1}}, "p"),
        lambda: conversation.messages({"messages": [{"role": "user", "content": text}]}),
        lambda: effective_user({"user_id": text}, "x"),
    ]
    for place in places:
        with pytest.raises(MemoryFailure) as caught:
            place()
        assert "surrogate" in str(caught.value)
        str(caught.value).encode()


@pytest.mark.parametrize("value", NOT_GIVEN)
def test_optional_parameter_that_is_not_given(value: object) -> None:
    """What models and forms send instead of nothing counts as nothing, like a parameter that is missing."""
    readers: list[Callable[..., object]] = [
        parameters.text,
        parameters.number,
        parameters.whole_number,
        parameters.truth,
        parameters.json_object,
        parameters.header_text,
    ]
    for reader in readers:
        assert reader({"p": value}, "p") is None
        assert reader({}, "p") is None
    assert parameters.choice({"p": value}, "p", ("fail", "empty")) == "fail"


@pytest.mark.parametrize(("value", "number"), [(5, 5), (5.0, 5), ("5", 5), ("5.0", 5), (" 7 ", 7), ("1e2", 100)])
def test_whole_number_is_taken(value: object, number: int) -> None:
    """Whole numbers come as numbers and as text."""
    found = parameters.whole_number({"top_k": value}, "top_k")
    assert found == number
    assert isinstance(found, int)


@pytest.mark.parametrize("value", [0, -1, 5.5, "five", True, [5], {"a": 1}, "nan", "inf", 1e300, 10**400, "0x5", "५.५"])
def test_odd_whole_number_is_a_sentence(value: object) -> None:
    """The sentence names the parameter, what was expected and what was seen."""
    with pytest.raises(MemoryFailure, match=r"The parameter top_k should be a whole number of at least 1, but it is "):
        parameters.whole_number({"top_k": value}, "top_k")


@pytest.mark.parametrize(("value", "number"), [(0, 0.0), ("0.5", 0.5), (1, 1.0)])
def test_number_is_taken(value: object, number: float) -> None:
    """Numbers come as numbers and as text."""
    assert parameters.number({"confidence": value}, "confidence", 0, 1) == number


@pytest.mark.parametrize("value", [1.1, -0.1, "high", float("nan"), True, []])
def test_odd_number_is_a_sentence(value: object) -> None:
    """A number out of its range is refused with the range."""
    with pytest.raises(MemoryFailure, match="confidence should be a number from 0 to 1, but it is"):
        parameters.number({"confidence": value}, "confidence", 0, 1)


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), ("True", True), ("yes", True), (1, True), (False, False), ("false", False), ("0", False)],
)
def test_boolean_is_taken(value: object, truth: bool) -> None:
    """Booleans come as booleans, as text and as 0 and 1."""
    assert parameters.truth({"confirm": value}, "confirm") is truth


@pytest.mark.parametrize("value", ["maybe", 2, [], {}])
def test_odd_boolean_is_a_sentence(value: object) -> None:
    """Anything else is neither true nor false."""
    with pytest.raises(MemoryFailure, match="confirm should be true or false"):
        parameters.truth({"confirm": value}, "confirm")


@pytest.mark.parametrize("value", [{"a": 1}, '{"a": 1}', ' {"a":1}\n'])
def test_json_object_is_taken(value: object) -> None:
    """JSON comes as an object and as its text."""
    assert parameters.json_object({"metadata": value}, "metadata") == {"a": 1}


@pytest.mark.parametrize(
    "value", ["{", "[1]", [1], 5, "text", '{"a": NaN}', {"a": float("inf")}, '"{}"', "[" * 100_000]
)
def test_odd_json_is_a_sentence(value: object) -> None:
    """What is no JSON object is refused with what it is."""
    with pytest.raises(MemoryFailure, match="metadata should be "):
        parameters.json_object({"metadata": value}, "metadata")


@pytest.mark.parametrize("value", ["two words", "ü", "a\r\nX-Injected: 1", "x" * 256])
def test_idempotency_key_cannot_break_out_of_its_header(value: str) -> None:
    """A key that no header field carries is refused."""
    with pytest.raises(MemoryFailure, match="idempotency_key should be"):
        parameters.header_text({"idempotency_key": value}, "idempotency_key")


def test_messages_from_lines() -> None:
    """Lines begin with who speaks; other lines go on with what was said before."""
    text = "User: I moved to Lisbon.\nassistant:  Nice!\n\n  tell me more \nuser:ok"
    assert conversation.messages({"messages": text}) == [
        {"role": "user", "content": "I moved to Lisbon."},
        {"role": "assistant", "content": " Nice!\n\n  tell me more "},
        {"role": "user", "content": "ok"},
    ]


def test_messages_from_json_keep_what_the_contract_knows() -> None:
    """Ids and times go along, other members do not."""
    said = {"role": "user", "content": "hi", "id": "m1", "created_at": "2026-01-01T00:00:00Z"}
    assert conversation.messages({"messages": [{**said, "files": []}]}) == [said]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "[]",
        [],
        "hello",
        "[",
        '{"role": "user"}',
        [1],
        [{"content": "x"}],
        [{"role": "bot", "content": "x"}],
        [{"role": "user"}],
        5,
    ],
)
def test_odd_messages_are_a_sentence(value: object) -> None:
    """What is no conversation is refused with what was expected."""
    with pytest.raises(MemoryFailure, match="messages"):
        conversation.messages({"messages": value})


@pytest.mark.parametrize("value", NOT_GIVEN)
def test_user_falls_back_to_dify(value: object) -> None:
    """Without a bound user it is the one that Dify names, and without that there is no call."""
    assert effective_user({"user_id": value}, "dify-user") == "dify-user"
    with pytest.raises(MemoryFailure, match=r"sys\.user_id"):
        effective_user({"user_id": value}, None)


def test_scope_is_opaque_and_narrow() -> None:
    """Scope values are passed on as they are, those that are not given are left out."""
    given = {"agent_id": " A ", "app_id": "null", "session_id": "*"}
    assert full_scope(given, "u%1 ") == {"user_id": "u%1 ", "agent_id": " A ", "session_id": "*"}


def test_only_the_same_user_owns_a_memory() -> None:
    """A memory is a user's only if its scope says exactly that."""
    assert belongs_to({"scope": {"user_id": "u1", "agent_id": "a"}}, "u1")
    for scope in ({"user_id": "U1"}, {"user_id": "u1 "}, {"agent_id": "u1"}, {}, None, "u1"):
        assert not belongs_to({"scope": scope}, "u1")
