"""Reading a bounded piece of the stream of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform.answer import Answer
from memconform.client import Client, Scope
from memconform.sse import Event, EventReader, events_of


@dataclass(frozen=True, slots=True)
class Events:
    """What came of a stream before the reader had enough, and the exchange as its evidence."""

    answer: Answer
    events: Sequence[Event]

    def __iter__(self) -> Iterator[Event]:
        """Yield the events in the order in which they came."""
        return iter(self.events)

    def __len__(self) -> int:
        """Return how many events came."""
        return len(self.events)

    @property
    def last_id(self) -> str | None:
        """The id to go on after, None when nothing came."""
        return self.events[-1].id if self.events else None


class EventVerbs(Client):
    """The profile events."""

    def events(
        self,
        scope: Scope,
        after: str | None = None,
        *,
        last_event_id: str | None = None,
        until: Callable[[list[Event]], bool],
        within: float,
        **options: Any,
    ) -> Events:
        """GET /v1/events: read until `until` accepts all events so far, the stream ends, or `within` seconds are over.

        An answer other than a 2xx is read as any other; no answer at all within the time raises `TimedOut`.
        """
        headers: Mapping[str, str] = {"Accept": "text/event-stream", **(options.pop("headers", None) or {})}
        if last_event_id is not None:
            headers = {**headers, "Last-Event-ID": last_event_id}
        params = [*scope.items(), *([("after", after)] if after is not None else [])]
        reader = EventReader()
        answer = self.request(
            *("GET", "/v1/events"),
            params=params,
            headers=headers,
            timeout=within,
            enough=lambda piece: until(reader.feed(piece)),
            **options,
        )
        return Events(answer, events_of(answer.received.body) if answer.status < 300 else [])
