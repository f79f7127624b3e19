"""A baseline: the runs of a server that a later one is compared with, in one file that a repository can keep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memconform.settings import UsageError
from memconform_load.compare.reading import BASELINE, read_results

_KEPT = (
    "format",
    "tool",
    "environment",
    "target",
    "scenario",
    "plan",
    "model",
    "started_at",
    "load_s",
    "verdict",
    "validity",
)
"""What a comparison needs of a run, beside its latencies. Plans hold no secret."""


def save_baseline(file: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Write the runs. Kept are latencies by operation, by second only where there is a single run."""
    runs = [_trimmed(result, seconds=len(results) == 1) for result in results]
    document = {"format": BASELINE, "runs": runs}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_baseline(file: Path) -> list[dict[str, Any]]:
    """Return the runs; raise `UsageError` where the file holds none."""
    if not file.is_file():
        raise UsageError(f"there is no baseline {file}; write one with --save-baseline {file}")
    return read_results(file)


def _trimmed(result: Mapping[str, Any], *, seconds: bool) -> dict[str, Any]:
    operations = [
        {**{name: value for name, value in row.items() if name != "hops"}, "hops": {"latency": row["hops"]["latency"]}}
        for row in result["operations"]
    ]
    timeline = [{name: row[name] for name in ("second", "operations")} for row in result["timeline"]] if seconds else []
    return {**{name: result[name] for name in _KEPT if name in result}, "operations": operations, "timeline": timeline}
