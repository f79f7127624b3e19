"""Progress: one line that moves on a terminal, a line every five seconds elsewhere."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re

import pytest

from memconform_load.arrivals import constant
from memconform_load.recorder import Recorder
from memconform_load.report.progress import Progress, progress_line, wants_colour

LIVE = {
    "elapsed_s": 61.2,
    "duration_s": 300.0,
    "rate_per_s": 49.71,
    "intended_per_s": 50.0,
    "p50_ms": 12.3,
    "p95_ms": 45.67,
    "p99_ms": None,
    "in_flight": 3,
    "failed": 1,
    "violations": 0,
}


class Screen(io.StringIO):
    """A stream that says that it is a terminal, without a size."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def test_a_line_has_it_all() -> None:
    """Time of all, rate achieved of intended, percentiles, calls on their way, failures, violations."""
    assert progress_line(LIVE) == (
        "1:01/5:00  49.7 calls/s (50/s due)  p50/p95/p99 12.3/45.7/– ms  3 in flight  1 failed  0 violations"
    )
    assert progress_line({"elapsed_s": 0, "said": "preloading"}) == "0:00  preloading"


def test_the_recorder_gives_what_is_shown() -> None:
    """The live figures of a real recorder make a whole line."""
    recorder = Recorder()
    for at in constant(20, 3).times(1):
        recorder.intended(at)
        recorder.started(at)
        recorder.record("search", "direct", at_s=at, lag_s=0.0, service_s=0.05)
    line = progress_line({**json.loads(json.dumps(recorder.live())), "elapsed_s": 3.0})
    assert re.fullmatch(
        r"0:03  (19|20)(\.\d)? calls/s \(20/s due\)  p50/p95/p99 50.0/50.0/50.0 ms  0 failed  0 violations", line
    )


def test_a_file_gets_a_line_every_five_seconds() -> None:
    """Elsewhere than on a terminal no line moves: one at the start, then one for each five seconds of the load."""
    stream = io.StringIO()
    progress = Progress(stream)
    for second in range(17):
        progress.show({**LIVE, "elapsed_s": second + 0.3})
    progress.end()
    assert [line.split()[0] for line in stream.getvalue().splitlines()] == [
        "0:00/5:00",
        "0:05/5:00",
        "0:10/5:00",
        "0:15/5:00",
    ]
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_a_new_phase_is_told_at_once() -> None:
    """That the run preloads, drains or cleans up does not wait for five seconds to go by."""
    stream = io.StringIO()
    progress = Progress(stream)
    for second, said in ((0, None), (1, None), (2, "draining"), (3, "draining")):
        progress.show({"elapsed_s": second, "said": said})
    assert stream.getvalue() == "  0:00\n  0:02  draining\n"


def test_a_terminal_has_one_line_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line takes the place of the one before; at the end it is gone; violations are red, unless NO_COLOR."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Screen()
    progress = Progress(stream)
    progress.show(LIVE)
    progress.show({**LIVE, "violations": 2})
    progress.end()
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().count("\r\x1b[K") == 3
    assert stream.getvalue().endswith("\r\x1b[K")
    assert stream.getvalue().count("\x1b[31m") == 1
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Screen()
    Progress(plain).show({**LIVE, "violations": 2})
    assert "\x1b[31m" not in plain.getvalue()


def test_a_line_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a real pseudo-terminal of 40 columns a line is cut, so that it does not wrap and stay."""
    monkeypatch.setenv("TERM", "xterm")
    master, slave = pty.openpty()
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((40, 24)))
    with os.fdopen(slave, "w") as stream:
        Progress(stream).show(LIVE)
        written = os.read(master, 1000).decode()
    os.close(master)
    assert len(written.removeprefix("\r\x1b[K")) <= 39
    assert written.endswith("…")


@pytest.mark.parametrize(
    ("environ", "wanted"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals_that_want_them(environ: dict[str, str], wanted: bool) -> None:
    """A terminal gets colours unless NO_COLOR is set to something or the terminal is dumb; a file gets none."""
    assert wants_colour(Screen(), environ) is wanted
    assert not wants_colour(io.StringIO(), environ)


def test_a_reader_that_went_away_costs_no_run() -> None:
    """A broken pipe behind the progress is not an error of the run."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    progress = Progress(stream)
    for second in (0, 5, 10):
        progress.show({**LIVE, "elapsed_s": second})
    progress.end()
    with contextlib.suppress(BrokenPipeError):
        stream.close()
