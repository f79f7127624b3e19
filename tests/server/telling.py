"""Stories told to a variant in this process: what a client does, one request after the other."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx

from memconform.contract import validator
from memconform_server.settings import Settings
from memconform_server.variants import apply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from memconform_server.stores.sqlite import SqliteStore

KEY = "first-key-0123456789abcdef"
SETTINGS = Settings(api_keys=(KEY,))
SCOPE = {"user_id": "u1"}
LAG_S = 0.3
"""The longest staleness that any variant declares."""


def plainly_named(app: Any) -> Any:
    """Return the app with header names that httpx can compare: it lowers them as uvicorn does."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def plain(message: Any) -> None:
            named = [(bytes(name), value) for name, value in message.get("headers", ())]
            await send({**message, "headers": named} if "headers" in message else message)

        await app(scope, receive, plain)

    return wrapped


def tell(name: str, store: SqliteStore, story: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Run a story against a variant."""

    async def run() -> None:
        app: Any = apply(name, store, SETTINGS)
        transport = httpx.ASGITransport(plainly_named(app))
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://m.invalid", headers=headers) as client:
            await story(client)

    asyncio.run(run())


async def add(client: httpx.AsyncClient, content: str = "I like tea", **members: object) -> dict[str, Any]:
    """Add a memory and return the record."""
    answer = await client.post("/v1/memories", json={"content": content, "scope": SCOPE} | members)
    assert answer.status_code == 201
    return valid("memory", answer)


def valid(schema: str, answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of a response that matches its schema."""
    assert answer.headers["content-type"].lower().startswith("application/")
    document: dict[str, Any] = answer.json()
    assert not list(validator(schema).errors(document)), document
    return document


def meaning(memory: dict[str, Any]) -> dict[str, Any]:
    """Return the memory without members that are null, which mean the same as absent ones."""
    kept = {name: value for name, value in memory.items() if value is not None}
    return kept | {"scope": {name: value for name, value in memory["scope"].items() if value is not None}}


async def walk(client: httpx.AsyncClient, limit: int) -> list[dict[str, Any]]:
    """Return the memories of all pages of a list, pages as large as the variant allows."""
    items: list[dict[str, Any]] = []
    limit = min(limit, (await client.get("/v1/capabilities")).json()["limits"]["page_size"])
    parameters: dict[str, Any] = {**SCOPE, "limit": limit}
    for _ in range(50):
        page = valid("memory-page", await client.get("/v1/memories", params=parameters))
        assert len(page["items"]) <= limit
        items += page["items"]
        if page.get("next_cursor") is None:
            return items
        parameters["cursor"] = page.get("next_cursor")
    raise AssertionError("the walk does not end")


async def found(client: httpx.AsyncClient, query: str, **members: object) -> list[dict[str, Any]]:
    """Search and return the results."""
    answer = await client.post("/v1/search", json={"query": query, "scope": SCOPE} | members)
    assert answer.status_code == 200
    results: list[dict[str, Any]] = valid("search-response", answer)["results"]
    return results


async def until(seen: Callable[[], Awaitable[bool]]) -> None:
    """Poll until it is seen, for no longer than a variant may lag."""
    deadline = time.monotonic() + LAG_S
    while not await seen():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
