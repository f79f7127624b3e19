"""Reads `result.json`: what is no result of a load test, is damaged or is of another version is refused in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from memconform.contract import validator
from memconform.settings import UsageError
from memconform_load.histogram import Histogram

FORMAT = "memconform.load/1"
_SHOWN = 3


def read_result(path: Path) -> dict[str, Any]:
    """Return the result in a file; raise `UsageError` for what cannot be read or is no such result."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no result of a load test: it is no UTF-8 text") from None
    try:
        document = json.loads(text, parse_constant=_refused)
    except RecursionError:
        raise UsageError(f"{path} is no result of a load test: it is nested too deeply") from None
    except ValueError as error:
        what = "is empty" if not text.strip() else f"is no JSON, or only a part of it ({error})"
        raise UsageError(f"{path} {what}; run the load test again, or take another copy of its result.json") from None
    check_result(document, str(path))
    checked: dict[str, Any] = document
    return checked


def check_result(document: Any, name: str) -> None:
    """Raise `UsageError` unless a document is a result of this version whose histograms can be read."""
    _check_format(document, name)
    wrong = [f"{error.pointer or 'the top'}: {error.message}" for error in validator("load").errors(document)]
    if not wrong:
        wrong = [f"{pointer}: {why}" for pointer, why in _damaged(document)]
    if wrong:
        more = [f"… and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
        said = "\n".join(f"  {line}" for line in [*wrong[:_SHOWN], *more])
        raise UsageError(
            f"{name} says that it is a result ({FORMAT}), but it is damaged or was changed by hand:\n{said}\n"
            "Take another copy of the result.json that 'memconform load' wrote, or run the load test again."
        )


def _check_format(document: Any, name: str) -> None:
    said = document.get("format") if isinstance(document, dict) else None
    if said == FORMAT:
        return
    found = re.fullmatch(r"memconform\.(\w+)/(\d+)", said) if isinstance(said, str) else None
    if found is None:
        raise UsageError(f"{name} is no result of a load test: it has no member 'format' that says {FORMAT!r}")
    if found[1] != "load":
        raise UsageError(f"{name} is a result of another command ({said}); expected one that 'memconform load' wrote")
    if int(found[2]) > 1:
        raise UsageError(f"{name} was written by a newer memconform ({said}); this one reads {FORMAT}: upgrade it")
    raise UsageError(f"{name} is of an older format ({said}); this memconform reads {FORMAT}: run the load test again")


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


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON")
