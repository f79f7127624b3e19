"""The process of a run: `python -m memconform.pytest_process WORDS…`, a pytest that every ending signal interrupts.

Who starts it blocks the signals until it can take them, so that none ends it with a traceback while it still imports.
"""

from __future__ import annotations

import os
import signal
import sys

from memconform.interruption import Interruption
from memconform.outliving import outliving

INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals after which a run ends early, cleans up, and reports: Ctrl-C, an ordinary end, a closed terminal."""


def main() -> int:
    """Run pytest with the words of the command line and return its exit code; one that is interrupted says so."""
    interruption = Interruption()
    code = None
    try:
        interruption.of(not_ignored(*INTERRUPTING))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTING)
        sys.stdout, sys.stderr = outliving(sys.stdout), outliving(sys.stderr)
        import pytest

        code = int(pytest.main())
    except KeyboardInterrupt:
        pass
    signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTING)  # it is over: nothing is left to interrupt
    if not interruption.times:
        return 1 if code is None else code
    code = _interrupted(code, again=interruption.times > 1)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a caught KeyboardInterrupt that came through exec() would make it 130


def _interrupted(code: int | None, *, again: bool) -> int:
    """Return the exit code of a run that was interrupted; tell where it came to no conclusion."""
    from memconform.verdict import CONCLUDED, ExitCode

    if code is not None and code >= CONCLUDED:
        return code
    more = "; what it created may be left, see 'memconform cleanup --help'" if again else ""
    sys.stderr.write(f"memconform: interrupted, there is no result{more}\n")
    return CONCLUDED + ExitCode.USAGE


def not_ignored(*numbers: signal.Signals) -> list[signal.Signals]:
    """Return those of the signals that this process was not started to ignore, as `nohup` and `&` of a script do."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


if __name__ == "__main__":
    sys.exit(main())
