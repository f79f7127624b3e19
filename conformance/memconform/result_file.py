"""Reads the result files of the toolkit: what is none, is damaged or is of another version is refused in words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from memconform.contract import validator
from memconform.settings import UsageError

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of result file: `memconform.NAME/VERSION` in its member `format`, schema `results/NAME.schema.json`."""

    name: str
    what: str
    """What it is a result of, such as "a conformance run"."""
    command: str
    """What writes it."""
    version: int = 1

    @property
    def format(self) -> str:
        """The value of the member `format`."""
        return f"memconform.{self.name}/{self.version}"


CONFORMANCE = Kind("conformance", "a conformance run", "memconform check --json FILE")
CLIENT = Kind("client", "a check of a client", "memconform plugin check --json FILE")
LOAD = Kind("load", "a load test", "memconform load --json FILE")


def read_result(path: Path, *kinds: Kind) -> dict[str, Any]:
    """Return the result in a file; raise `UsageError` for what cannot be read, or is no sound result of these kinds."""
    document = read_json(path, kinds)
    check_result(document, str(path), *kinds)
    checked: dict[str, Any] = document
    return checked


def read_json(path: Path, kinds: Sequence[Kind]) -> Any:
    """Return what a file holds; raise `UsageError` where it cannot be read or is no JSON."""
    what, command = _named(kinds)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no result of {what}: it is no UTF-8 text") from None
    try:
        return json.loads(text, parse_constant=_refused)
    except RecursionError:
        raise UsageError(f"{path} is no result of {what}: it is nested too deeply") from None
    except ValueError as error:
        why = "is empty" if not text.strip() else f"is no JSON, or only a part of it ({error})"
        raise UsageError(f"{path} {why}; make it again with '{command}', or take another copy of it") from None


def check_result(document: Any, name: str, *kinds: Kind) -> Kind:
    """Return the kind of a result; raise `UsageError` unless it is one of these kinds, of this version, and sound."""
    kind = _kind(document, name, kinds)
    damaged = [f"{error.pointer or 'the top'}: {error.message}" for error in validator(kind.name).errors(document)]
    if not damaged and kind in (CONFORMANCE, CLIENT):
        damaged = list(_contradictions(document))
    refuse_damaged(name, kind, damaged)
    return kind


def _contradictions(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield where a verdict is not that of its requirements."""
    verdict = result["verdict"]
    counts = Counter(row["outcome"] for row in result["requirements"] if row.get("scored", True))
    if verdict["counts"] != counts:
        yield f"/verdict/counts: the requirements are {dict(sorted(counts.items()))}"
    if counts["fail"] and verdict["conformance"] != "not conformant":
        yield f"/verdict/conformance: {verdict['conformance']!r}, and {counts['fail']} of the requirements failed"


def refuse_damaged(name: str, kind: Kind, damaged: Sequence[str]) -> None:
    """Raise `UsageError` where something is wrong with a result; each line says where and what."""
    if damaged:
        more = [f"… and {len(damaged) - _SHOWN} more"] if len(damaged) > _SHOWN else []
        said = "\n".join(f"  {line}" for line in [*damaged[:_SHOWN], *more])
        raise UsageError(
            f"{name} says that it is a result ({kind.format}), but it is damaged or was changed by hand:\n{said}\n"
            f"Take another copy of what '{kind.command}' wrote, or make it again."
        )


def _kind(document: Any, name: str, kinds: Sequence[Kind]) -> Kind:
    said = document.get("format") if isinstance(document, Mapping) else None
    for kind in kinds:
        if said == kind.format:
            return kind
    what, command = _named(kinds)
    expected = " or ".join(repr(kind.format) for kind in kinds)
    found = re.fullmatch(r"memconform\.(\w+)/(\d+)", said) if isinstance(said, str) else None
    if found is None:
        raise UsageError(f"{name} is no result of {what}: it has no member 'format' that says {expected}")
    same = next((kind for kind in kinds if kind.name == found[1]), None)
    if same is None:
        raise UsageError(f"{name} is a result of another command ({said}); expected one that '{command}' wrote")
    if int(found[2]) > same.version:
        raise UsageError(f"{name} was written by a newer memconform ({said}); this one reads {expected}: upgrade it")
    raise UsageError(f"{name} is of an older format ({said}); this memconform reads {expected}: make it again")


def _named(kinds: Sequence[Kind]) -> tuple[str, str]:
    return " or ".join(kind.what for kind in kinds), "' or '".join(kind.command for kind in kinds)


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON")
