"""What a tour is: a few requests to a server, bent or not, boiled down to facts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from memconform.sse import events_of
from memconform_server.app import create_app
from memconform_server.defects import apply
from memconform_server.settings import Settings
from memconform_server.stores.sqlite import SqliteStore

Facts: TypeAlias = list[Any]
_STREAM_S = 0.3
FIRST, SECOND = "first-key-0123456789abcdef", "second-key-0123456789abcdef"
SETTINGS = Settings(api_keys=(FIRST, SECOND))
SCOPE = {"user_id": "u1"}
TEXTS = (
    "I like tea",
    "tea is what I like best",
    "my cat is grey",
    "the meeting is on Monday",
    "tea or coffee",
    "chess",
)


async def _not_by_accident(response: httpx.Response) -> None:
    """Fail where the app caught an exception: a defect sins on purpose, it does not just crash."""
    await response.aread()
    assert "the operator finds why" not in response.text, response.request.url


class World:
    """One server, bent or not, with clients of two principals; a restart keeps the data file and nothing else."""

    def __init__(self, defect: str | None, folder: Path) -> None:
        self.defect = defect
        self.file = folder / "memories.db"
        self.stores: list[SqliteStore] = []
        self.restart()

    def restart(self) -> None:
        """Begin anew over the same file, as after the death of the process."""
        store = SqliteStore(self.file)
        self.stores.append(store)
        app: Any = apply(self.defect, store, SETTINGS) if self.defect else create_app(store, SETTINGS)
        self.app = app
        self.own = self._client(app, FIRST, 1)
        self.own_elsewhere = self._client(app, FIRST, 2)
        self.second = self._client(app, SECOND, 3)
        self.nobody = self._client(app, None, 4)

    def _client(self, app: Any, key: str | None, port: int) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", port))
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://memory.invalid",
            headers=headers,
            event_hooks={"response": [_not_by_accident]},
        )

    async def done(self, client: httpx.AsyncClient, path: str, body: object) -> dict[str, Any]:
        """Begin an operation and return it as it ended."""
        operation: dict[str, Any] = (await client.post(path, json=body)).json()
        until = time.monotonic() + 10
        while operation["status"] in ("pending", "running") and time.monotonic() < until:
            await asyncio.sleep(0.01)
            operation = (await self.own.get(f"/v1/operations/{operation['id']}")).json()
        return operation

    async def streamed(self, key: str, query: str = "user_id=u1") -> list[dict[str, Any]]:
        """Return the events that come on a stream within a short time."""
        body = bytearray()
        waiting = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop()
            await asyncio.sleep(_STREAM_S)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            body.extend(message.get("body", b""))

        headers = [(b"host", b"memory.invalid"), (b"authorization", f"Bearer {key}".encode())]
        where = {"method": "GET", "path": "/v1/events", "raw_path": b"/v1/events", "query_string": query.encode()}
        scope = {"type": "http", "http_version": "1.1", "scheme": "http", "root_path": "", "state": {}}
        await self.app({**scope, **where, "headers": headers, "client": ("127.0.0.1", 9)}, receive, send)
        return [event.document for event in events_of(bytes(body))]

    async def add(self, content: object = "I like tea", scope: object = None, **members: object) -> httpx.Response:
        """Add as the first principal."""
        body = {"content": content, "scope": SCOPE if scope is None else scope} | members
        return await self.own.post("/v1/memories", json=body)

    async def ids(self, *contents: str) -> list[str]:
        """Add each and return the ids."""
        return [(await self.add(content)).json()["id"] for content in contents]

    async def search(self, query: object, scope: object = None, **members: object) -> httpx.Response:
        """Search as the first principal."""
        body = {"query": query, "scope": SCOPE if scope is None else scope} | members
        return await self.own.post("/v1/search", json=body)

    async def found(self, query: str, **members: object) -> Facts:
        """Search and return content and score of each result."""
        results = (await self.search(query, **members)).json()["results"]
        return [(result["memory"]["content"], result["score"]) for result in results]

    async def walk(self, limit: int = 50, scope: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """Return all memories of a list, page by page."""
        items: list[dict[str, Any]] = []
        parameters: dict[str, Any] = {"limit": limit, **(scope or SCOPE)}
        for _ in range(40):
            page = (await self.own.get("/v1/memories", params=parameters)).json()
            items += page["items"]
            if not page.get("next_cursor"):
                break
            parameters["cursor"] = page["next_cursor"]
        return items

    async def contents(self, limit: int = 50, scope: dict[str, str] | None = None) -> list[str]:
        """Return the contents of a list, page by page."""
        return [item["content"] for item in await self.walk(limit, scope)]


Tour: TypeAlias = Callable[[World], Awaitable[Facts]]
TOURS: dict[str, list[Tour]] = {}
"""The tours of each requirement; together they have to tell each of its defects from the reference."""


def tour(*requirements: str) -> Callable[[Tour], Tour]:
    """Register a tour for each of the requirements."""

    def register(function: Tour) -> Tour:
        for each in requirements:
            TOURS.setdefault(each, []).append(function)
        return function

    return register


def shape(response: httpx.Response) -> Facts:
    """Return status, media type and members of a response."""
    text = response.headers.get("content-type", "").partition(";")[0]
    document = response.json() if text.endswith("json") else None
    return [response.status_code, text, sorted(document) if isinstance(document, dict) else document]


def taken(requirement: str, defect: str | None, folder: Path) -> Facts:
    """Return the facts of the tours of a requirement, each of a server of its own."""
    return [_taken(each, defect, folder / str(number)) for number, each in enumerate(TOURS[requirement])]


def _taken(toured: Tour, defect: str | None, folder: Path) -> Facts:
    async def travel() -> Facts:
        return await toured(world)

    folder.mkdir()
    world = World(defect, folder)
    try:
        return asyncio.run(travel())
    finally:
        for store in world.stores:
            store.close()
