"""Files that a command leaves: written whole or not at all, so that no reader ever sees half of one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


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
