"""Runs the suite against a server: a pytest in a process of its own, with nothing of the project it is started from."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from memconform.options import arguments, isolated_environment
from memconform.pytest_process import INTERRUPTING, not_ignored
from memconform.settings import RunSettings
from memconform.verdict import CONCLUDED, ExitCode


def pytest_arguments(
    settings: RunSettings, json_file: Path | None, reporter: str | None = "memconform.report.progress"
) -> list[str]:
    """Return the arguments of the pytest run: our suite and plugins, nothing of the project that the user stands in.

    `reporter` is the plugin that takes the place of pytest's terminal output.
    """
    from memconform.items import suite_folder

    suite = suite_folder()
    words = [str(suite), f"--rootdir={suite}", "-c", str(suite / "pytest.ini"), "--import-mode=importlib"]
    # unraisableexception collects garbage several times at the end: a tenth of a second that finds nothing of a server.
    unwanted = ("no:terminal", "no:cacheprovider", "no:unraisableexception")
    for plugin in ("memconform.plugin", reporter, *unwanted):
        words += ["-p", plugin] if plugin else []
    words += arguments(settings)
    words += [f"--memory-json={json_file.resolve()}"] if json_file else []
    return words


def in_subprocess(words: list[str], descriptors: Sequence[int] = (), marks: Mapping[str, str] | None = None) -> int:
    """Run pytest and return the exit code; Ctrl-C, SIGTERM or a closed terminal reach the run, which still reports.

    The run inherits the descriptors, and finds the marks in its environment, as everything does that it starts.
    """
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTING)
    previous = {number: signal.getsignal(number) for number in INTERRUPTING}
    try:
        process = subprocess.Popen(  # noqa: S603 - our own words
            # -P: no module in the folder where the user stands takes the place of one of ours
            [sys.executable, "-P", "-m", "memconform.pytest_process", *words],
            env=isolated_environment() | dict(marks or {}),
            pass_fds=descriptors,
        )
        for number in not_ignored(signal.SIGINT):  # the terminal sends it to both
            # No SIG_IGN: a server that is started again meanwhile would inherit it.
            signal.signal(number, lambda *_: None)
        for number in not_ignored(signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.terminate())
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        code = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    return exit_code(code)


def exit_code(code: int) -> int:
    """Return the exit code of the run; a process that died says nothing about the server."""
    if CONCLUDED <= code <= CONCLUDED + ExitCode.HARNESS:
        return code - CONCLUDED
    sys.stderr.write(f"memconform: the run ended with {code} before it could conclude; the server is not to blame.\n")
    return ExitCode.HARNESS
