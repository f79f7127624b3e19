"""Requests that a careful server refuses, one for each kind of problem that the contract knows.

They are what CORE-04, CORE-27 and CORE-28 look at: not whether the server refuses, which other requirements judge, but
what its refusals look like. None of them can change or show anybody's data, and none is a URL
that a proxy before the server may refuse in its own words (such as one with an encoded NUL or slash).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from memconform.answer import Answer
from memconform.capabilities import Capabilities
from memconform.http import Disconnected
from memconform.memory_api import MEMORIES, MemoryApi

LARGEST = 4 * 1024 * 1024
"""A body larger than this, in bytes, is not sent only to see it refused."""


def basic(memory: MemoryApi, scope: Mapping[str, str], capabilities: Capabilities) -> Iterator[tuple[str, Answer]]:
    """Yield (what was wrong, answer), one for each status among 400, 401, 404, 405, 413, 415 and 422."""
    good = {"content": "x", "scope": dict(scope)}
    yield "malformed JSON", memory.request("POST", MEMORIES, content=json.dumps(good).encode() + b"}")
    yield "no credentials", memory.request("GET", MEMORIES, params=scope, credentials=False)
    yield "an unknown id", memory.get(f"unknown-{scope['user_id']}")
    yield "an unknown path", memory.request("GET", f"/v1/unknown-{scope['user_id']}")
    yield "another method", memory.request("PUT", MEMORIES, body=good)
    yield "another media type", memory.post(good, headers={"Content-Type": "text/plain"})
    yield "empty content", memory.post({**good, "content": ""})
    size = capabilities.limit_or("request_bytes", LARGEST + 1)
    if size <= LARGEST:
        with suppress(Disconnected):  # the server may close the connection on a body that it will not read
            body = json.dumps(good).encode().ljust(size + 1)
            yield "a body above request_bytes", memory.request("POST", MEMORIES, content=body)


def unusual(memory: MemoryApi, scope: Mapping[str, str]) -> Iterator[tuple[str, Answer]]:
    """Yield (what was wrong, answer) for input that reaches odd corners of a server: decoders, parsers, cursors."""
    good = {"content": "x", "scope": dict(scope)}
    raw = json.dumps(good)
    sends: dict[str, Callable[[], Answer]] = {
        "a quote in the id": lambda: memory.request("GET", f"{MEMORIES}/x%27%22%3B--"),
        "a damaged cursor": lambda: memory.list(scope, cursor="%00'\"damaged"),
        "bytes that are no UTF-8": lambda: memory.request("POST", MEMORIES, content=b'{"content":"\xff"}'),
        "odd characters in the id": lambda: memory.request("GET", f"{MEMORIES}/%E2%80%AE%F0%9F%92%A5%7B%24ne%7D"),
        "a limit that is no number": lambda: memory.list(scope, limit="'1; --"),
        "a lone surrogate": lambda: memory.request("POST", MEMORIES, content=raw.replace('"x"', r'"\ud800"').encode()),
        "deep nesting": lambda: memory.request("POST", MEMORIES, content=b"[" * 2000),
        "a huge number": lambda: memory.request(
            "POST", MEMORIES, content=raw.replace('"x"', '"x","metadata":{"n":1e999}').encode()
        ),
        "a body that is null": lambda: memory.request("POST", MEMORIES, content=b"null"),
        "content that is an object": lambda: memory.post({**good, "content": {"$where": "1"}}),
        "a scope that is an array": lambda: memory.post({**good, "scope": [scope["user_id"]]}),
        "no scope": lambda: memory.request("GET", MEMORIES),
        "an encoded body": lambda: memory.post(good, headers={"Content-Encoding": "x-unknown"}),
        "no such encoding of parameters": lambda: memory.request("GET", f"{MEMORIES}?user_id=%ff%fe"),
        "a wildcard path": lambda: memory.request("GET", "/v1/%2A%27"),
        "an odd Accept": lambda: memory.request("GET", "/v1/health", headers={"Accept": "image/png"}),
    }
    for name, send in sends.items():
        yield name, send()
