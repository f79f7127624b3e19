"""The environments of providers: Python or Node, from the lock in the definition's folder, hashes required.

They live below $MEMCONFORM_PROVIDER_ENVIRONMENTS, else in the user's cache.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from memconform import environments
from memconform.providers.failures import Unfit

if TYPE_CHECKING:
    from memconform.environments import Note
    from memconform.providers.definition import Definition

VARIABLE = "MEMCONFORM_PROVIDER_ENVIRONMENTS"

_ADVICE = "Is the package index reachable? Nothing half-built is used; run the command again"
_ANSWER_S = 30.0


def installed(wanted: Definition, on_note: Note) -> dict[str, str]:
    """Return what the placeholders of the environments stand for, building them where they are not there.

    `python` and `bin` where the definition has a Python lock, `node_bin` where it has a Node lock. Raises `Unfit`.
    """
    found: dict[str, str] = {}
    if wanted.python_lock:
        place = _python_environment(wanted, wanted.python_lock, on_note)
        found |= {"python": str(place / "bin" / "python"), "bin": str(place / "bin")}
    if wanted.node_lock:
        place = _node_environment(wanted, wanted.node_lock, on_note)
        found |= {"node_bin": str(place / "node_modules" / ".bin")}
    return found


def _python_environment(wanted: Definition, lock: Path, on_note: Note) -> Path:
    base = interpreter(wanted.python)
    place = _place(wanted, base, platform.machine(), lock.read_text("utf-8"))
    with _unfit():
        if _whole(place, "bin/python"):
            return place
        with environments.locked(place, VARIABLE, on_note):
            if not _whole(place, "bin/python"):  # another process may have built it while this one waited
                _build_python(place, base, lock, wanted.name, on_note)
    return place


def _build_python(place: Path, base: str, lock: Path, name: str, on_note: Note) -> None:
    environments.clear(place)
    on_note(f"building the environment of {name} from its lock; this happens once")
    blame = f"the environment of {name} could not be built"
    environments.run([base, "-m", "venv", str(place)], lock.parent, blame, _ADVICE)
    environments.run([*_installer(place / "bin" / "python"), str(lock)], lock.parent, blame, _ADVICE)
    environments.mark(place, {"lock": lock.name})


def _installer(python: Path) -> list[str]:
    """Return the words that install a lock; uv where it is at hand, which takes seconds where pip takes minutes."""
    if importlib.util.find_spec("uv"):
        return [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            str(python),
            "--require-hashes",
            "-r",
        ]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    return [*pip, "--require-hashes", "-r"]


def _node_environment(wanted: Definition, lock: Path, on_note: Note) -> Path:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Unfit(f"{wanted.title} needs Node.js with npm, which are not on PATH: install them")
    package = lock.with_name("package.json")
    place = _place(wanted, "node", platform.machine(), package.read_text("utf-8"), lock.read_text("utf-8"))
    with _unfit():
        if _whole(place, "node_modules"):
            return place
        with environments.locked(place, VARIABLE, on_note):
            if not _whole(place, "node_modules"):
                environments.clear(place)
                place.mkdir(parents=True)
                on_note(f"building the Node environment of {wanted.name} from its lock; this happens once")
                for file in (package, lock):
                    shutil.copy(file, place)
                words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
                environments.run(words, place, f"the Node environment of {wanted.name} could not be built", _ADVICE)
                environments.mark(place, {"lock": lock.name})
    return place


def interpreter(version: str | None) -> str:
    """Return a Python of that version, such as "3.12": ours, one on PATH, or one of pyenv's; raise `Unfit`."""
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if version in (None, ours):
        return sys.executable
    for path in (shutil.which(f"python{version}"), *_of_pyenv(version or "")):
        if path and _runs([path, "-c", ""]) is not None:
            return path
    raise Unfit(f"Python {version} is needed and was not found: install it (python{version} on PATH, or with pyenv)")


def _of_pyenv(version: str) -> list[str]:
    """Return the interpreters of a version that pyenv has, active or not."""
    pyenv = shutil.which("pyenv")
    prefix = _runs([pyenv, "prefix", version]) if pyenv else None
    return [f"{prefix.strip()}/bin/python"] if prefix else []


def _runs(words: Sequence[str]) -> str | None:
    """Return what a command prints, None where it fails: a version manager's shim is there for every version."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_ANSWER_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _place(wanted: Definition, *known: str) -> Path:
    return environments.folder_of(VARIABLE, "providers") / f"{wanted.name}-{environments.digest(*known)}"


def _whole(place: Path, holds: str) -> bool:
    return environments.marked(place) is not None and (place / holds).exists()


@contextmanager
def _unfit() -> Iterator[None]:
    try:
        yield
    except environments.NotBuilt as error:
        raise Unfit(str(error)) from None
