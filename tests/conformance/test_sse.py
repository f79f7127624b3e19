"""Server-sent events are read as the HTML standard says, however the stream is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memconform.sse import Event, EventReader, events_of


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [Event("", "a")]),
        (b"data:a\n\n", [Event("", "a")]),
        (b"data:  a\n\n", [Event("", " a")]),
        (b"data: a\ndata\ndata: b\n\n", [Event("", "a\n\nb")]),
        (b"id: 1\nevent: x\ndata: a\n\ndata: b\n\n", [Event("1", "a", "x"), Event("1", "b")]),
        (b"id: 1\n\ndata: a\n\n", [Event("1", "a")]),
        (b"id: 1\x002\ndata: a\n\n", [Event("", "a")]),
        (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [Event("1", "a"), Event("", "b")]),
        (b": comment\n\n:\n\nretry: 10\nnonsense\nother: x\ndata: a\n\n", [Event("", "a")]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", [Event("", "a"), Event("", "b"), Event("", "c")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event("", "a")]),
        (b"data: a\n", []),
        (b"data: a\n\ndata: b", [Event("", "a")]),
        (b"event: x\n\n", []),
        (b"data: \xff\n\n", [Event("", "\ufffd")]),
        (b"data: a\r\r", [Event("", "a")]),
        (b"", []),
    ],
)
def test_streams(stream: bytes, events: list[Event]) -> None:
    """Fields, comments, line ends, a byte order mark, and an end in the middle."""
    assert events_of(stream) == events


@given(st.lists(st.sampled_from([b"\r", b"\n", b"data", b"id", b":", b" ", b"x", b"\xef\xbb\xbf", b"event"])))
def test_pieces_make_no_difference(parts: list[bytes]) -> None:
    """A stream gives the same events whole and byte by byte."""
    stream = b"".join(parts)
    single = EventReader()
    for at in range(len(stream)):
        single.feed(stream[at : at + 1])
    assert single.events == events_of(stream)


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        ('{"data": {"memory_id": "m", "version": 2, "operation": "add"}}', ("m", "add", 2)),
        ('{"data": []}', (None, None, None)),
        ("[]", (None, None, None)),
        ("no json", (None, None, None)),
    ],
)
def test_what_a_cloud_event_says(data: str, facts: tuple[object, ...]) -> None:
    """The facts of a change where there are any; nothing raises."""
    event = Event("1", data)
    assert (event.memory_id, event.operation, event.version) == facts
