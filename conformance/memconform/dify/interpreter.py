"""The Python that runs plugins: Dify's daemon uses 3.12; 3.11 works with an older SDK."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from memconform.dify.failures import EnvironmentFailed

VARIABLE = "MEMCONFORM_PLUGIN_PYTHON"
"""Names the interpreter of plugins where no option does."""

PREFERRED = "python3.12"
OLDEST = (3, 11)

_ASK = (
    "import json, sys;"
    "print(json.dumps([sys.executable, sys.version_info[:3], sys.implementation.name, sys.base_prefix]))"
)
_ANSWER_S = 30.0


@dataclass(frozen=True)
class Interpreter:
    """A Python that answered: its path, its version such as (3, 12, 1), and where it is installed."""

    path: str
    version: tuple[int, ...]
    implementation: str
    base_prefix: str

    @property
    def version_text(self) -> str:
        """The version as people write it: 3.12.1."""
        return ".".join(map(str, self.version))


def interpreter(python: str | None = None, on_note: Callable[[str], None] = lambda _: None) -> Interpreter:
    """Return the interpreter for plugins: `python`, else $MEMCONFORM_PLUGIN_PYTHON, else python3.12, else our own.

    Raise `EnvironmentFailed` when the one that was asked for does not run or is too old.
    """
    wanted = python or os.environ.get(VARIABLE)
    if wanted:
        return _recent(_asked(wanted), "--python" if python else f"${VARIABLE}")
    try:
        return _asked(PREFERRED)
    except EnvironmentFailed:
        # Or it is a version manager's shim, which is there for every version and fails for those that are not active.
        on_note(
            f"no {PREFERRED} on PATH that runs: the plugin gets Python {sys.version_info[0]}.{sys.version_info[1]}, "
            f"Dify's daemon would give it 3.12. Set ${VARIABLE}, or --python where the command has it, to change that"
        )
    return _recent(_asked(sys.executable), "the running interpreter")


def _asked(python: str) -> Interpreter:
    """Run an interpreter and return what it says of itself."""
    found = shutil.which(python)
    if found is None:
        raise EnvironmentFailed(f"there is no interpreter {python!r}: give the path of a Python 3.12 (or 3.11)")
    try:
        return _answer_of(found)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFailed(f"{python!r} is no Python that runs: {error}") from None


@functools.cache
def _answer_of(found: str) -> Interpreter:
    words = [found, "-c", _ASK]
    said = subprocess.run(words, capture_output=True, text=True, timeout=_ANSWER_S, check=False)  # noqa: S603 - the user's own interpreter
    path, version, implementation, prefix = json.loads(said.stdout)
    return Interpreter(path, tuple(version), implementation, prefix)


def _recent(found: Interpreter, origin: str) -> Interpreter:
    if found.version[:2] < OLDEST:
        raise EnvironmentFailed(
            f"{origin} is Python {found.version_text}; Dify's SDK needs 3.11 or later, and Dify's daemon runs 3.12"
        )
    return found
