"""Files that a command leaves: written whole or not at all, so that no reader ever sees half of one.

One is appended to: the summary of a GitHub step, a file that all commands of the step share.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable in which GitHub names the file of a step's summary."""
STEP_SUMMARY_BYTES = 1024 * 1024
"""GitHub drops a longer one, all of it."""
_TOO_LONG = "⚠️ The rest did not fit into the summary of this step."


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document as JSON; raise `OSError` where that cannot be."""
    write_text(path, json.dumps(document, indent=1, ensure_ascii=True) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Write a file beside its place, move it there, and return the path.

    Where that cannot be, as with a device or a closed folder, it is written in place; raises `OSError` where that
    cannot be either.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode("utf-8", errors="backslashreplace")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        if path.is_file() or not path.exists():
            unfinished.write_bytes(content)
            unfinished.replace(path)
            return path
    with suppress(OSError):
        unfinished.unlink(missing_ok=True)
    with path.open("wb") as stream:
        stream.write(content)
    return path


def write_summary(path: Path, text: str) -> Path:
    """Write Markdown as `write_text` does; append it where the file is the one that `GITHUB_STEP_SUMMARY` names.

    Where that would become too long for GitHub, the first line is appended, and a note. Raises `OSError` where the file
    cannot be written.
    """
    if not _is_step_summary(path):
        return write_text(path, text)
    before = path.read_bytes() if path.exists() else b""
    gap = b"" if not before or before.endswith(b"\n\n") else b"\n" if before.endswith(b"\n") else b"\n\n"
    content = gap + text.encode("utf-8", errors="backslashreplace")
    if len(before) + len(content) > STEP_SUMMARY_BYTES:
        content = gap + f"{text.splitlines()[0]}\n\n{_TOO_LONG}\n".encode(errors="backslashreplace")
    with path.open("ab") as stream:
        stream.write(content)
    return path


def _is_step_summary(path: Path) -> bool:
    named = os.environ.get(STEP_SUMMARY)
    return named is not None and named != "" and Path(named).resolve() == path.resolve()
