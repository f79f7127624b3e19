"""Two kinds of answers are told apart by what they say, not by what changes from one request to the next."""

from __future__ import annotations

import json

from memconform.answer import Answer
from memconform.exchange import Exchange, Received, Sent
from memconform.scene.without_noise import Seen, distinctions


def seen(memory_id: str, *, detail: str = "not found", status: int = 404, request: str = "", **headers: str) -> Seen:
    """Return the answer to a GET of that id."""
    body = {"status": status, "detail": f"{memory_id}: {detail}", "instance": f"urn:{request}", "seq": request}
    fields = {"Content-Type": "application/problem+json", "Date": request, "X-Request-Id": request, **headers}
    received = Received(status, tuple(fields.items()), json.dumps(body).encode())
    exchange = Exchange(Sent("GET", f"http://127.0.0.1/v1/memories/{memory_id}"), received, 0.0, 0.0)
    return Answer(exchange, received), memory_id


NOT_THERE = [seen("m-2", request="2"), seen("m-2", request="3")]


def test_ids_dates_and_whatever_varies_are_noise() -> None:
    """Request ids, dates, the id that was asked for, and a member that differs between like requests."""
    assert distinctions([seen("m-1", request="1"), seen("m-1", request="4")], NOT_THERE) == {}


def test_another_detail_is_a_distinction() -> None:
    """Both texts are returned, with the id replaced."""
    yours = [seen("m-1", detail="forbidden", request=str(number)) for number in (1, 4)]
    assert distinctions(yours, NOT_THERE) == {"member detail": ("{id}: forbidden", "{id}: not found")}


def test_another_status_and_another_header_are_distinctions() -> None:
    """A header field that only one kind has is told, whatever its case."""
    yours = [seen("m-1", status=403, request=str(number), **{"X-Cache": "hit"}) for number in (1, 4)]
    found = distinctions(yours, NOT_THERE)
    assert found["status"] == (403, 404)
    assert found["header x-cache"] == ("hit", None)


def test_what_alternates_between_two_servers_is_noise() -> None:
    """As behind a load balancer, asked in the order yours, not there, not there, yours."""
    yours = [seen("m-1", request="1", Backend="one"), seen("m-1", request="4", Backend="two")]
    nobodys = [seen("m-2", request="2", Backend="two"), seen("m-2", request="3", Backend="one")]
    assert distinctions(yours, nobodys) == {}
