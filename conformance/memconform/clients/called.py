"""What came of one call of a tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memconform.clients.mapping import Failure, MappedTool, at_pointer

_SHOWN = 160
"""So many characters of a value are shown."""


@dataclass(frozen=True, slots=True)
class Called:
    """One call: what was asked and what the plugin said. `seconds` runs from the call to the end of its session."""

    tool: MappedTool
    parameters: Mapping[str, Any]
    seconds: float
    output: Any = None
    """JSON messages and variables of the tool, merged into one object; a list or a scalar stays as it is."""
    text: str = ""
    files: str = field(default="", repr=False)
    """What is in the files that it gave, as text."""
    error: str | None = None
    """The message of the error; None when the plugin called it a success."""
    lost: str | None = None
    """Why there is neither: the plugin died, or did not end the call in time."""

    @property
    def succeeded(self) -> bool:
        """Tell whether the plugin called it a success."""
        return self.error is None and self.lost is None

    def texts(self) -> list[str]:
        """Return the contents of memories in the result, as the mapping finds them."""
        return [str(found) for found in at_pointer(self.output, self.tool.texts)] if self.tool.texts else []

    def said(self) -> str:
        """Return what the plugin said, in one short line."""
        if self.lost is not None:
            return self.lost
        if self.error is not None:
            return f"the error {_cut(self.error)!r}"
        return (
            f"success: {_cut(json.dumps(self.output, ensure_ascii=False, default=str)) if self.output else self.text!r}"
        )

    def shown(self) -> str:
        """Return what people and workflows see of it, files aside: for comparisons."""
        return "\n".join(
            (json.dumps(self.output, ensure_ascii=False, default=str), self.text, self.error or "", self.lost or "")
        )

    def everything(self) -> str:
        """Return all that came out of the call, for scans."""
        return f"{self.shown()}\n{self.files}"


def merged(json_messages: list[Any], variables: Mapping[str, Any]) -> Any:
    """Return one object of all that a tool gave: later messages win, but lists that come in pieces are joined.

    What is no object is kept when it is alone.
    """
    objects = [message for message in json_messages if isinstance(message, dict)]
    if not objects and len(json_messages) == 1 and not variables:
        return json_messages[0]
    whole: dict[str, Any] = {}
    for name, value in ((name, value) for each in objects for name, value in each.items()):
        before = whole.get(name)
        whole[name] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
    return {**variables, **whole}


def failure_in(output: Any, failure: Failure | None) -> str | None:
    """Return the message of a failure that the plugin tells in its output; None when it tells of none."""
    if failure is None or failure.equals not in at_pointer(output, failure.pointer):
        return None
    messages = at_pointer(output, failure.message) if failure.message else []
    return str(messages[0]) if messages else "(a failure without a message)"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
