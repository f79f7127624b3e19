"""A calibration server as a process of its own, for as long as a block lasts."""

from __future__ import annotations

import http.client
import json
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from memconform_load.calibration.journal import Journal
from memconform_load.calibration.laws import Law
from memconform_load.calibration.wording import law_text, parse_law

_START_S = 30.0
_STOP_S = 5.0


class NotStarted(Exception):
    """The calibration server did not start; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibration server that listens."""

    url: str
    law: Law
    control: str
    pid: int

    def log(self) -> Journal:
        """Return what it has written down so far."""
        parts = urlsplit(self.control)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            connection.request("GET", parts.path)
            return Journal.from_json(json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextmanager
def calibrated(law: Law | str, port: int = 0) -> Iterator[Calibration]:
    """Start a server with the law on the loopback interface, and end it with the block."""
    chosen = parse_law(law) if isinstance(law, str) else law
    words = [sys.executable, "-m", "memconform_load.calibration", "--law", law_text(chosen)]
    words += ["--port", str(port), "--stdin-is-lifeline"]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        url, control = _announced(process)
        yield Calibration(url, chosen, control, process.pid)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _announced(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    if process.stdout is None or process.stderr is None:
        raise AssertionError("unreachable: they are pipes")
    ready, _, _ = select.select([process.stdout], [], [], _START_S)
    line = process.stdout.readline().decode() if ready else ""
    found = re.findall(r"http://[^\s,]+", line)
    if len(found) != 2:
        process.kill()
        said = process.stderr.read().decode(errors="replace").strip() or f"it said nothing for {_START_S:g} s"
        raise NotStarted(f"the calibration server did not start: {said[-1000:]}")
    return found[0], found[1]
