"""A refusal as its problem document tells it: which kind, which places, which line; never its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memconform.exchange import Received
from memconform.migrate.service import json_of
from memconform.scopes import SCOPE_MEMBERS

_URN = "urn:memory-api:problem:"
_KIND = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Status, kind (the last part of the problem's type, where it is one of the contract), pointers, line, and who."""

    status: int
    kind: str | None
    pointers: tuple[str, ...]
    line: int | None
    by: str | None
    """`bridge` where the bridge refused without asking the provider."""

    @property
    def detail(self) -> Mapping[str, Any]:
        """What a loss says of it."""
        told = {"status": self.status, "problem": self.kind, "by": self.by}
        return {name: value for name, value in told.items() if value is not None}


def refusal_of(answer: Received) -> Refusal:
    """Read a refusal; a damaged one has a status and nothing else."""
    document = json_of(answer)
    document = document if isinstance(document, dict) else {}
    kind = str(document.get("type", "")).removeprefix(_URN)
    line = document.get("line")
    return Refusal(
        answer.status,
        kind if _KIND.fullmatch(kind) else None,
        tuple(_pointers(document.get("errors"))),
        line if isinstance(line, int) and not isinstance(line, bool) else None,
        "bridge" if answer.header("Memory-Answered-By") == "bridge" else None,
    )


def _pointers(errors: object) -> list[str]:
    rows = errors if isinstance(errors, list) else []
    found = [row.get("pointer") for row in rows if isinstance(row, dict)]
    places = [row.get("parameter") for row in rows if isinstance(row, dict)]
    pointers = [each for each in found if isinstance(each, str)]
    pointers += [f"/scope/{each}" for each in places if each in SCOPE_MEMBERS]
    return pointers + ["/key" for each in places if each == "key"]
