"""The calibration server: its laws are what they say, it follows them, and it writes down what happened."""

from __future__ import annotations

import http.client
import json
import math
import socket
import subprocess
import sys
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from memconform.contract import validator
from memconform.settings import UsageError
from memconform_load.arrivals import constant, poisson
from memconform_load.calibration import (
    LAWS,
    Bimodal,
    Calibration,
    Capacity,
    Dies,
    Fixed,
    Journal,
    Lognormal,
    NotStarted,
    SingleQueue,
    Slows,
    Stall,
    calibrated,
    latencies,
    law_text,
    parse_law,
)
from memconform_load.calibration.selfcheck import nearest_rank


def connection(server: Calibration) -> http.client.HTTPConnection:
    """Return a connection to a server."""
    parts = urlsplit(server.url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)


def asked(line: http.client.HTTPConnection, method: str, path: str, document: Any = None) -> tuple[int, Any, Any]:
    """Send a request and return status, JSON and header fields of the answer."""
    line.request(method, path, None if document is None else json.dumps(document))
    answer = line.getresponse()
    body = answer.read()
    return answer.status, json.loads(body) if body else None, answer.headers


def test_a_fixed_law_takes_the_same_time_always() -> None:
    """Each call takes the delay, whenever it arrives."""
    assert latencies(Fixed(0.25), [0, 1, 1, 7]) == [0.25] * 4


def test_a_stall_keeps_what_arrives_in_it_until_its_end() -> None:
    """Before and after it the delay counts alone; in it the rest of the stall is added."""
    stall = Stall(delay=0.5, at=10, length=2)
    assert latencies(stall, [0, 9.9, 10, 11.5, 12, 13]) == pytest.approx([0.5, 0.5, 2.5, 1.0, 0.5, 0.5])


def test_a_stall_of_two_seconds_in_thirty_shows_in_the_p95() -> None:
    """At 100/s, 200 of 3,000 calls wait: p95 is the delay and half a second, p99 the delay and 1.7 s."""
    found = latencies(Stall(0.005, 10, 2), constant(100, 30).times(0))
    assert nearest_rank(found, 0.95) == pytest.approx(0.505, abs=0.011)
    assert nearest_rank(found, 0.99) == pytest.approx(1.705, abs=0.011)


def test_a_single_queue_is_as_long_as_theory_says() -> None:
    """The mean time in M/M/1 is 1 / (mu - lambda)."""
    found = latencies(SingleQueue(100, seed=3), poisson(60, 3000).times(5))
    assert sum(found) / len(found) == pytest.approx(1 / 40, rel=0.05)


def test_servers_of_fixed_service_carry_their_rate_and_no_more() -> None:
    """At 340/s nobody waits; at 350/s the queue grows by 10 calls each second."""
    law = Capacity(340, 17)
    assert max(latencies(law, constant(340, 60).times(0))) == pytest.approx(law.service, abs=1e-6)
    assert latencies(law, constant(350, 60).times(0))[-1] == pytest.approx(law.service + 60 * 10 / 340, rel=0.02)


def test_shares_and_medians_are_those_asked_for() -> None:
    """A tenth of the bimodal answers is slow; half of the lognormal ones take longer than the median."""
    slow = [took > 0.05 for took in latencies(Bimodal(0.01, 0.08, 0.1, seed=1), range(5000))]
    assert sum(slow) == pytest.approx(500, abs=70)
    assert nearest_rank(latencies(Lognormal(0.2, 0.5, seed=1), range(5000)), 0.5) == pytest.approx(0.2, rel=0.05)


def test_a_server_that_dies_answers_nothing_after_it() -> None:
    """What would be due after its death never comes; a server that slows answers ever later."""
    assert latencies(Dies(0.5, at=10), [1, 9.6, 12]) == [0.5, math.inf, math.inf]
    assert latencies(Slows(0.1, by=0.01), [0, 100]) == pytest.approx([0.1, 1.1])


@pytest.mark.parametrize("name", list(LAWS))
def test_a_law_written_as_text_is_read_as_the_same_law(name: str) -> None:
    """Text and law say the same, with every parameter."""
    law = LAWS[name]()
    assert parse_law(law_text(law)) == law
    assert parse_law(name) == law


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slow", "there is no law 'slow'; the laws are fixed, bimodal"),
        ("stall,for=2s", "has no parameter 'for'; it has delay, at, length"),
        ("fixed,delay=soon", "delay is 'soon'"),
        ("bimodal,share=many", "share is 'many'"),
    ],
)
def test_a_law_that_is_none_is_said_with_what_there_is(text: str, said: str) -> None:
    """The message names the laws, the parameters, or what a value looks like."""
    with pytest.raises(UsageError, match=said):
        parse_law(text)


def test_times_of_a_law_have_units() -> None:
    """Milliseconds, seconds and shares are understood."""
    assert parse_law("stall,delay=5ms,at=1m,length=2s") == Stall(0.005, 60, 2)
    assert parse_law("bimodal,share=20%,seed=4") == Bimodal(share=0.2, seed=4)


def test_it_answers_as_the_contract_says() -> None:
    """Capabilities, memories, searches, pages and problems match their schemas; what is added is remembered."""
    with calibrated("fixed,delay=1ms") as server, closing(connection(server)) as line:
        _, capabilities, _ = asked(line, "GET", "/v1/capabilities")
        assert not validator("capabilities").errors(capabilities)
        assert asked(line, "GET", "/v1/health")[1] == {"status": "ok"}
        body = {"content": "Likes tea, at night", "scope": {"user_id": "a/b"}, "metadata": {"n": 1}}
        status, added, headers = asked(line, "POST", "/v1/memories", body)
        assert status == 201
        assert headers["Location"] == f"/v1/memories/{added['id']}"
        assert headers["ETag"]
        assert not validator("memory").errors(added)
        assert asked(line, "GET", f"/v1/memories/{added['id']}")[1] == added
        _, found, _ = asked(line, "POST", "/v1/search", {"query": "tea, or what", "scope": {"user_id": "a/b"}})
        assert not validator("search-response").errors(found)
        assert [each["memory"] for each in found["results"]] == [added]
        other = asked(line, "POST", "/v1/search", {"query": "tea", "scope": {"user_id": "else"}})[1]
        assert other == {"results": []}
        changed = asked(line, "PATCH", f"/v1/memories/{added['id']}", {"content": "Likes coffee"})[1]
        assert (changed["content"], changed["version"], changed["metadata"]) == ("Likes coffee", 2, {"n": 1})
        status, problem, _ = asked(line, "POST", "/v1/memories", {"scope": {}})
        assert status == 422
        assert not validator("problem").errors(problem)
        assert asked(line, "DELETE", f"/v1/memories/{added['id']}")[0] == 204
        assert asked(line, "GET", f"/v1/memories/{added['id']}")[0] == 404


def test_a_list_is_walked_in_pages_newest_first() -> None:
    """Every memory of the scope is in one page, in order; the last page has no cursor."""
    with calibrated("fixed,delay=1ms") as server, closing(connection(server)) as line:
        scope = {"user_id": "u"}
        ids = [asked(line, "POST", "/v1/memories", {"content": f"{n}", "scope": scope})[1]["id"] for n in range(5)]
        asked(line, "POST", "/v1/memories", {"content": "else", "scope": {"user_id": "v"}})
        seen, cursor = [], ""
        while True:
            _, page, _ = asked(line, "GET", f"/v1/memories?user_id=u&limit=2{cursor}")
            assert not validator("memory-page").errors(page)
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == ids[::-1]


def test_it_answers_no_earlier_than_due_and_writes_down_when() -> None:
    """Each answer comes when the law says or a little later, and the journal has all of them in order."""
    with calibrated("fixed,delay=30ms") as server, closing(connection(server)) as line:
        took = []
        for _ in range(20):
            began = time.monotonic()
            assert asked(line, "GET", "/work")[0] == 200
            took.append(time.monotonic() - began)
        journal = server.log().only("work")
    assert min(took) >= 0.03
    assert journal.answered == 20
    assert journal.arrived == sorted(journal.arrived)
    assert min(journal.late) >= 0
    for seen, there, end in zip(took, journal.arrived, journal.completed, strict=True):
        assert 0.03 <= end - there <= seen


def test_the_law_counts_from_the_first_call_that_it_applies_to() -> None:
    """What prepares a run is answered at once and moves nothing; the stall begins after the first search."""
    with calibrated("stall,delay=0s,at=100ms,length=600ms") as server, closing(connection(server)) as line:
        time.sleep(0.3)
        asked(line, "POST", "/v1/memories", {"content": "x", "scope": {"user_id": "u"}})
        search = {"query": "x", "scope": {"user_id": "u"}}
        asked(line, "POST", "/v1/search", search)
        time.sleep(0.15)
        asked(line, "POST", "/v1/search", search)
        journal = server.log()
    first, second = journal.only("search").completed
    assert second - first >= 0.699
    assert journal.operations == ["add", "search", "search"]


def test_a_server_that_dies_resets_connections_and_refuses_new_ones() -> None:
    """A call under way ends with an error, later ones are refused, and the journal can still be had."""
    with calibrated("dies,delay=1ms,at=300ms") as server, closing(connection(server)) as line:
        assert asked(line, "GET", "/work")[0] == 200
        time.sleep(0.6)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            asked(line, "GET", "/work")
        with closing(connection(server)) as another, pytest.raises(ConnectionError):
            asked(another, "GET", "/work")
        assert server.log().answered == 1


def test_a_client_that_goes_away_is_no_answered_call() -> None:
    """Its request is in the journal without an end."""
    with calibrated("fixed,delay=400ms") as server:
        parts = urlsplit(server.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as wire:
            wire.sendall(b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.1)
        time.sleep(0.6)
        journal = server.log()
    assert (len(journal.arrived), journal.answered) == (1, 0)


def test_requests_in_one_packet_or_in_pieces_are_each_answered_once() -> None:
    """Two requests in one packet get two answers in order; one that comes byte by byte is one."""
    with calibrated("fixed,delay=5ms") as server:
        parts = urlsplit(server.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as wire:
            wire.sendall(b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            for byte in b"POST /work HTTP/1.1\r\ncontent-length: 2\r\nConnection: close\r\n\r\nab":
                wire.sendall(bytes([byte]))
            with wire.makefile("rb") as file:
                answers = file.read()
        assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
        assert len(server.log().arrived) == 3


@pytest.mark.parametrize("sent", [b"hello\r\n\r\n", b"POST /work HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"])
def test_what_it_does_not_understand_is_refused_and_closed(sent: bytes) -> None:
    """It answers 400 and closes: no generator waits for nothing."""
    with calibrated("fixed,delay=0s") as server:
        parts = urlsplit(server.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as wire:
            wire.sendall(sent)
            with wire.makefile("rb") as file:
                assert file.read().startswith(b"HTTP/1.1 400 ")


def test_it_ends_with_the_process_that_started_it() -> None:
    """When its standard input closes it is gone, whatever happened to its parent."""
    words = [sys.executable, "-m", "memconform_load.calibration", "--stdin-is-lifeline"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert b"http://127.0.0.1:" in process.stdout.readline()
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()


def test_a_port_that_is_taken_is_said() -> None:
    """Starting it there raises with what the server said."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(NotStarted, match="did not start"),
        calibrated("fixed", port=taken.getsockname()[1]),
    ):
        raise AssertionError("it started")


def test_the_truth_of_a_schedule_is_completion_less_intended_start() -> None:
    """The schedule is laid so that the most punctual request was on time; what was never answered took forever."""
    journal = Journal(["work"] * 3, [100.1, 101.4, 102.1], [0] * 3, [100.6, 101.9, math.nan])
    assert journal.latencies([0, 1, 2]) == pytest.approx([0.5, 0.8, math.inf])
    with pytest.raises(ValueError, match="zip"):
        journal.latencies([0, 1])


def test_a_journal_survives_its_json() -> None:
    """What never came is null there and NaN or infinity here."""
    journal = Journal(["work", "search"], [1.0, 2.0], [1.5, math.inf], [1.6, math.nan])
    again = Journal.from_json(json.loads(json.dumps(journal.as_json(), allow_nan=False)))
    assert again.due == journal.due
    assert again.answered == 1
    assert again.only("search").operations == ["search"]
