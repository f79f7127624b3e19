"""Writes without an answer: looks at the target for what became of them, before anything is written again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from memconform.migrate.errors import Stopped
from memconform.migrate.records import Record, Unusable, created_ns, record_of
from memconform.migrate.service import Service, json_of
from memconform.migrate.state import State
from memconform.noting import MEMORIES
from memconform.scene.oracle import json_equal
from memconform.verbs import path_of

_CLOCKS_S = 1.0
"""How much older than its write a memory may look: instants in whole seconds, and a Date header is one, too."""
_LOOKS = 3
_MOST_PAGES = 10_000


class Doubts:
    """Finds at the target what an unanswered write may have left there."""

    def __init__(self, target: Service, state: State) -> None:
        self.target, self.state = target, state

    def find(self, body: Mapping[str, Any], at: float, *, late: bool) -> tuple[Record | None, bool]:
        """Return the memory that a POST of this body, sent at `at` by the target's clock, left; and whether it is sure.

        Where the target may still be working on it (`late`), it is looked for several times. Not sure: one that is no
        newer, or several; and none, where the write may yet come.
        """
        for look in range(_LOOKS if late else 1):
            if look:
                time.sleep(min(self.target.wire.target.timeout, 2.0 * look))
            self.target.settle("list", "get")
            found = list(self._alike(body))
            newer = [each for each in found if created_ns(each) / 1e9 >= at - _CLOCKS_S]
            same = [each for each in found if json_equal(each["metadata"], body.get("metadata") or {})]
            if newer:
                return _latest(newer), len(newer) == 1
            if same:
                return _latest(same), False
        return None, not late

    def there(self, ids: list[str]) -> set[str]:
        """Return which of these ids the target has."""
        self.target.settle("get")
        return {each for each in ids if self.target.read(path_of(each)).status == 200}

    def _alike(self, body: Mapping[str, Any]) -> Iterator[Record]:
        """Yield memories of the same text and exact scope that are no other record's copy."""
        cursor: str | None = None
        size = max(1, self.target.capabilities.limit_or("page_size", 200))
        for _ in range(_MOST_PAGES):
            params = [*body["scope"].items(), ("limit", str(size)), *([("cursor", cursor)] if cursor else [])]
            answer = self.target.read(MEMORIES, params)
            page = json_of(answer) if answer.status == 200 else None
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise Stopped(f"{self.target.label} does not tell what it holds: its list answered {answer.status}")
            for item in page["items"]:
                record = _usable(item)
                alike = record and (record["content"], record["scope"]) == (body["content"], body["scope"])
                if record and alike and not self.state.of_target(record["id"]):
                    yield record
            cursor = page.get("next_cursor")
            if not isinstance(cursor, str) or not cursor:
                return


def _usable(item: object) -> Record | None:
    try:
        return record_of(item)
    except Unusable:
        return None


def _latest(found: list[Record]) -> Record:
    return max(found, key=created_ns)
