"""Starts Locust for a plan and returns the result. A process of its own: Locust monkey-patches whatever imports it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from memconform.ports import free_port
from memconform_load.exit_codes import HARNESS
from memconform_load.interrupting import Interruption
from memconform_load.plan import Plan
from memconform_load.scenarios import scenario_path

PROGRESS_VARIABLE = "MEMCONFORM_LOAD_PROGRESS"
"""Names the number of the open file that a run's progress goes to, a JSON line each."""

_TOLD = 4000
"""So many characters of what Locust printed are shown where it failed."""


class RunFailed(Exception):
    """There is no result: the message says why. `exit_code` is what a command should end with."""

    def __init__(self, said: str, exit_code: int = HARNESS) -> None:
        super().__init__(said)
        self.exit_code = exit_code


def run(
    plan: Plan,
    *,
    on_live: Callable[[Mapping[str, Any]], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    env: Mapping[str, str] | None = None,
    locust_options: Sequence[str] = (),
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """Run a plan and return its result. `on_live` gets figures of the last seconds, once a second.

    Raises `RunFailed` where there is no result, `UsageError` where there is no such scenario. Ctrl-C ends the run early
    and returns what is known, with the verdict `interrupted`; so do the other signals that an `interruption` hears.
    `KeyboardInterrupt` is raised where it came before there was anything to know.
    """
    path = scenario_path(plan.scenario)
    interruption = interruption or Interruption()
    if interruption.happened:
        raise KeyboardInterrupt
    with tempfile.TemporaryDirectory(prefix="memconform-load-") as folder:
        plan_file, result_file, log = (Path(folder) / name for name in ("plan.json", "result.json", "locust.log"))
        plan_file.write_text(json.dumps(plan.as_json()), encoding="utf-8")
        words = [sys.executable, "-m", "locust", "-f", str(path), "--host", plan.url, "--only-summary"]
        words += ["--plan-file", str(plan_file), "--result-file", str(result_file), *(locust_options or ["--headless"])]
        words += ["--processes", str(plan.workers), *_ports()] if plan.workers > 1 else []
        heard = _Heard(on_live, on_note)
        with log.open("w", encoding="utf-8") as said:
            code = _listened(words, {**os.environ, **(env or {})}, said, heard, interruption)
        if heard.refused is not None:
            raise RunFailed(*heard.refused)
        if not result_file.exists() and interruption.happened:
            raise KeyboardInterrupt
        if not result_file.exists():
            raise RunFailed(f"Locust ended with exit code {code} and gave no result:\n{_tail(log)}")
        document: dict[str, Any] = json.loads(result_file.read_text(encoding="utf-8"))
        return document


def _ports() -> list[str]:
    """Return options for a port of the master's own, on the loopback interface: two runs at once must not meet."""
    port = str(free_port())
    return ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]


class _Heard:
    """What a run said of itself."""

    def __init__(
        self, on_live: Callable[[Mapping[str, Any]], None] | None, on_note: Callable[[str], None] | None
    ) -> None:
        self._live, self._note = on_live, on_note
        self.refused: tuple[str, int] | None = None

    def take(self, line: bytes) -> None:
        """Take one line."""
        try:
            said = json.loads(line)
        except ValueError:
            return
        if said["kind"] == "live" and self._live:
            self._live(said["figures"])
        elif said["kind"] == "note" and self._note:
            self._note(said["text"])
        elif said["kind"] == "refused":
            self.refused = (said["text"], said["exit_code"])


def _listened(words: list[str], environ: dict[str, str], log: Any, heard: _Heard, interruption: Interruption) -> int:
    """Run Locust in a process group of its own, so that Ctrl-C reaches it once, from here; return its exit code."""
    reading, writing = os.pipe()
    environ |= {PROGRESS_VARIABLE: str(writing)}
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        words,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=(writing,),
        start_new_session=True,
    )
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as lines, interruption.reaches(process):
            _until_closed(lines, process, heard, interruption)
        return process.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _until_closed(lines: Any, process: subprocess.Popen[bytes], heard: _Heard, interruption: Interruption) -> None:
    """Hear line after line; a first Ctrl-C asks the run to end, a second one asks it to leave at once."""
    while True:
        try:
            for line in lines:
                heard.take(line)
        except KeyboardInterrupt:
            interruption.happened = True
            process.send_signal(signal.SIGINT)
        else:
            return


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_TOLD:].strip() or "(it printed nothing)"
