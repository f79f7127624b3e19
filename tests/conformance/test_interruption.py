"""Ctrl-C ends a run wherever it comes."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


@pytest.mark.parametrize(
    "meanwhile",
    [
        "gc.callbacks.append(lambda *_: press())\ngc.collect()",
        "class Ending:\n    def __del__(self):\n        press()\nEnding()",
        "press()",
    ],
    ids=["in a callback of the collector", "in __del__", "in the program"],
)
def test_it_is_taken_once_wherever_it_comes(meanwhile: str) -> None:
    """Also where Python would only print what is raised; what comes within the same moment is the same press."""
    program = f"""
import gc, os, signal, time
from memconform.interruption import Interruption
interruption = Interruption()
interruption.of([signal.SIGINT])
def press():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.001)  # the signal is handled here
try:
{textwrap.indent(meanwhile, "    ")}
    time.sleep(30)
    print("lost")
except KeyboardInterrupt:
    gc.callbacks.clear()
    press()
    print("taken", interruption.times)
"""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.stdout, ended.stderr) == ("taken 1\n", "")
