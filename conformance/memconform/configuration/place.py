"""Where the configuration lies: in the nearest folder upwards that has one, within the repository."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from memconform.settings import UsageError

FILE = "memconform.toml"
PYPROJECT = "pyproject.toml"
_ROOTS = (".git", ".hg", ".jj")
"""What the root of a repository holds: beyond it nothing is looked for."""


def find_file(start: Path) -> Path | None:
    """Return the configuration of the nearest folder from `start` upwards; None where no folder has one.

    Raises `UsageError` where a folder has two, a pyproject.toml that cannot be read, or a file of a stranger.
    """
    folder = start.resolve()
    for each in (folder, *folder.parents):
        found = _in(each)
        if found:
            _check_owner(found, folder)
        if found or any((each / root).exists() for root in _ROOTS):
            return found
    return None


def _in(folder: Path) -> Path | None:
    own, shared = folder / FILE, folder / PYPROJECT
    configured = shared.is_file() and "memconform" in _tools(shared)
    if own.is_file() and configured:
        raise UsageError(
            f"{folder} has two configurations: {FILE}, and [tool.memconform] in {PYPROJECT}; keep one of them"
        )
    return own if own.is_file() else shared if configured else None


def _check_owner(file: Path, folder: Path) -> None:
    """Raise `UsageError` for the file of a user who has nothing to do with the folder: it could run commands here."""
    owner = file.stat().st_uid
    if owner not in (0, os.geteuid(), folder.stat().st_uid):
        raise UsageError(
            f"{file} belongs to another user, and a configuration can start commands: "
            f"name it if you trust it, as in 'memconform --config {file} check', or run where it does not reach"
        )


def _tools(file: Path) -> dict[str, object]:
    tools = toml(file).get("tool", {})
    return tools if isinstance(tools, dict) else {}


def toml(file: Path) -> dict[str, object]:
    """Return what a TOML file says; raise `UsageError` where it cannot be read, or is no TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no TOML: it is no UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is no TOML: {error}") from None
