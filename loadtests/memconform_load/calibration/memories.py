"""As much of the memory API as load tests need, in memory: profiles core and search, one principal, no restart."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

Answer: TypeAlias = tuple[int, bytes, str]
"""Status, body, and further header lines."""

Document: TypeAlias = dict[str, Any]

CAPABILITIES: Document = {
    "contract": "1.0",
    "service": {"name": "memconform calibration", "version": "1"},
    "profiles": ["core", "search"],
    "consistency": {"get": "strong", "list": "strong", "search": {"model": "strong"}},
    "search": {"deterministic": True, "exact": True, "max_top_k": 100, "mode": "keyword"},
    "limits": {
        "request_bytes": 1_048_576,
        "content_bytes": 65_536,
        "metadata_bytes": 16_384,
        "metadata_depth": 16,
        "scope_value_bytes": 1_024,
        "query_bytes": 65_536,
        "page_size": 200,
    },
}

_PAGE, _TOP = 50, 10
"""How many items a page and a search have when nobody says."""


@dataclass(slots=True)
class _Kept:
    document: Document
    text: bytes
    words: frozenset[str]


class Memories:
    """Answers requests of the memory API from a dictionary."""

    def __init__(self) -> None:
        self._by_id: dict[str, _Kept] = {}
        self._by_scope: defaultdict[str, dict[str, _Kept]] = defaultdict(dict)
        self._numbers = count(1)
        self._on_one: Mapping[str, tuple[str, Callable[[_Kept, bytes], Answer]]] = {
            "GET": ("get", self._get),
            "PATCH": ("update", self._change),
            "DELETE": ("delete", self._delete),
        }

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[str, Answer]:
        """Return the name of the operation and its answer; whatever the request holds, no error is raised."""
        try:
            return self._answer(method, path, query, body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return "refused", problem(422, "invalid", f"{type(error).__name__}: {error}")

    def _answer(self, method: str, path: str, query: str, body: bytes) -> tuple[str, Answer]:
        if path == "/v1/search" and method == "POST":
            return "search", self._search(json.loads(body))
        if path == "/v1/memories" and method == "POST":
            return "add", self._add(json.loads(body))
        if path == "/v1/memories" and method == "GET":
            return "list", self._list(parse_qs(query))
        if path.startswith("/v1/memories/") and method in self._on_one:
            operation, do = self._on_one[method]
            kept = self._by_id.get(unquote(path[13:]))
            return operation, do(kept, body) if kept else problem(404, "not-found", "There is no such memory.")
        if path == "/v1/health":
            return "health", (200, b'{"status":"ok"}', "")
        if path == "/v1/capabilities":
            return "capabilities", (200, _json(CAPABILITIES), "")
        return "unknown", problem(404, "not-found", "There is no such resource.")

    def _add(self, given: Document) -> Answer:
        number = next(self._numbers)
        identifier, now = f"c{number:09d}", _now()
        kept = _kept(
            {
                "id": identifier,
                "content": _text(given["content"]),
                "scope": dict(given["scope"]),
                "metadata": given.get("metadata") or {},
                "created_at": now,
                "updated_at": now,
                "version": 1,
            }
        )
        self._by_id[identifier] = kept
        self._by_scope[_scope(given["scope"])][identifier] = kept
        return 201, kept.text, f"Location: /v1/memories/{identifier}\r\n{_tag(kept)}"

    def _search(self, asked: Document) -> Answer:
        words = _words(asked["query"])
        own = self._by_scope.get(_scope(asked["scope"]), {})
        scored = sorted(
            ((len(words & kept.words) / (len(words) or 1), identifier, kept) for identifier, kept in own.items()),
            key=lambda each: each[:2],
            reverse=True,
        )
        best = (each for each in scored if each[0] >= (asked.get("min_score") or 0))
        results = [b'{"memory":%b,"score":%.6f}' % (kept.text, score) for score, _, kept in _first(best, asked)]
        return 200, b'{"results":[%b]}' % b",".join(results), ""

    def _list(self, asked: Mapping[str, list[str]]) -> Answer:
        scope = {name: values[0] for name, values in asked.items() if name.endswith("_id")}
        limit, before = int(asked.get("limit", [str(_PAGE)])[0]), asked.get("cursor", ["~"])[0]
        own = self._by_scope.get(_scope(scope), {})
        older = [identifier for identifier in reversed(own) if identifier < before]
        page = older[:limit]
        cursor = json.dumps(page[-1]).encode() if len(older) > limit else b"null"
        items = b",".join(own[identifier].text for identifier in page)
        return 200, b'{"items":[%b],"next_cursor":%b}' % (items, cursor), ""

    def _get(self, kept: _Kept, _body: bytes) -> Answer:
        return 200, kept.text, _tag(kept)

    def _change(self, kept: _Kept, body: bytes) -> Answer:
        given = {name: value for name, value in json.loads(body).items() if value is not None}
        newer = {**kept.document, **given, "version": kept.document["version"] + 1, "updated_at": _now()}
        changed = _kept(newer)
        kept.document, kept.text, kept.words = changed.document, changed.text, changed.words
        return 200, kept.text, _tag(kept)

    def _delete(self, kept: _Kept, _body: bytes) -> Answer:
        identifier = kept.document["id"]
        del self._by_id[identifier], self._by_scope[_scope(kept.document["scope"])][identifier]
        return 204, b"", ""


def problem(status: int, name: str, detail: str) -> Answer:
    """Return a problem of the contract."""
    document = {"type": f"urn:memory-api:problem:{name}", "title": name, "status": status, "detail": detail}
    return status, _json(document), ""


def _kept(document: Document) -> _Kept:
    return _Kept(document, _json(document), _words(document["content"]))


def _first(results: Any, asked: Document) -> Any:
    return islice(results, asked.get("top_k") or _TOP)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("content must be a text that is not empty")
    return value


def _words(text: str) -> frozenset[str]:
    return frozenset(text.lower().split())


def _scope(scope: Mapping[str, str | None]) -> str:
    return "\n".join(sorted(f"{name}={value}" for name, value in scope.items() if value is not None))


def _tag(kept: _Kept) -> str:
    return f'ETag: "{kept.document["id"]}.{kept.document["version"]}"\r\n'


def _now() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
