"""Answers: what is wrong with one is said, what is new in one is tolerated, and the key is never repeated."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from memory_api import capping, searching
from memory_api.answer import Answer, json_object
from memory_api.call import internal, presentable
from memory_api.client import MemoryClient
from memory_api.deadline import Deadline
from memory_api.failures import MemoryFailure
from memory_api.ownership import own_memory
from memory_api.problems import BY_STATUS, problem_of
from memory_api.quoting import escaped, holds_secret, quoted
from memory_api.request import Request

from .scripted_server import always, in_turn, memory, reply, scripted, settings_at

KEY = "secret-key-of-a-test"
SETTINGS = settings_at(8765, api_key=KEY)


def problem(status: int, detail: object = "not so", **more: object) -> Answer:
    """Return an answer with problem details."""
    body = json.dumps({"status": status, "title": "Title", "detail": detail, **more}).encode()
    return Answer(status, {"Content-Type": "application/problem+json"}, body)


def test_each_refusal_has_a_kind_and_advice() -> None:
    """No two of the refusals that differ in what to do read alike."""
    failures = {status: problem_of(problem(status), SETTINGS) for status in (*BY_STATUS, 500, 302, 418)}
    for failure in failures.values():
        assert failure.happened.endswith((".", ")"))
        assert failure.advice.endswith(".")
        assert "\n" not in str(failure)
    kinds = {401, 403, 404, 409, 410, 412, 413, 422, 429, 500, 302, 418}
    assert len({failures[status].kind for status in kinds}) == len(kinds)
    assert len({failures[status].advice for status in kinds}) == len(kinds)


def test_detail_is_quoted_and_cut() -> None:
    """What the server says is shown on one line, with control characters escaped, and not at any length."""
    said = "first\nsecond\x1b[31m\u202e" + "x" * 5000
    failure = problem_of(problem(422, said, errors=[{"pointer": "/content", "detail": "must not be empty"}]), SETTINGS)
    assert "first\\nsecond\\x1b[31m\\u202e" in failure.happened
    assert len(str(failure)) < 700
    assert (
        "/content: must not be empty"
        in problem_of(
            problem(422, "no", errors=[{"pointer": "/content", "detail": "must not be empty"}]), SETTINGS
        ).happened
    )


WRITTEN = {
    "as it is": KEY,
    "in capitals": KEY.upper(),
    "with its scheme": f"Bearer {KEY}",
    "percent-encoded": quote(KEY, safe=""),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of a pair": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "hexadecimal": KEY.encode().hex(),
    "reversed": KEY[::-1],
    "cut": KEY[:12] + "…",
    "its end": "***" + KEY[-11:],
}


@pytest.mark.parametrize("how", WRITTEN)
def test_key_is_not_shown_when_the_server_repeats_it(how: str) -> None:
    """In whatever form a server echoes the key, the message does not."""
    for answer in (
        problem(401, f"The key {WRITTEN[how]} is wrong"),
        problem(422, "no", errors=[{"parameter": WRITTEN[how], "detail": "no"}]),
        Answer(307, {"Location": f"https://x.example/{WRITTEN[how]}"}, b""),
    ):
        failure = problem_of(answer, SETTINGS)
        assert WRITTEN[how] not in str(failure)
        assert not holds_secret(str(failure), KEY)
        assert failure.advice


def test_key_that_a_parameter_repeats_is_not_shown() -> None:
    """The last guard looks at the whole sentence."""
    failure = MemoryFailure("bad_parameter", f"The parameter x is {KEY}.", "Correct it.")
    assert KEY not in str(presentable(failure, KEY))


def test_ordinary_text_is_not_withheld() -> None:
    """A text without the key is shown, also where the key is short or missing."""
    assert not holds_secret("the key is wrong", KEY)
    assert not holds_secret("anything", None)
    assert not holds_secret("anything", "")
    assert holds_secret("wrong key: key-a", "key-a")


def test_fault_of_the_plugin_shows_no_text_of_the_error() -> None:
    """An error that nobody foresaw becomes a sentence with its type and place."""
    try:
        {}[KEY]  # type: ignore[index]  # raises a KeyError that names the key
    except KeyError as error:
        failure = internal(error)
    assert failure.kind == "internal"
    assert "KeyError" in failure.happened
    assert KEY not in str(failure)


def test_page_in_front_of_the_server_is_recognised() -> None:
    """An error with HTML is still the status, and says that something else may have answered."""
    failure = problem_of(Answer(502, {"Content-Type": "text/html"}, b"<html>nginx</html>"), SETTINGS)
    assert failure.kind == "server_error"
    assert "HTML" in failure.happened
    assert "nginx" not in failure.happened


JSON = "application/json"
UNUSABLE = {
    "HTML": ("text/html; charset=utf-8", b"<!doctype html>", "HTML page"),
    "no media type": ("", b"{}", "without a media type"),
    "another media type": ("text/plain", b"{}", '"text/plain"'),
    "nothing": (JSON, b"", "the body is empty"),
    "half of it": (JSON, b'{"results": [', "character 13 of 13"),
    "an array": (JSON, b"[]", "an array"),
    "not UTF-8": (JSON, b'{"a": "\xff"}', "UTF-8"),
    "NaN": (JSON, b'{"a": NaN}', "out of range"),
    "infinity": (JSON, b'{"a": 1e999}', "out of range"),
    "a huge integer": (JSON, b'{"a": ' + b"9" * 5000 + b"}", "out of range"),
    "half a surrogate pair": (JSON, b'{"a": "\\ud800"}', "surrogate"),
    "deep nesting": (JSON, b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "nested"),
    "bottomless nesting": (JSON, b'{"a": ' + b"[" * 100_000, "nested"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_unusable_answer_says_what_came(what: str) -> None:
    """An answer that is not the JSON object it should be is a failure that says what it is."""
    media, body, said = UNUSABLE[what]
    with pytest.raises(MemoryFailure) as caught:
        json_object(Answer(200, {"Content-Type": media}, body))
    assert caught.value.kind == "bad_answer"
    assert said in caught.value.happened


def test_whole_surrogate_pairs_and_problem_json_are_fine() -> None:
    """Escaped astral characters, other JSON types and large integers are what they are."""
    answer = Answer(
        200, {"Content-Type": "application/vnd.x+json"}, b'{"a": "\\ud83d\\ude00", "n": 12345678901234567890}'
    )
    assert json_object(answer) == {"a": "\U0001f600", "n": 12345678901234567890}


@pytest.mark.parametrize(
    "results",
    [
        {},
        "x",
        None,
        [1],
        [{"score": 1.0}],
        [{"memory": memory(), "score": "high"}],
        [{"memory": memory(), "score": True}],
        [{"memory": memory()}],
        [{"memory": memory(content=5), "score": 1}],  # type: ignore[arg-type]  # the wrong type is the case
        [{"memory": {**memory(), "id": None}, "score": 1}],
        [{"memory": {**memory(), "version": "1"}, "score": 1}],
    ],
)
def test_wrong_types_are_a_failure(results: object) -> None:
    """A result that is none is never taken for an empty one."""
    with pytest.raises(MemoryFailure) as caught:
        searching.results({"results": results})
    assert caught.value.kind == "bad_answer"


def test_unknown_members_are_tolerated() -> None:
    """What a later server adds does not disturb, and is handed on."""
    results = [{"memory": memory(mood="calm"), "score": 1, "why": {"because": []}}]
    assert searching.results({"results": results, "took_ms": 5}) == results


def test_other_users_memory_reads_like_none() -> None:
    """A memory of somebody else and one that is not there give the same sentence."""

    def sentence(answer: bytes) -> str:
        with scripted(always(answer)) as server, pytest.raises(MemoryFailure) as caught:
            own_memory(MemoryClient(server.settings(), Deadline(3.0)), "m-1", "u1")
        return str(caught.value)

    foreign = sentence(reply(200, memory(user="u2")))
    assert foreign == sentence(reply(404, {"status": 404, "detail": "There is no memory m-1."}))
    assert foreign == sentence(reply(422, {"status": 422, "detail": "This is no id."}))
    assert foreign == sentence(reply(200, {**memory(), "scope": {"agent_id": "a"}}))


@pytest.mark.parametrize(
    ("etag", "condition"), [('"v1"', '"v1"'), ('W/"v1"', None), ("v1", None), (None, None), ('"a b"', None)]
)
def test_only_a_strong_tag_becomes_a_condition(etag: str | None, condition: str | None) -> None:
    """A weak or broken tag would never match, so none is sent."""
    with scripted(always(reply(200, memory(), {"ETag": etag} if etag else {}))) as server:
        client = MemoryClient(server.settings(), Deadline(3.0))
        _, tag = own_memory(client, "m-1", "u1")
        client.update("m-1", {"content": "x"}, tag)
    assert server.requests[1].headers.get("if-match") == condition
    assert server.requests[1].headers["content-type"] == "application/merge-patch+json"


@pytest.mark.parametrize(("profiles", "kind"), [(["core"], "not_supported"), (["core", "search"], "not_found")])
def test_missing_profile_is_named(profiles: list[str], kind: str) -> None:
    """A 404 of an operation that the server does not declare is not about the data."""
    answers = reply(404, {"status": 404}), reply(200, {"contract": "1.0", "profiles": profiles})
    with scripted(in_turn(*answers)) as server, pytest.raises(MemoryFailure) as caught:
        MemoryClient(server.settings(), Deadline(3.0)).search({"query": "q", "scope": {"user_id": "u"}})
    assert caught.value.kind == kind


def test_unset_key_is_not_a_missing_profile() -> None:
    """A 404 of a key says that it is not set only where the server has keys at all."""
    answers = reply(404, {"status": 404}), reply(200, {"contract": "1.0", "profiles": ["core"]})
    with scripted(in_turn(*answers)) as server, pytest.raises(MemoryFailure) as caught:
        MemoryClient(server.settings(), Deadline(3.0)).get_keyed({"user_id": "u"}, "editor")
    assert caught.value.kind == "not_supported"


def test_too_large_answer_is_not_read() -> None:
    """What is beyond the limit is a failure, not memory."""
    body = b'{"items": [], "x": "' + b"a" * (17 * 1024 * 1024) + b'"}'
    with scripted(always(reply(200, body=body))) as server, pytest.raises(MemoryFailure) as caught:
        MemoryClient(server.settings(), Deadline(10.0)).list({"user_id": "u"}, None, None)
    assert caught.value.kind == "bad_answer"
    assert "16 MiB" in caught.value.happened


def test_request_shows_no_key() -> None:
    """A request that ends up in a message or a log knows no credentials."""
    assert KEY not in repr([SETTINGS, Request("GET", "/v1/memories")])


@pytest.mark.parametrize("text", ["\ud800", "\x00", "\u2028", "\r"])
def test_escaped_text_is_printable(text: str) -> None:
    """Whatever comes, a message can be encoded and stays on its line."""
    assert escaped(text).isprintable()
    assert quoted('say "hi"', 100) == "\"say 'hi'\""


def test_results_that_do_not_fit_are_left_out_and_said() -> None:
    """Whole results are kept from the first on, up to a mebibyte of ASCII JSON."""
    results = [{"memory": memory("😀" * 10_000, id=f"m-{number}"), "score": 1.0} for number in range(50)]
    kept, cut = capping.fitting(results)
    assert cut
    assert kept == results[: len(kept)]
    assert 0 < len(json.dumps(kept)) <= capping.MOST_CHARACTERS


@pytest.mark.parametrize("character", ["a", "\0", "é", "😀"])
def test_one_record_that_does_not_fit_is_cut(character: str) -> None:
    """A record that is too large on its own keeps what identifies it and the start of its content."""
    record = memory(character * 1_500_000, metadata={"a": "b" * 2_000_000})
    alone, cut_alone = capping.fitting_record(record)
    (first,), cut_first = capping.fitting([record])
    assert cut_alone
    assert cut_first
    for shown in (alone, first):
        assert shown["id"] == "m-1"
        assert 50_000 < len(shown["content"]) < 1_500_000
        assert set(shown["content"]) == {character}
        assert len(json.dumps(shown)) <= capping.MOST_CHARACTERS
