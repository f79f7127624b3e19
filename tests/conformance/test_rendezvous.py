"""Requests that shall race go together also where they are paced."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from memconform.exchange import Exchange, Sent
from memconform.http import Target, Wire, together

RATE = 4.0


class Quick(http.server.BaseHTTPRequestHandler):
    """Answers long before the next request may start."""

    def do_GET(self) -> None:
        """Answer 200 after 10 ms."""
        time.sleep(0.01)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Speak at a rate to a server that is quick."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quick) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wire = Wire(Target(f"http://127.0.0.1:{server.server_port}", rate=RATE))
        yield wire
        wire.close()
        server.shutdown()


def get(wire: Wire, lane: str) -> Exchange:
    """Send a request on a connection of its own."""
    return wire.send(Sent("GET", wire.target.url + "/", (), b""), {}, lane)[0]


def test_paced_requests_race(wire: Wire) -> None:
    """Four requests start within less than one interval, not before the rate allows the last of them."""
    began = time.monotonic()
    racers = together([lambda lane=str(number): get(wire, lane) for number in range(4)])  # type: ignore[misc]  # bound
    starts = sorted(each.at for each in racers)
    assert starts[-1] - starts[0] < 1 / RATE
    assert time.monotonic() - began >= 3 / RATE


def test_only_the_first_request_waits_for_the_others(wire: Wire) -> None:
    """A thread that sends several goes on at its pace when the race is over."""
    counts = (1, 3, 2)
    sent = together([lambda count=count: [get(wire, f"{count}") for _ in range(count)] for count in counts])  # type: ignore[misc]  # bound
    assert [len(each) for each in sent] == list(counts)


def test_nobody_waits_for_a_thread_that_sends_nothing(wire: Wire) -> None:
    """Who ends without a request lets the others go; so does who fails."""

    def fails() -> Exchange:
        raise ZeroDivisionError

    began = time.monotonic()
    assert together(
        [lambda: get(wire, "one").received is None, lambda: get(wire, "two").received is None, lambda: None]
    ) == [False, False, None]
    with pytest.raises(ZeroDivisionError):
        together([lambda: get(wire, "one"), fails])
    assert time.monotonic() - began < 40 / RATE
