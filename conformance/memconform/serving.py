"""Starts `memconform serve` as a process of its own and waits until it says that it listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread

START_SECONDS = 30.0


class NotServing(Exception):
    """The server did not start; the message is what it said."""


@contextmanager
def served(options: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run `memconform serve` on a free port of the loopback interface and yield its URL; stop it at the end."""
    words = [sys.executable, "-m", "memconform", "serve", "--port", "0", "--no-access-log", *options]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        words,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _announced(process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _announced(process: subprocess.Popen[str]) -> str:
    """Return the URL in the server's first line."""
    lines: SimpleQueue[str] = SimpleQueue()
    Thread(target=lambda: lines.put(process.stdout.readline() if process.stdout else ""), daemon=True).start()
    try:
        line = lines.get(timeout=START_SECONDS)
    except Empty:
        raise NotServing(f"the server said nothing for {START_SECONDS:.0f} s") from None
    url = next((word for word in line.split() if word.startswith("http")), None)
    if url is None:
        process.kill()
        raise NotServing((process.stderr.read() if process.stderr else "") or "the server ended at once")
    return url
