"""Reads the last run, to compare with: a `matrix.json`, a site's folder that has one, or a folder of results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from memconform.matrix.servers import contract_rows, server
from memconform.result_file import CONFORMANCE, LOAD, Kind, check_result, read_json, read_result
from memconform.settings import UsageError

MATRIX = Kind("matrix", "a comparison of servers", "memconform matrix FILE… --json FILE")
DATA = "matrix.json"
"""The site's own data."""

Standing: TypeAlias = Mapping[str, Any]
"""A server of some run: `judged_at`, `verdict`, `badge` and its requirement `rows` (id, level, profile, outcome)."""


def read_earlier(path: Path) -> dict[str, Standing]:
    """Return the servers of an earlier run by name; raise `UsageError` where there is none to be read."""
    if path.is_file():
        return standings(read_result(path, MATRIX))
    if (path / DATA).is_file():
        return standings(read_result(path / DATA, MATRIX))
    results: dict[str, Any] = {}
    for file in sorted(path.glob("*.json")):
        document = read_json(file, (CONFORMANCE, LOAD))
        if not isinstance(document, list) and check_result(document, str(file), CONFORMANCE, LOAD) is CONFORMANCE:
            results[file.stem] = document
    if not results:
        raise UsageError(f"{path} holds neither a {DATA} nor a conformance result; give the folder of an earlier run")
    rows = contract_rows(results.values())
    return standings({"servers": [server(name, result) for name, result in results.items()], **rows})


def standings(matrix: Mapping[str, Any]) -> dict[str, Standing]:
    """Return the servers of a matrix by name."""
    known = {row["id"]: row for row in matrix["requirements"]}
    return {
        each["name"]: {
            **{name: each[name] for name in ("judged_at", "verdict", "badge")},
            "rows": [
                {name: known[requirement][name] for name in ("id", "level", "profile")} | {"outcome": outcome}
                for requirement, outcome in each["requirements"].items()
            ],
        }
        for each in matrix["servers"]
    }
