"""The lines of an export: which are whole, and whether all of them came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .answer import Answer, json_value, member, unusable
from .failures import MemoryFailure


@dataclass(frozen=True, slots=True)
class ExportFile:
    """`data` is the file as it came, cut after a whole line; `missing` says why it is not all, "" when it is."""

    records: list[dict[str, Any]]
    data: bytes
    missing: str


def export_file(answer: Answer, most_records: int | None) -> ExportFile:
    """Return what came of an export; raises MemoryFailure where no manifest came, or a line is no JSON object."""
    lines = whole_lines(answer)
    if not lines:
        raise answer.broken or unusable("the export is empty, not even a manifest is in it")
    manifest = _line(lines[0], 1)
    if manifest.get("type") != "manifest":
        raise unusable("the first line of the export is not its manifest")
    expected = member(manifest, "count", int, "the manifest")
    wanted = lines[1:] if most_records is None else lines[1 : 1 + most_records]
    records = [_line(line, number) for number, line in enumerate(wanted, 2)]
    data = b"".join(line + b"\n" for line in [lines[0], *wanted])
    return ExportFile(records, data, _missing(answer, len(records), len(lines) - 1, expected))


def whole_lines(answer: Answer) -> list[bytes]:
    """Return the lines that came whole; a last one without a line feed counts if it is JSON."""
    *whole, rest = answer.body.split(b"\n")
    lines = [line.rstrip(b"\r") for line in whole]
    if answer.broken is None and rest.strip():
        try:
            json_value(rest)
        except MemoryFailure:
            pass
        else:
            lines.append(rest)
    return [line for line in lines if line.strip()]


def _missing(answer: Answer, taken: int, came: int, expected: int) -> str:
    """Return why an export is not all there; "" when it is."""
    if taken < came:
        return f"It was cut after max_records, {taken} of {expected} records."
    if answer.broken is not None:
        return f"It ended early, after {came} of {expected} records: {answer.broken.happened}"
    if came != expected:
        return f"Its manifest promises {expected} records, but {came} came."
    return ""


def _line(line: bytes, number: int) -> dict[str, Any]:
    """Return the JSON object in a line."""
    value = json_value(line)
    if not isinstance(value, dict):
        raise unusable(f"line {number} of the export is not a JSON object")
    return value
