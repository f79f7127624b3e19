"""Runs the suite against a server: a pytest in a process of its own, with nothing of the project it is started from."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from memconform.options import arguments, isolated_environment
from memconform.settings import RunSettings
from memconform.verdict import CONCLUDED, ExitCode


def pytest_arguments(settings: RunSettings, json_file: Path | None) -> list[str]:
    """Return the arguments of the pytest run: our suite and plugins, nothing of the project that the user stands in."""
    from memconform.items import suite_folder

    suite = suite_folder()
    words = [str(suite), f"--rootdir={suite}", "-c", str(suite / "pytest.ini"), "--import-mode=importlib"]
    # unraisableexception collects garbage several times at the end: a tenth of a second that finds nothing of a server.
    unwanted = ("no:terminal", "no:cacheprovider", "no:unraisableexception")
    for plugin in ("memconform.plugin", "memconform.report.progress", *unwanted):
        words += ["-p", plugin]
    words += arguments(settings)
    words += [f"--memory-json={json_file.resolve()}"] if json_file else []
    return words


def in_subprocess(words: list[str]) -> int:
    """Run pytest and return the exit code; Ctrl-C reaches the run, which cleans up and still reports."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *words], env=isolated_environment())  # noqa: S603
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
    try:
        code = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return exit_code(code)


def exit_code(code: int) -> int:
    """Return the exit code of the run; a process that died says nothing about the server."""
    if CONCLUDED <= code <= CONCLUDED + ExitCode.HARNESS:
        return code - CONCLUDED
    sys.stderr.write(f"memconform: the run ended with {code} before it could conclude; the server is not to blame.\n")
    return ExitCode.HARNESS
