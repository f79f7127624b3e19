"""Two kinds of answers compared, apart from what differs anyway: request ids, dates, timings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from memconform.answer import Answer

_NOISE = re.compile(
    r"date|time|timing|duration|elapsed|age$|ray|trace|correlation|(request|event|error|log)[-_]?id|^id$|instance"
    r"|nonce|cookie|content-length|rate-?limit|retry-after|keep-alive|served-by|^via$|etag",
    re.IGNORECASE,
)
"""Names of header fields and members of a problem that tell requests apart, not memories."""

Seen = tuple[Answer, str]
"""An answer, and the id that was asked for."""


def distinctions(one: Sequence[Seen], two: Sequence[Seen]) -> dict[str, tuple[Any, Any]]:
    """Return by name what all answers of one kind say alike and those of the other kind say otherwise.

    What differs between two answers of one kind is noise. Ids that were asked for are replaced before comparing.
    """
    left, right = (_common([_features(answer, memory_id) for answer, memory_id in kind]) for kind in (one, two))
    noisy = {name for kind in (left, right) for name, value in kind.items() if value is _VARIES}
    names = [name for name in {**left, **right} if name not in noisy]
    return {name: (left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)}


_VARIES = object()


def _common(features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = {name for each in features for name in each}
    return {
        name: features[0].get(name) if all(each.get(name) == features[0].get(name) for each in features) else _VARIES
        for name in sorted(names)
    }


def _features(answer: Answer, memory_id: str) -> dict[str, Any]:
    """Return status, header fields and body by name, without the id and without noise."""
    asked = re.compile(rf"(?<![\w.~-]){re.escape(memory_id)}(?![\w.~-])")
    found: dict[str, Any] = {"status": answer.status}
    for name, value in answer.received.headers:
        found[f"header {name.lower()}"] = asked.sub("{id}", value)
    text = asked.sub("{id}", answer.received.body.decode("utf-8", "replace"))
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = text
    found |= {f"member {key}": value for key, value in body.items()} if isinstance(body, dict) else {"body": body}
    return {name: value for name, value in found.items() if not _NOISE.search(name.split(" ", 1)[-1])}
