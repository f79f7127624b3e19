"""CLIENT-01: every departure of a request from the OpenAPI document is found, and every freedom is left."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from memconform.clients.wire import RequestJudge, Seen
from memconform.contract.openapi import openapi

from .requests_of_the_document import OPERATIONS, Asked, bodies, mutants, valid

JUDGE = RequestJudge(openapi())
MUTANTS = [(name, what, asked) for name, operation in OPERATIONS.items() for what, asked in mutants(operation)]
ADD = valid(OPERATIONS["addMemory"])
LIST = valid(OPERATIONS["listMemories"])
GET = valid(OPERATIONS["getMemory"])
SCOPE = (("user_id", "u"),)


def wrong(asked: Asked, judge: RequestJudge = JUDGE) -> list[tuple[str, str]]:
    """Return (expected, observed) of each finding."""
    findings = judge.judge(asked.seen())
    assert {finding.requirement for finding in findings} <= {"CLIENT-01"}
    return [(finding.expected, finding.observed) for finding in findings]


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_valid_request_of_each_operation_is_green(name: str) -> None:
    """With every parameter and a whole body, with and without credentials."""
    good = valid(OPERATIONS[name])
    assert wrong(good) == []
    assert wrong(good.having("Authorization", "Bearer key-0123456789")) == []


@pytest.mark.parametrize(("name", "what", "asked"), MUTANTS, ids=[f"{name}: {what}" for name, what, _ in MUTANTS])
def test_each_thing_that_is_wrong_is_found(name: str, what: str, asked: Asked) -> None:
    """A request that is wrong in one way gets a finding about that operation that repeats no secret."""
    findings = wrong(asked)
    assert findings, f"{what} of {name} was not found"
    assert "key-0123456789" not in str(findings)


def test_there_are_enough_mutants_of_each_operation() -> None:
    """At least three for each; more than ten where there is a body."""
    for name, operation in OPERATIONS.items():
        found = [asked for of, _, asked in MUTANTS if of == name]
        assert len(found) >= (10 if "requestBody" in operation.document else 3)
        assert len({(asked.method, asked.target, asked.headers, asked.body) for asked in found}) == len(found)


@pytest.mark.parametrize(
    ("name", "example", "body"), list(bodies()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_valid_bodies_of_the_contract_are_green(name: str, example: str, body: bytes) -> None:
    """Whatever the contract calls valid is none of our business, but for items of batches that clients do not send."""
    findings = wrong(replace(valid(OPERATIONS[name]), body=body))
    if (name, example) == ("runBatch", "bad-items-are-answered-in-place"):
        assert "batch-operation" in findings[0][0]
    else:
        assert findings == []


@pytest.mark.parametrize(
    "asked",
    [
        replace(GET, path="/v1/%6Demories/a%7Eb"),
        replace(LIST, query=(), raw_query="user_id=a+b%20c%2B%C3%BC"),
        replace(LIST, query=SCOPE, raw_query="user_id=u&&limit=05&"),
        replace(LIST, query=(("user_id", "*"), ("limit", "1"))),
        replace(GET, query=(), raw_query=""),
        replace(GET, method="HEAD"),
        replace(LIST, method="HEAD"),
        Asked("OPTIONS", "/v1/memories"),
        Asked("OPTIONS", "/v1/memories/x", headers=(("Access-Control-Request-Method", "PATCH"),)),
        ADD.having("Content-Type", "application/json; charset=utf-8"),
        ADD.having("Content-Type", 'Application/JSON;Charset="UTF-8"; profile=x'),
        ADD.having("User-Agent", "x/1").having("traceparent", "00-0-0-00").having("Accept-Encoding", "br"),
        ADD.having("Content-Encoding", "identity"),
        ADD.having("Cookie", "a=b"),
        replace(ADD, body=b' \r\n{"content":"x","scope":{"user_id":"u"},"colour":"red"}\n'),
        replace(ADD, body='{"content":"é 😀","scope":{"user_id":"*"}}'.encode()),
        replace(ADD, body=b'{"content":"\\ud83d\\ude00\\u0000","scope":{"user_id":"u"}}'),
        replace(ADD, body=b'{"content":"x","scope":{"user_id":"u"},"metadata":{"n":123456789012345678901234567890}}'),
        replace(valid(OPERATIONS["updateMemory"]).having("Content-Type", "application/json"), body=b"{}"),
        replace(valid(OPERATIONS["deleteMemory"]), headers=(("If-Match", '"a"'), ("If-Match", '"b"'))),
        replace(GET, headers=(("Content-Type", "application/json"), ("Content-Length", "0"))),
        valid(OPERATIONS["getHealth"]).having("Authorization", "whatever"),
        replace(valid(OPERATIONS["importMemories"]), body=valid(OPERATIONS["importMemories"]).body.rstrip(b"\n")),
    ],
    ids=str,
)
def test_what_http_and_the_document_allow_is_green(asked: Asked) -> None:
    """A legal but unusual client stays green."""
    assert wrong(asked) == []


def test_a_method_or_path_that_is_none_is_told_without_its_text() -> None:
    """A segment that is no word of the document may be anybody's text and is not repeated."""
    assert wrong(Asked("GET", "/v1/memories/abc/secrets")) == [
        ("a method and a path of the document", "GET /v1/memories/…/…")
    ]
    assert wrong(Asked("PUT", "/v1/memories"))[0][1] == "PUT /v1/memories"
    assert wrong(Asked("OPTIONS", "/nowhere")) != []
    assert wrong(Asked("HEAD", "/v1/search")) != []


@pytest.mark.parametrize("target", ["http://h/v1/health", "*", "v1/health"])
def test_a_target_is_in_origin_form(target: str) -> None:
    """A path that is absolute, and nothing before it."""
    seen = replace_target(valid(OPERATIONS["getHealth"]), target)
    assert "origin form" in JUDGE.judge(seen)[0].observed


def replace_target(asked: Asked, target: str) -> Seen:
    """Return the request with another target."""
    seen = asked.seen()
    seen.target = target.encode()
    return seen


def test_the_base_path_is_before_every_path() -> None:
    """Behind a base path the document begins there."""
    judge = RequestJudge(openapi(), "/team/")
    assert wrong(Asked("GET", "/team/v1/health"), judge) == []
    assert "not below the base" in wrong(Asked("GET", "/v1/health"), judge)[0][1]
    assert "not below the base" in wrong(Asked("GET", "/teamwork/v1/health"), judge)[0][1]


def test_findings_repeat_no_text_of_a_memory() -> None:
    """What is wrong is told by place and rule."""
    body = json.dumps({"content": "my darkest secret", "scope": {"user_id": ["my darkest secret"]}, "confidence": 7})
    findings = wrong(replace(ADD, body=body.encode()))
    assert findings[0][1].startswith("at /")
    assert "darkest" not in str(findings)


def test_a_scheme_that_the_server_declares_is_allowed() -> None:
    """Capabilities may name further ways to authenticate."""
    asked = GET.having("Authorization", "Basic dTpw")
    assert "another scheme" in wrong(asked)[0][1]
    assert wrong(asked, RequestJudge(openapi(), "", frozenset({"bearer", "basic"}))) == []


def test_a_broken_request_is_a_finding_and_one_broken_off_is_none() -> None:
    """A client that gives up has not sent anything wrong."""
    seen = GET.seen()
    seen.broken = "illegal request line"
    assert "no HTTP" in JUDGE.judge(seen)[0].observed
    seen.cut = True
    assert JUDGE.judge(seen) == []


def test_a_body_that_was_not_recorded_whole_is_judged_as_far_as_it_goes() -> None:
    """The last line of a file that was cut is no error; its first is judged all the same."""
    asked = valid(OPERATIONS["importMemories"])
    seen = replace(asked, body=asked.body[:-20]).seen()
    seen.body_cut = True
    assert JUDGE.judge(seen) == []
    seen = replace(asked, body=b'{"type":"other"}\n' + asked.body[:-20]).seen()
    seen.body_cut = True
    assert "line 1" in JUDGE.judge(seen)[0].expected
