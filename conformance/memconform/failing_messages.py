"""Messages that the operator of a server knows to fail in its extraction: only they can tell what does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memconform.settings import UsageError


@dataclass(frozen=True, slots=True)
class FailingMessages:
    """The messages of `--failing-messages FILE`, as POST /v1/ingestions takes them."""

    messages: list[dict[str, Any]]

    @classmethod
    def read(cls, file: str) -> FailingMessages:
        """Read a JSON array of messages; raise `UsageError` for anything else."""
        try:
            messages = json.loads(Path(file).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no JSON text in UTF-8"
            raise UsageError(f"--failing-messages: {file} cannot be read: {why}") from None
        wellformed = isinstance(messages, list) and all(
            isinstance(each, dict) and isinstance(each.get("content"), str) and isinstance(each.get("role"), str)
            for each in messages
        )
        if not wellformed or not messages:
            expected = 'a JSON array of messages, such as [{"role": "user", "content": "…"}]'
            raise UsageError(f"--failing-messages: expected {expected} in {file}")
        return cls(messages)
