"""Starts the process of a check and hears it until it ends, from whatever thread."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from memconform.options import isolated_environment

_LEAVING = 120.0
"""How long an interrupted run may clean up, in seconds; a second Ctrl-C ends that, too."""


def heard(
    asked: Mapping[str, Any],
    *,
    without: Sequence[str],
    log: Path,
    hear: Callable[[Mapping[str, Any]], None],
    descriptors: Sequence[int] = (),
) -> int:
    """Start `memconform.api.child`, ask for a run and return its exit code; `hear` gets what it tells.

    The variables in `without` are taken out of its environment, and it inherits the descriptors; what it prints goes to
    the file `log`. Whatever is raised meanwhile, Ctrl-C above all, ends the run: it cleans up before this returns.
    """
    inherited = {name: value for name, value in isolated_environment().items() if name not in without}
    with log.open("wb") as said:
        process = subprocess.Popen(
            # -P: no module in the folder where the user stands takes the place of one of ours
            [sys.executable, "-P", "-m", "memconform.api.child"],
            env=inherited,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            pass_fds=descriptors,
        )
        try:
            _ask(process, asked)
            for line in process.stdout or ():
                hear(json.loads(line))
            return process.wait()
        except BaseException as error:
            if not _left(process):
                error.add_note(
                    f"memconform: the run did not end within {_LEAVING:g} s and was killed; "
                    "'memconform cleanup' tells how to delete what it left on the server"
                )
            raise
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _ask(process: subprocess.Popen[bytes], asked: Mapping[str, Any]) -> None:
    if process.stdin:
        with suppress(BrokenPipeError), process.stdin:  # it ended at once: the log says why
            process.stdin.write(json.dumps(asked).encode())
        process.stdin = None  # `communicate` would flush it


def _left(process: subprocess.Popen[bytes]) -> bool:
    """End the run and return whether it ended by itself."""
    for patience in (_LEAVING, 10.0):
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=patience)
        except KeyboardInterrupt:
            continue
        except subprocess.TimeoutExpired:
            break
        else:
            return True
    return False
