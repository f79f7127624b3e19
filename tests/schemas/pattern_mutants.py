"""Mutants of a regular expression: without an anchor, without an alternative, with another bound."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GROUP = re.compile(r"\(([^()]*\|[^()]*)\)")
_BOUNDS = re.compile(r"\{(\d+)(?:,(\d+))?\}")


def pattern_mutants(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield every change of a pattern of the contract with the changed pattern."""
    if pattern.startswith("^"):
        yield "pattern without ^", pattern[1:]
    if pattern.endswith("$"):
        yield "pattern without $", pattern[:-1]
    for group in _GROUP.finditer(pattern):
        yield from _without_an_alternative(pattern, group)
    for bounds in _BOUNDS.finditer(pattern):
        yield from _with_other_bounds(pattern, bounds)
    for found in re.finditer(r"[*+](?=[^]\d]|$)|\?", pattern):
        yield f"pattern without {found[0]} at {found.start()}", pattern[: found.start()] + pattern[found.end() :]


def _without_an_alternative(pattern: str, group: re.Match[str]) -> Iterator[tuple[str, str]]:
    alternatives = group[1].split("|")
    for gone in alternatives:
        rest = "|".join(each for each in alternatives if each != gone)
        yield f"pattern without {gone}", f"{pattern[: group.start(1)]}{rest}{pattern[group.end(1) :]}"


def _with_other_bounds(pattern: str, bounds: re.Match[str]) -> Iterator[tuple[str, str]]:
    least, most = int(bounds[1]), int(bounds[2] or bounds[1])
    for low, high in ((least - 1, most), (least + 1, most), (least, most - 1), (least, most + 1)):
        if low <= high:
            text = f"{{{low},{high}}}"
            yield f"pattern with {text}", f"{pattern[: bounds.start()]}{text}{pattern[bounds.end() :]}"
