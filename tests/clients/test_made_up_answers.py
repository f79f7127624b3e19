"""What the judge answers in place of a server is valid, and different where it has to be."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from tests.clients.seen_requests import request

from memconform.clients.huge import LARGE, huge, shows_some
from memconform.clients.memories import exported, memory
from memconform.clients.newer import newer
from memconform.clients.pages import CURSOR, endless_pages, second_page
from memconform.clients.unconnected import unconnected_url
from memconform.clients.unfinished import asked_about, failed
from memconform.clients.wire import Changed, Late, Reply
from memconform.contract import validator
from memconform.exchange import Received

JSON = (("Content-Type", "application/json"),)
OPERATION = {
    "id": "o1",
    "kind": "erasure",
    "status": "pending",
    "created_at": "2026-01-01T00:00:00.000Z",
}


def answered(document: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = JSON) -> Received:
    """Return an answer of a server."""
    return Received(status, headers, json.dumps(document).encode())


def changed(answer: object, received: Received) -> Any:
    """Return the document that comes of what a server said."""
    assert isinstance(answer, Changed)
    return json.loads(answer.change(received).body)


def test_the_first_page_says_that_there_is_another() -> None:
    """It is the server's but for its cursor; the next one is what the test says, or an empty last one."""
    page = answered({"items": [1], "next_cursor": None})
    assert changed(second_page(None)(request("/v1/memories?user_id=u")), page) == {"items": [1], "next_cursor": CURSOR}
    refusal = Reply(500)
    assert second_page(refusal)(request("/v1/memories?user_id=u&cursor=x")) is refusal
    last = second_page(None)(request("/v1/memories?user_id=u&cursor=x"))
    assert isinstance(last, Reply)
    assert json.loads(last.body) == {"items": [], "next_cursor": None}


def test_a_refused_first_page_stays_a_refusal() -> None:
    """There is no cursor in an error."""
    refused = answered({"title": "no"}, 401)
    assert changed(second_page(None)(request("/v1/memories?user_id=u")), refused) == {"title": "no"}


def test_pages_without_end_have_another_cursor_each() -> None:
    """A client that looks for a cursor that it had before finds none."""
    choose = endless_pages(0.1)
    cursors = set()
    for _ in range(3):
        late = choose(request("/v1/memories?user_id=u&cursor=x"))
        assert isinstance(late, Late)
        assert isinstance(late.then, Reply)
        cursors.add(json.loads(late.then.body)["next_cursor"])
    assert len(cursors) == 3


def test_a_failed_operation_is_one_of_the_contract() -> None:
    """With the problem, and with when it ended."""
    document = changed(failed(), answered(OPERATION, 202))
    assert document["status"] == "failed"
    assert validator("operation").errors(document) == []


def test_work_goes_on_until_it_is_asked_about() -> None:
    """Its start says `running`, with the header fields of the test; the question gets the answer of the test."""
    over = Reply(500)
    choose = asked_about(over, (("Retry-After", "1"),))
    start = choose(request("/v1/erasures", "POST", {"scope": {"user_id": "u"}}))
    assert isinstance(start, Changed)
    received = start.change(answered(OPERATION, 202, (*JSON, ("Retry-After", "7"))))
    assert json.loads(received.body)["status"] == "running"
    assert [value for name, value in received.headers if name == "Retry-After"] == ["1"]
    assert choose(request("/v1/operations/o1")) is over
    assert choose(request("/v1/memories/m1")) is None


def test_a_newer_server_adds_something_everywhere() -> None:
    """To every object, to the profiles, to each line of an export, and to the header; nothing is taken away."""
    document = changed(newer(), answered({"profiles": ["core"], "limits": {"batch": 1}}))
    assert document["profiles"][0] == "core"
    assert len(document["profiles"]) > 1
    assert set(document["limits"]) > {"batch"}
    export = exported("u", [memory(1, "u", "tea")])
    received = newer().change(Received(200, export.headers, export.body))
    assert [len(received.headers) - len(export.headers)] == [1]
    lines = [json.loads(line) for line in received.body.splitlines()]
    assert [line.get("content") for line in lines] == [None, "tea"]
    assert all(any("unknown" in name for name in line) for line in lines)


def test_made_up_records_are_of_the_contract() -> None:
    """A memory, the manifest of an export, and each huge answer but for its size."""
    assert validator("memory").errors(memory(1, "u", "tea")) == []
    manifest, record = map(json.loads, exported("u", [memory(1, "u", "tea")]).body.splitlines())
    assert validator("export-manifest").errors(manifest) == []
    assert record == memory(1, "u", "tea")


@pytest.mark.parametrize("operation", sorted(LARGE))
def test_a_huge_answer_is_valid_and_huge(operation: str) -> None:
    """20 MiB, give or take; what shows any of it is told from what shows nothing."""
    schemas = {
        "searchMemories": "search-response",
        "listMemories": "memory-page",
        "listHistory": "history-page",
        "getMemory": "memory",
        "getKeyed": "memory",
    }
    answer = huge(operation, "u")
    assert isinstance(answer, Reply)
    assert 20_000_000 < len(answer.body) < 22_000_000
    if operation in schemas:
        assert validator(schemas[operation]).errors(json.loads(answer.body)) == []
    assert shows_some(answer.body[-2000:].decode())
    assert not shows_some('{"results": [], "count": 0}')


def test_nobody_takes_the_connection() -> None:
    """It is neither made nor refused."""
    with unconnected_url() as url:
        if url is None:
            pytest.skip("this system takes connections beyond the backlog")
        with socket.socket() as client:
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.connect(("127.0.0.1", int(url.rpartition(":")[2])))
