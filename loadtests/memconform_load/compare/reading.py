"""Results from files: one `result.json`, a folder of them, or a baseline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memconform.settings import UsageError

RESULT = "memconform.load/1"
BASELINE = "memconform.load-baseline/1"


def read_results(path: Path) -> list[dict[str, Any]]:
    """Return the results of a file or of all files `*.json` and `*/result.json` in a folder; raise `UsageError`."""
    if not path.is_dir():
        return _read(path)
    files = sorted([*path.glob("*.json"), *path.glob("*/result.json")])
    if not files:
        raise UsageError(f"the folder {path} holds no results; expected files such as run-1.json")
    return [result for file in files for result in _read(file)]


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{file} is no JSON: {error}") from None
    form = document.get("format") if isinstance(document, Mapping) else None
    if form == RESULT:
        return [_checked(document, file)]
    if form == BASELINE and isinstance(document.get("runs"), list) and document["runs"]:
        return [_checked(run, file) for run in document["runs"]]
    raise UsageError(
        f"{file} holds no result of a load test: its format is {form!r}; expected {RESULT!r}, "
        "as 'memconform load URL --json FILE' writes it"
    )


def _checked(document: Any, file: Path) -> dict[str, Any]:
    members = (
        "environment",
        "load_s",
        "model",
        "operations",
        "plan",
        "scenario",
        "timeline",
        "tool",
        "validity",
        "verdict",
    )
    missing = [name for name in members if not isinstance(document, Mapping) or name not in document]
    if missing:
        raise UsageError(f"{file} is damaged: it lacks {', '.join(missing)}; run the load test again")
    return dict(document)
