"""All findings of a result on a terminal, the gravest last; what is unproven for one reason is told once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import click

from memconform.baseline.comparing import covering
from memconform.report.evidence import again, evidence
from memconform.report.finding import finding_lines
from memconform.report.standing import scored

MARKS = {"fail": "FAIL", "warn": "WARN", "inconclusive": "INCONCLUSIVE", "error": "ERROR"}
MARK_COLOURS = {"fail": "red", "warn": "yellow", "inconclusive": "yellow", "error": "magenta"}

_GRAVE = ("warn", "inconclusive", "error", "fail")
"""Outcomes that are told with their evidence, the gravest last: that is what stands above the prompt."""
_SHOWN = 3
"""So many findings of one requirement are told."""
_ID = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]{8,}")
"""What is another one in every test or run: ids of memories, of scopes, of requests."""

Row = Mapping[str, Any]


def findings(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of every finding that counts and that no baseline knows, each block with an empty line after."""
    for outcome in _GRAVE:
        rows = [row for row in result["requirements"] if row["outcome"] == outcome and scored(row)]
        for group in alike(result, rows) if outcome == "inconclusive" else [[row] for row in rows]:
            yield from _block(result, group)


def alike(result: Mapping[str, Any], rows: Sequence[Row]) -> list[list[Row]]:
    """Return requirements that are unproven in groups of one reason, in the order of the first of each.

    A control that all of them need, such as a list that does not answer, leaves many open at once. Those that a
    baseline knows are a group apart from those that it does not.
    """
    groups: dict[frozenset[tuple[str, bool]], list[Row]] = {}
    for row in rows:
        reasons = frozenset(
            (_ID.sub("#", str(record.get("reason", ""))), covering(result, record) is None)
            for record in evidence(result, row)
        )
        groups.setdefault(reasons, []).append(row)
    return list(groups.values())


def shared(rows: Sequence[Row]) -> dict[str, str]:
    """Return what stands for several requirements in a finding that is told once: id, level, statement."""
    return {
        "id": ", ".join(row["id"] for row in rows),
        "level": f"{len(rows)} requirements",
        "statement": "Nothing is proven of any of them, and the reason is one; a failure of another may explain it.",
    }


def _block(result: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[str]:
    """Yield what was found of a requirement, or of several for the same reason."""
    first, outcome = rows[0], rows[0]["outcome"]
    unknown = [record for record in evidence(result, first) if covering(result, record) is None]
    told = first if len(rows) == 1 else shared(rows)
    for record in islice(unknown, _SHOWN):
        said = record if len(rows) == 1 else {name: value for name, value in record.items() if name != "promise"}
        head, *rest = finding_lines(said, told, again(result, first["id"], record))
        yield click.style(MARKS[outcome], fg=MARK_COLOURS[outcome], bold=True) + " " + head
        yield from rest
        yield ""
    if len(unknown) > _SHOWN:
        yield f"  … and more of {first['id']}: --json has them all"
