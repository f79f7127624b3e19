"""CLIENT-07 from the wire: a repeat that may double a memory is found, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from memconform.clients.wire import FAULTS, Answer, Close, Front, Reset, json_reply, problem
from memconform.clients.wire.repeated_adds import REPEAT_S, RepeatedAdds

ADD = {"content": "tea", "scope": {"user_id": "u"}}
CREATED = json_reply(201, {})
FAILED = problem(500, "internal", "oh")
BUSY = FAULTS["503-seconds"]()


@dataclass(frozen=True)
class Call:
    """One request of a client."""

    key: str | None = None
    path: str = "/v1/memories"
    body: object = field(default_factory=lambda: ADD)
    token: str = "token-of-the-client"
    method: str = "POST"


def observed(answers: Sequence[Answer], calls: Sequence[Call]) -> list[str]:
    """Make the calls, answered so; return what was observed."""
    with Front() as front:
        front.when(lambda _: True, *answers)
        for call in calls:
            headers = {"Authorization": f"Bearer {call.token}", **({"Idempotency-Key": call.key} if call.key else {})}
            try:
                httpx.request(call.method, front.url + call.path, json=call.body, headers=headers, trust_env=False)
            except httpx.TransportError:
                continue
        assert front.wait_idle()
        adds = RepeatedAdds()
        findings = [finding for seen in front.seen for finding in adds.judge(seen)]
    assert {finding.requirement for finding in findings} <= {"CLIENT-07"}
    return [finding.observed for finding in findings]


@pytest.mark.parametrize(
    "answer", [FAILED, problem(502, "bad-gateway", ""), Reset(), Close(), Close("in_body")], ids=str
)
def test_a_plain_add_is_not_repeated(answer: Answer) -> None:
    """After an error of the server or no answer the add may have been done."""
    found = observed([answer, CREATED], [Call(), Call()])
    assert len(found) == 1
    assert "without a key" in found[0]


def test_a_repeat_carries_the_same_key() -> None:
    """Another key, or none any more, is no protection."""
    assert "another key" in observed([FAILED, CREATED], [Call("k1"), Call("k2")])[0]
    assert "without its key" in observed([FAILED, CREATED], [Call("k1"), Call()])[0]
    assert observed([FAILED, FAILED, CREATED], [Call("k1"), Call("k1"), Call("k1")]) == []


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        ([CREATED, CREATED], [Call(), Call()]),
        ([FAULTS["422"](), CREATED], [Call(), Call()]),
        ([FAULTS["401"](), CREATED], [Call(), Call()]),
        ([FAULTS["429"](), CREATED], [Call(), Call()]),
        ([FAILED, CREATED], [Call(), Call(body={**ADD, "content": "coffee"})]),
        ([FAILED, CREATED], [Call(), Call(token="token-of-another")]),
        ([FAILED, CREATED], [Call(), Call(path="/v1/batch")]),
        ([FAILED, CREATED], [Call(path="/v1/search"), Call(path="/v1/search")]),
        ([FAILED, CREATED], [Call(path="/v1/summaries"), Call(path="/v1/summaries")]),
        ([FAILED, CREATED], [Call(path="/v1/memories/x", method="PATCH")] * 2),
        ([FAILED, CREATED], [Call(path="/v1/keyed?key=k&user_id=u", method="PUT")] * 2),
    ],
    ids=str,
)
def test_what_is_certainly_harmless_is_not_held_against_a_client(answers: list[Answer], calls: list[Call]) -> None:
    """After a success or a refusal; another body, client or path; what may be repeated."""
    assert observed(answers, calls) == []


def test_retry_after_is_honoured_where_it_certainly_is_a_repeat() -> None:
    """With the same key it is the same call; without one it may be another."""
    found = observed([BUSY, CREATED], [Call("k1"), Call("k1")])
    assert len(found) == 1
    assert "asked for 1.0 s" in found[0]
    found = observed([FAULTS["429-seconds"](), CREATED], [Call(), Call()])
    assert found == []


def test_the_same_request_much_later_is_another_one() -> None:
    """Whoever adds the same again after a while means it."""
    with Front() as front:
        front.when(lambda _: True, FAILED, CREATED)
        for _ in range(2):
            httpx.post(f"{front.url}/v1/memories", json=ADD, trust_env=False)
        assert front.wait_idle()
        first, second = front.seen
    second.at = (first.ended_at or 0) + REPEAT_S + 1
    adds = RepeatedAdds()
    assert [*adds.judge(first), *adds.judge(second)] == []
    assert adds.failed == 1
