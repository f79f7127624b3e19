"""A bridge says which answers it gave without asking its provider, and insides never show."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from memconform_server.app import create_app
from memconform_server.settings import Settings
from memconform_server.store import Draft, Memory, Refused, StorageFull, Unavailable
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Mapping


class Bridge(SqliteStore):
    """A real store that passes for a bridge, and fails as the content tells it."""

    bridge = True

    def capabilities(self) -> Mapping[str, Any]:
        """Declare less than the reference: no search, shorter content."""
        return {"profiles": ["core"], "limits": {"content_bytes": 100}}

    def add(self, principal: str, draft: Draft) -> Memory:
        """Fail as told."""
        failures: dict[str, Exception] = {
            "refuse": Refused("/scope/app_id", "this provider has no apps"),
            "full": StorageFull("at /var/lib/secret"),
            "down": Unavailable("connection to 10.0.0.1 refused"),
            "break": ZeroDivisionError("secret content"),
        }
        if draft.content in failures:
            raise failures[draft.content]
        return super().add(principal, draft)


def ask(method: str, path: str, **arguments: Any) -> httpx.Response:
    """Send one request to a bridge."""

    async def send() -> httpx.Response:
        store = Bridge(":memory:")
        try:
            transport = httpx.ASGITransport(create_app(store, Settings()))
            async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
                return await client.request(method, path, **arguments)
        finally:
            store.close()

    return asyncio.run(send())


def add(content: str) -> httpx.Response:
    """Add a memory to a bridge."""
    return ask("POST", "/v1/memories", json={"content": content, "scope": {"user_id": "u"}})


MARK = "memory-answered-by"


def test_answers_of_the_provider_are_not_marked() -> None:
    """What the provider was asked for carries no mark, also where it has nothing."""
    assert MARK not in add("x").headers
    assert MARK not in ask("GET", "/v1/memories?user_id=u").headers
    assert MARK not in ask("GET", "/v1/memories/0199f3c2").headers


def test_answers_of_the_bridge_are_marked() -> None:
    """Validation, routing and refusals of the bridge itself say so."""
    for answer in (
        add(""),
        add("x" * 101),
        add("refuse"),
        ask("GET", "/v1/memories"),
        ask("GET", "/v1/nothing"),
        ask("PUT", "/v1/memories"),
        ask("POST", "/v1/memories", content="x"),
        ask("GET", "/v1/health"),
    ):
        assert answer.headers[MARK] == "bridge"


def test_what_the_store_lacks_is_not_served() -> None:
    """An undeclared profile has no path; the limits of the store are the limits."""
    assert ask("POST", "/v1/search", json={"query": "q", "scope": {"user_id": "u"}}).status_code == 404
    document = ask("GET", "/v1/capabilities").json()
    assert (document["profiles"], document["limits"]["content_bytes"]) == (["core"], 100)
    assert document["limits"]["page_size"] == 200


@pytest.mark.parametrize(("content", "status"), [("refuse", 422), ("full", 507), ("down", 503), ("break", 500)])
def test_failures_of_the_store_show_no_insides(content: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Each failure is a problem of its status, in words that hold for every provider."""
    answer = add(content)
    assert answer.status_code == answer.json()["status"] == status
    assert not any(inside in answer.text for inside in ("secret", "10.0.0.1", "ZeroDivision", "Traceback", "/var"))
    assert "secret content" not in capsys.readouterr().err
    if status == 422:
        assert answer.json()["errors"] == [{"pointer": "/scope/app_id", "detail": "this provider has no apps"}]
    if status == 503:
        assert answer.headers["retry-after"] == "5"
