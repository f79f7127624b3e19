"""`memconform` as a process of its own, away from the user's variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PATIENCE_S = 240


@pytest.fixture(scope="session")
def run() -> Run:
    """Return what runs `memconform` with words and returns what came of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "memconform", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)

    return run
