"""Building environments for other software: once for each list of what is in them, then shared.

An environment is a folder, built in its final place under a lock among processes. It counts only when its marker is
there, which is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

MARKER = "installed"
INSTALL_S = 900.0
QUOTED_LINES = 12

Note: TypeAlias = Callable[[str], None]
"""Hears what takes time, in a sentence."""

_PATHS = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "NETRC"}
_CERTIFICATES = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}


class NotBuilt(Exception):
    """An environment could not be built; the message quotes what the installer said last, and says what to do."""


def folder_of(variable: str, kind: str) -> Path:
    """Return the folder for all environments of a kind: what the variable names, else one in the user's cache."""
    chosen = os.environ.get(variable)
    if chosen:
        return Path(chosen).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "memconform" / kind


def digest(*known: Any) -> str:
    """Return a short name for all that decides what is in an environment; JSON values."""
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def marked(place: Path) -> Any:
    """Return what the marker of an environment says, None where it is not whole."""
    try:
        return json.loads((place / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def mark(place: Path, said: Any) -> None:
    """Say that an environment is whole, and what is in it."""
    (place / MARKER).write_text(json.dumps(said), encoding="utf-8")


def clear(place: Path) -> None:
    """Remove what is half-built."""
    shutil.rmtree(place, ignore_errors=True)


def run(words: Sequence[str], folder: Path, blame: str, advice: str, more: Mapping[str, str] | None = None) -> str:
    """Run a step of the building in `folder` and return its output; raise `NotBuilt` with blame, last lines, advice.

    `more` is laid over the few variables that a building may know of the caller's environment.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the installer, with words of ours
            words,
            cwd=folder,
            env={**variables(os.environ), **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotBuilt(f"{blame}: not done after {INSTALL_S:.0f} s. Is the package index reachable?") from None
    except OSError as error:
        raise NotBuilt(f"{blame}: {error}") from None
    said = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        last = "\n".join(f"    {line}" for line in said.strip().splitlines()[-QUOTED_LINES:])
        raise NotBuilt(f"{blame}. It said last:\n{last}\n{advice}")
    return said


def variables(caller: Mapping[str, str]) -> dict[str, str]:
    """Return what a building may know of the caller's environment: paths, certificates, proxies, pip's settings."""
    allowed = _PATHS | _CERTIFICATES | _PROXIES
    return {
        name: value
        for name, value in caller.items()
        if name.upper() in allowed or name.startswith(("PIP_", "npm_config_", "NPM_CONFIG_"))
    }


@contextmanager
def locked(place: Path, variable: str, on_note: Note) -> Iterator[None]:
    """Hold the lock of an environment among processes; it ends with the process that holds it."""
    import fcntl

    path = place.with_name(place.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise NotBuilt(f"{path.parent} cannot hold environments: {error}. Set ${variable}") from None
    with file:
        waited = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waited:
                    on_note("another process is building this environment; waiting for it")
                waited = True
                time.sleep(0.1)
        yield
