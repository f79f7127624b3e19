"""The test material that lies as data in `fixtures/data/`, and how it is cut to what a server takes."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from memconform.contract import content_root


@cache
def material(name: str) -> Any:
    """Return the JSON value of `fixtures/data/<name>.json`; not to be changed."""
    return json.loads((content_root() / "fixtures/data" / f"{name}.json").read_bytes())


def cut(text: str, limit: int) -> str:
    """Return the longest beginning of a text that takes at most `limit` bytes of UTF-8."""
    return text.encode()[:limit].decode(errors="ignore") if len(text.encode()) > limit else text


def filled(limit: int, start: str = "", unit: str = "é") -> str:
    """Return a text of exactly `limit` bytes of UTF-8: `start`, then `unit` over and over, then a few `x`."""
    room = limit - len(start.encode())
    text = start + unit * (room // len(unit.encode()))
    return text + "x" * (limit - len(text.encode()))


def depth(value: Any) -> int:
    """Return how deep a JSON value nests: `{}` and `[]` are 1, a scalar is 0."""
    if isinstance(value, (dict, list)):
        members = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, members), default=0)
    return 0


def json_bytes(value: Any) -> int:
    """Return how many bytes a JSON value takes in its shortest spelling, or a few more."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())
