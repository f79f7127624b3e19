"""The reference server with one bad habit: `python misbehaving.py HABIT NUMBER DATA`. Prints its URL.

The habit begins with request NUMBER. These are no requirement's defects: they are what a judge meets in the wild.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from memconform_server import protocol, serve
from memconform_server.app import create_app
from memconform_server.settings import Settings
from memconform_server.stores import Opening, open_store

HABIT, NUMBER, DATA = sys.argv[1], int(sys.argv[2]), sys.argv[3]
KEYS = tuple(key for key in os.environ.get("MEMCONFORM_SERVER_API_KEYS", "").split(",") if key)

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

app = create_app(open_store("sqlite", Opening(DATA)), Settings(api_keys=KEYS, access_log=False))
served = 0
dice = random.Random(7)


async def misbehaving(scope: Event, receive: Receive, send: Send) -> None:
    """Serve, until the habit breaks through."""
    global served  # noqa: PLW0603 - one counter for one process
    if scope["type"] != "http":
        await app(scope, receive, send)
        return
    served += 1
    if served >= NUMBER:
        if HABIT == "dies":
            os._exit(1)
        if HABIT == "hangs":
            await asyncio.sleep(600)
        if HABIT == "stutters" and served % 10 == 0:
            await asyncio.sleep(600)
        if HABIT == "echoes-everything":
            await echo(scope, send)
            return
        if HABIT == "lists-everything" and scope["method"] == "GET" and scope["path"] == "/v1/memories":
            scope["query_string"] = b"user_id=somebody"
        if HABIT == "refuses-for-a-moment" and served % 5 == 0:
            await wait_a_second(send)
            return
    await app(scope, receive, send)


async def echo(scope: Event, send: Send) -> None:
    """Answer 500 with every header of the request in the body and in a header, in more than one spelling."""
    said = {name.decode(): value.decode() for name, value in scope["headers"]}
    text = repr(said).encode()
    shown = b"; ".join(value for _, value in scope["headers"])
    body = b'{"status": 500, "title": "Internal Server Error", "detail": "' + text.replace(b'"', b"'") + b'"}'
    headers = [(b"content-type", b"application/problem+json"), (b"x-echo", shown)]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def wait_a_second(send: Send) -> None:
    """Answer 429."""
    headers = [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"status": 429}'})


class Closing(protocol.BoundedProtocol):
    """Ends every third connection on average after an answer, without a word."""

    def on_response_complete(self) -> None:
        """Close perhaps."""
        super().on_response_complete()
        if dice.random() < 0.3:
            self.transport.close()


if HABIT == "closes-connections":
    protocol.BoundedProtocol = Closing  # type: ignore[misc]  # the class that serve() takes
listener = serve.listen("127.0.0.1", 0)
serve.serve(misbehaving, listener, serve._url(listener))
