"""Sending again: only what is safe, as often as promised, and never earlier than the server asks."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from memory_api.client import MemoryClient
from memory_api.deadline import Deadline
from memory_api.failures import MemoryFailure
from memory_api.retries import backoff
from memory_api.retry_after import retry_after

from .scripted_server import Received, Script, Scripted, always, in_turn, memory, reply, scripted

PAGE = reply(200, {"items": [], "next_cursor": None})
CAPABILITIES = {"contract": "1.0", "profiles": ["core", "search"]}
ADD = {"content": "x", "scope": {"user_id": "u1"}}


def declaring(*profiles: str, then: Script) -> Script:
    """Answer capabilities with these profiles, and everything else by `then`."""

    def script(sock: socket.socket, request: Received, server: Scripted) -> bool:
        if request.target == "/v1/capabilities":
            sock.sendall(reply(200, {**CAPABILITIES, "profiles": ["core", *profiles]}))
            return True
        return then(sock, request, server)

    return script


def client_of(server: Scripted, seconds: float = 5.0) -> MemoryClient:
    """Return a client with a deadline."""
    return MemoryClient(server.settings(), Deadline(seconds))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_read_is_sent_three_times(status: int) -> None:
    """A passing failure of a read is tried three times in all, then it is a failure."""
    with scripted(always(reply(status, {"status": status}))) as server, pytest.raises(MemoryFailure):
        client_of(server).list({"user_id": "u1"}, None, None)
    assert server.urls() == ["GET /v1/memories?user_id=u1"] * 3


def test_read_that_succeeds_in_the_end_is_a_success() -> None:
    """After a passing failure the answer that came is the answer."""
    with scripted(in_turn(reply(503), PAGE)) as server:
        assert client_of(server).list({"user_id": "u1"}, None, None)["items"] == []
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 422, 500])
def test_lasting_failure_is_not_repeated(status: int) -> None:
    """What would fail again is sent once."""
    with scripted(always(reply(status, {"status": status}))) as server, pytest.raises(MemoryFailure):
        client_of(server).list({"user_id": "u1"}, None, None)
    assert len(server.requests) == 1


def test_add_is_repeated_with_its_key_where_that_is_declared() -> None:
    """Each attempt of an add carries the same key; the server is asked once whether it heeds keys."""
    then = in_turn(reply(503), reply(503), reply(201, memory()), reply(201, memory()))
    with scripted(declaring("idempotency", then=then)) as server:
        client_of(server).add(ADD, None)
    keys = [each.headers["idempotency-key"] for each in server.requests if each.method == "POST"]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert server.urls().count("GET /v1/capabilities") == 1


def test_each_add_has_a_key_of_its_own() -> None:
    """Two adds are two adds."""
    with scripted(always(reply(201, memory()))) as server:
        client_of(server).add(ADD, None)
        client_of(server).add(ADD, None)
    assert len({each.headers["idempotency-key"] for each in server.requests}) == 2


def test_add_is_sent_once_where_keys_are_not_declared() -> None:
    """A server that may ignore the key gets an add once, whatever it answers."""
    with scripted(declaring(then=always(reply(503)))) as server, pytest.raises(MemoryFailure):
        client_of(server).add(ADD, "my-key")
    assert server.urls().count("POST /v1/memories") == 1


def test_add_is_not_repeated_where_the_capabilities_cannot_be_had() -> None:
    """Not knowing means not repeating."""
    with scripted(always(reply(503))) as server, pytest.raises(MemoryFailure):
        client_of(server).add(ADD, None)
    assert server.urls().count("POST /v1/memories") == 1


@pytest.mark.parametrize(("if_match", "attempts"), [('"v1"', 3), (None, 1)])
def test_update_is_repeated_only_with_its_condition(if_match: str | None, attempts: int) -> None:
    """A patch is sent again only where a second one cannot be applied on top of the first."""
    with scripted(always(reply(503))) as server, pytest.raises(MemoryFailure):
        client_of(server).update("m-1", {"content": "y"}, if_match)
    assert server.urls().count("PATCH /v1/memories/m-1") == attempts


def test_deleted_when_the_lost_answer_is_asked_for_again() -> None:
    """A delete whose answer was lost has deleted: the 404 of its repeat is no failure."""

    def script(sock: socket.socket, _request: Received, server: Scripted) -> bool:
        if len(server.requests) == 1:
            return False
        sock.sendall(reply(404, {"status": 404}))
        return True

    with scripted(script) as server:
        client_of(server).delete("m-1", None)
    assert len(server.requests) == 2


def test_retry_after_in_seconds_is_honoured() -> None:
    """Nothing comes before the seconds are over."""
    times: list[float] = []

    def script(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        times.append(time.monotonic())
        sock.sendall(reply(429, {"status": 429}, {"Retry-After": "1"}) if len(times) == 1 else PAGE)
        return True

    with scripted(script) as server:
        client_of(server).list({"user_id": "u1"}, None, None)
    assert times[1] - times[0] >= 1.0


def test_retry_after_as_a_date_is_honoured() -> None:
    """Nothing comes before the date."""
    asked: list[datetime] = []
    times: list[datetime] = []

    def script(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        times.append(datetime.now(UTC))
        if len(times) == 1:
            asked.append((datetime.now(UTC) + timedelta(seconds=2)).replace(microsecond=0))
            sock.sendall(reply(503, {"status": 503}, {"Retry-After": format_datetime(asked[0], usegmt=True)}))
        else:
            sock.sendall(PAGE)
        return True

    with scripted(script) as server:
        client_of(server).list({"user_id": "u1"}, None, None)
    assert times[1] >= asked[0]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("60", "in 60 s"),
        ("7200", "in 120 minutes"),
        ("604800", "in 7 days"),
        ("9" * 400, "more than ten years"),
        (format_datetime(datetime(2999, 1, 1, tzinfo=UTC), usegmt=True), "more than ten years"),
    ],
)
def test_retry_after_beyond_the_deadline_is_said(value: str, said: str) -> None:
    """What does not fit is not waited for, and not tried early: the failure says when to come back."""
    with scripted(always(reply(429, {"status": 429}, {"Retry-After": value}))) as server:
        with pytest.raises(MemoryFailure) as caught:
            client_of(server).list({"user_id": "u1"}, None, None)
        assert len(server.requests) == 1
    assert caught.value.kind == "rate_limited"
    assert said in caught.value.happened


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "", "Thu, 99 Foo 2026 99:99:99 GMT"])
def test_retry_after_that_is_none_is_said(value: str) -> None:
    """A value that cannot be read is not taken for a wish, and is quoted."""
    refusal = reply(503, {"status": 503}, {"Retry-After": value})
    with scripted(always(refusal)) as server, pytest.raises(MemoryFailure) as caught:
        client_of(server).list({"user_id": "u1"}, None, None)
    assert "neither seconds nor an HTTP date" in caught.value.happened


def test_date_counts_from_the_servers_clock() -> None:
    """Where both clocks differ, the date beside the wish is what it counts from."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    fields = {
        "Date": format_datetime(moment, usegmt=True),
        "Retry-After": format_datetime(moment + timedelta(seconds=5), usegmt=True),
    }
    wish = retry_after(fields, now=datetime(2030, 1, 1, tzinfo=UTC))
    assert wish is not None
    assert wish.seconds == 5.0


def test_past_date_means_now() -> None:
    """A date that has passed asks for no wait."""
    wish = retry_after({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert wish is not None
    assert wish.seconds == 0.0


def test_pauses_grow_and_vary() -> None:
    """The pause doubles, and clients that fail together do not come back together."""
    first, second = ([backoff(attempt) for _ in range(50)] for attempt in (1, 2))
    assert max(first) <= 0.2 <= max(second) <= 0.4
    assert min(first) >= 0.1
    assert len(set(first)) > 1
