"""How whoever started Locust hears of a run: JSON lines on a file that it handed over, or words on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from memconform_load.launch import PROGRESS_VARIABLE


class Channel:
    """Says what goes on."""

    def __init__(self) -> None:
        number = os.environ.get(PROGRESS_VARIABLE)
        self._file = int(number) if number else None
        self.nobody_listens = False
        """Whether whoever started the run is gone: nobody wants its result any more."""

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is None or self.nobody_listens:
            return
        try:
            os.write(self._file, json.dumps(line).encode() + b"\n")
        except OSError:
            self.nobody_listens = True

    def _say(self, text: str) -> None:
        if self._file is None:
            sys.stderr.write(f"memconform: {text}\n")
            sys.stderr.flush()

    def live(self, figures: Mapping[str, Any]) -> None:
        """Send figures of the last seconds; Locust's own tables show them where nobody listens."""
        self._write({"kind": "live", "figures": figures})

    def note(self, text: str) -> None:
        """Say something by the way."""
        self._write({"kind": "note", "text": text})
        self._say(text)

    def refused(self, text: str, exit_code: int) -> None:
        """Say that there is no run, and why."""
        self._write({"kind": "refused", "text": text, "exit_code": exit_code})
        self._say(text)

    def ended(self, exit_code: int, summary: str) -> None:
        """Say that the run has ended; the summary is for those whom nobody else tells."""
        self._write({"kind": "ended", "exit_code": exit_code})
        if self._file is None:
            sys.stderr.write(summary + "\n")
            sys.stderr.flush()
