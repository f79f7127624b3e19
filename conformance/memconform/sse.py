"""Server-sent events as the HTML standard reads them: fields, comments, three kinds of line ends, a byte order mark."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True)
class Event:
    """One event that was dispatched. `id` is the last one that the stream named, `event` its type."""

    id: str
    data: str
    event: str = "message"

    @property
    def document(self) -> Any:
        """The data as JSON, None when it is none."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None

    @property
    def memory_id(self) -> str | None:
        """The memory that the CloudEvent is about."""
        return _text(self._data().get("memory_id"))

    @property
    def operation(self) -> str | None:
        """The change that the CloudEvent tells of: add, update, delete and so on."""
        return _text(self._data().get("operation"))

    @property
    def version(self) -> Any:
        """The version that the change made."""
        return self._data().get("version")

    def _data(self) -> dict[str, Any]:
        inner = self.document.get("data") if isinstance(self.document, dict) else None
        return inner if isinstance(inner, dict) else {}


@dataclass
class EventReader:
    """Reads a stream piece by piece; what is not ended by an empty line is no event yet."""

    events: list[Event] = field(default_factory=list)
    _rest: bytes = b""
    _begun: bool = False
    _after_cr: bool = False
    """Whether what came so far ended with a CR: an LF that follows belongs to it."""
    _fields: list[tuple[str, str]] = field(default_factory=list)
    _last_id: str = ""

    def feed(self, piece: bytes) -> list[Event]:
        """Take a piece and return all events so far."""
        text = self._rest + piece
        if not self._begun and len(text) >= 3:
            text = text.removeprefix(b"\xef\xbb\xbf")
            self._begun = True
        at = 1 if self._after_cr and text.startswith(b"\n") else 0
        self._after_cr = self._after_cr and not text
        while self._begun and (found := _LINE.match(text, at)) is not None:
            self._line(found.group(1).decode("utf-8", "replace"))
            at = found.end()
        self._rest = text[at:]
        self._after_cr = self._after_cr or (self._begun and at == len(text) and text.endswith(b"\r"))
        return self.events

    def _line(self, line: str) -> None:
        if not line:
            self._dispatch()
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            self._fields.append((name, value.removeprefix(" ")))

    def _dispatch(self) -> None:
        for name, value in self._fields:
            if name == "id" and "\0" not in value:
                self._last_id = value
        data = [value for name, value in self._fields if name == "data"]
        kinds = [value for name, value in self._fields if name == "event"]
        self._fields = []
        if data:
            self.events.append(Event(self._last_id, "\n".join(data), (kinds or ["message"])[-1] or "message"))


def events_of(body: bytes) -> list[Event]:
    """Return the events of a stream that was read, whole ones only."""
    return EventReader().feed(body)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
