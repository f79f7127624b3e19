"""Reads `result.json`: what is no result of a load test, is damaged or is of another version is refused in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memconform import result_file
from memconform.result_file import LOAD, read_json, refuse_damaged
from memconform_load.histogram import Histogram


def read_result(path: Path) -> dict[str, Any]:
    """Return the result in a file; raise `UsageError` for what cannot be read or is no such result."""
    document = read_json(path, [LOAD])
    check_result(document, str(path))
    checked: dict[str, Any] = document
    return checked


def check_result(document: Any, name: str) -> None:
    """Raise `UsageError` unless a document is a result of this version whose histograms can be read."""
    result_file.check_result(document, name, LOAD)
    refuse_damaged(name, LOAD, [f"{pointer}: {why}" for pointer, why in _damaged(document)])


def _damaged(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield place and reason of each histogram that cannot be read, or that does not hold what its summary counts."""
    for pointer, summary in _summaries(document):
        try:
            count = Histogram.from_encoded(summary["hdr"]).count
        except Exception:  # noqa: BLE001 - the library raises a dozen kinds for what is no histogram
            yield f"{pointer}/hdr", "the histogram cannot be decoded"
            continue
        if count != summary["count"]:
            yield f"{pointer}/hdr", f"the histogram holds {count:,} times, the summary says {summary['count']:,}"


def _summaries(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, row in enumerate(document["operations"]):
        for hop, summary in row["hops"].items():
            yield f"/operations/{index}/hops/{hop}", summary
        if "failures" in row:
            yield f"/operations/{index}/failures", row["failures"]
    for index, row in enumerate(document["measured"]):
        yield f"/measured/{index}/summary", row["summary"]
