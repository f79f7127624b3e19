"""Following what goes on after an answer: operations to their end, streams as far as they are wanted."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from memconform.contract import validator

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

STATUSES = ("pending", "running", "succeeded", "failed")


def settled(client: httpx.Client, accepted: httpx.Response, within: float = 15.0) -> dict[str, Any]:
    """Follow a 202 to the end of its operation, whose status only moves forward."""
    assert accepted.status_code == 202, accepted.text
    assert list(validator("operation").errors(accepted.json())) == []
    assert accepted.headers["Location"] == f"/v1/operations/{accepted.json()['id']}"
    until = time.monotonic() + within
    before = accepted.json()["status"]
    while True:
        operation: dict[str, Any] = client.get(accepted.headers["Location"]).raise_for_status().json()
        assert STATUSES.index(operation["status"]) >= STATUSES.index(before)
        assert list(validator("operation").errors(operation)) == []
        before = operation["status"]
        if "completed_at" in operation:
            return operation
        assert time.monotonic() < until, operation
        time.sleep(0.02)


def ingested(client: httpx.Client, scope: dict[str, str], *messages: Any, **members: Any) -> dict[str, Any]:
    """Ingest messages (a text is one of the user's) and follow the operation to its end."""
    several = [each if isinstance(each, dict) else {"role": "user", "content": each} for each in messages]
    return settled(client, client.post("/v1/ingestions", json={"scope": scope, "messages": several, **members}))


def erased(client: httpx.Client, scope: dict[str, str]) -> dict[str, Any]:
    """Erase a scope and return the receipt."""
    operation = settled(client, client.post("/v1/erasures", json={"scope": scope}))
    assert operation["status"] == "succeeded", operation
    result: dict[str, Any] = operation["result"]
    return result


def added(client: httpx.Client, scope: dict[str, str], content: str = "A fact.", **members: Any) -> dict[str, Any]:
    """Add a memory and return it."""
    answer = client.post("/v1/memories", json={"content": content, "scope": scope, **members})
    assert answer.status_code == 201, answer.text
    memory: dict[str, Any] = answer.json()
    return memory


def listed(client: httpx.Client, scope: dict[str, str]) -> list[dict[str, Any]]:
    """Return the newest memories of a scope."""
    items: list[dict[str, Any]] = client.get("/v1/memories", params={**scope, "limit": 200}).json()["items"]
    return items


def streamed(
    client: httpx.Client,
    scope: dict[str, str],
    wanted: Callable[[list[Any]], bool],
    within: float = 10.0,
    **options: Any,
) -> list[Any]:
    """Read a stream until what came is wanted; the CloudEvents of it, each with the SSE id equal to its own."""
    events: list[Any] = []
    until = time.monotonic() + within
    params = {**scope, **options.pop("params", {})}
    with client.stream("GET", "/v1/events", params=params, **options) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        last_id = ""
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                last_id = value
            if name == "data":
                events.append(json.loads(value))
                assert events[-1]["id"] == last_id
            if wanted(events):
                return events
            assert time.monotonic() < until, events
    return events
