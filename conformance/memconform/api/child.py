"""The process of a check: `python -m memconform.api.child`. It is asked on stdin and tells on stdout, in JSON.

It reads one object, {"settings", "environment", "result"}: so no argument list ever holds a header, and no file a key.
It writes a line for each test that ended, and one where the run ended for a reason of its own:

    {"kind": "test", "done", "planned", "test", "requirement", "outcome"}
    {"kind": "ended", "why", "text"}    why is the name of an exception
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from memconform.budget import Budget
from memconform.interruption import Interruption
from memconform.running import pytest_arguments
from memconform.settings import RunSettings


class _Telling:
    """Stands in for the terminal reporter, like `memconform.report.progress`, whose name it takes."""

    def __init__(self, channel: IO[str]) -> None:
        self.channel = channel
        self.done = self.planned = 0

    def _tell(self, **said: Any) -> None:
        print(json.dumps(said), file=self.channel, flush=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what will be tested."""
        self.planned = len(session.items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say why the suite cannot be loaded."""
        if report.failed:
            sys.stderr.write(f"the suite cannot be loaded: {report.longreprtext}\n")

    def pytest_internalerror(self, excrepr: object) -> None:
        """Say why the harness failed."""
        sys.stderr.write(f"{excrepr}\n")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell of a test that ended."""
        record = getattr(report, "memconform", None)
        if record is not None:
            self.done += 1
            names = {name: record[name] for name in ("test", "requirement", "outcome")}
            try:
                self._tell(kind="test", done=self.done, planned=self.planned, **names)
            except OSError:  # who asked is gone; the run ends, and cleans up
                raise KeyboardInterrupt from None

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell why the run ends early: Ctrl-C, no server, or what pytest itself had to say."""
        text = getattr(excinfo.value, "msg", None) or str(excinfo.value)
        with suppress(OSError):
            self._tell(kind="ended", why=excinfo.typename, text=text)


class _Named:
    """Registers the reporter under the name by which the plugin knows that a program started the run."""

    def __init__(self, telling: _Telling) -> None:
        self.telling = telling

    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the place of the command's own reporter."""
        config.pluginmanager.register(self.telling, "memconform-check")


def _own_channel() -> IO[str]:
    """Return what stdout was, and let it be stderr: nothing that a test or a command prints gets in between."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")  # not inherited by the programs that are started
    os.dup2(2, 1)
    return channel


def main() -> int:
    """Run what was asked for, and return pytest's exit code."""
    Interruption().of([signal.SIGINT])
    asked = json.load(sys.stdin)
    os.environ.update(asked["environment"])
    words = pytest_arguments(_settings(asked["settings"]), Path(asked["result"]), reporter=None)
    return pytest.main(words, plugins=[_Named(_Telling(_own_channel()))])


def _settings(said: Mapping[str, Any]) -> RunSettings:
    lists = {name: tuple(said[name]) for name in ("profiles", "requirements", "headers")}
    return RunSettings(**{**said, **lists, "budget": Budget(**said["budget"])})


if __name__ == "__main__":
    sys.exit(main())
