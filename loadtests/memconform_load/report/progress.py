"""How a run is going on, from the recorder's last seconds: one line that moves on a terminal, else one every 5 s."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import click

from memconform.report.terminal import plain
from memconform_load.report.figures import clock, milliseconds, number, whole
from memconform_load.report.terminal import clipped

EVERY_S = 5.0
"""Seconds of the load between two lines where lines do not move."""


def wants_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether colours are wanted: on a terminal, unless `NO_COLOR` says otherwise or the terminal is dumb."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def progress_line(live: Mapping[str, Any]) -> str:
    """Return one line without colour.

    `live` is what a run tells (see `memconform_load.launch`): `elapsed_s`, and any of `duration_s`, `rate_per_s` (calls
    that ended), `intended_per_s` (arrivals; each may make several calls), `p50_ms`, `p95_ms` and `p99_ms` of the last
    seconds, `in_flight`, `failed` and `violations` since the start, and `said`, a phase in a few words.
    """
    of = f"/{clock(live['duration_s'])}" if live.get("duration_s") else ""
    parts = [f"{clock(live['elapsed_s'])}{of}"]
    if live.get("said"):
        parts.append(plain(str(live["said"])))
    if live.get("rate_per_s") is not None:
        due = f" ({number(live['intended_per_s'])}/s due)" if live.get("intended_per_s") is not None else ""
        parts.append(f"{number(live['rate_per_s'])} calls/s{due}")
    if "p50_ms" in live:
        figures = "/".join(milliseconds(live.get(name)) for name in ("p50_ms", "p95_ms", "p99_ms"))
        parts.append(f"p50/p95/p99 {figures} ms")
    if live.get("in_flight") is not None:
        parts.append(f"{whole(live['in_flight'])} in flight")
    parts += [f"{whole(live[name])} {name}" for name in ("failed", "violations") if live.get(name) is not None]
    return "  ".join(parts)


class Progress:
    """Shows lines on a stream; use one for each run."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._moving = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = wants_colour(stream)
        self._next_s = 0.0
        self._said: object = None

    def show(self, live: Mapping[str, Any]) -> None:
        """Show how it goes: at once on a terminal; else when 5 seconds have gone by, or when a new phase begins."""
        line = progress_line(live)
        if self._moving:
            text = clipped(f"  {line}", self._columns())
            bad = live.get("violations") and self._colour
            self._write(f"\r\x1b[K{click.style(text, fg='red') if bad else text}")
        elif live["elapsed_s"] >= self._next_s or live.get("said") != self._said:
            self._next_s = (live["elapsed_s"] // EVERY_S + 1) * EVERY_S
            self._write(f"  {line}\n")
        self._said = live.get("said")

    def end(self) -> None:
        """Take the moving line away."""
        if self._moving:
            self._write("\r\x1b[K")

    def _columns(self) -> int:
        try:
            return max(os.get_terminal_size(self._stream.fileno()).columns - 1, 20)
        except (OSError, ValueError):  # no file behind the stream, or none that has a size
            return 79

    def _write(self, text: str) -> None:
        """Write at once; a reader that went away ends the progress, not the run."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            self._moving, self._next_s = False, float("inf")
