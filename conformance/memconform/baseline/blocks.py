"""The text of a baseline file as blocks, so that entries come and go and all that people wrote stays as it is.

tomlkit writes the new entries. It cannot take old ones away here: to it a comment belongs to the entry before it, and
entries of two kinds in turn are brought into another order. So lines are cut, and the result is read again as a proof.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit

from memconform.baseline.entry import Entry
from memconform.baseline.file import Baseline, parse_baseline
from memconform.settings import UsageError

_HEADER = re.compile(r"\s*\[\[\s*(?:\"?)(failure|flaky)(?:\"?)\s*\]\]\s*(?:#.*)?")


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one entry, with the comments right above it and inside: [first, end)."""

    kind: str
    first: int
    end: int
    below: int
    """The line behind the comments right below it, which stay where it goes."""


def edited(text: str, baseline: Baseline, removed: Collection[Entry], added: Sequence[Entry]) -> str:
    """Return the text without some entries of the baseline that it says, and with others after the last failure.

    Raises `UsageError` where that cannot be done without touching what else is in the file.
    """
    lines = text.split("\n")
    blocks = _blocks(lines)
    entries = _in_order(baseline, blocks)
    if len(blocks) != len(baseline.entries) or len(entries) != len(blocks):
        raise UsageError(
            f"{baseline.file} is laid out in a way that cannot be edited without loss; write each entry as a table of "
            "its own, [[failure]] or [[flaky]] at the beginning of a line"
        )
    place = max((block.below for block in blocks if block.kind == "failure"), default=len(lines))
    gone: set[int] = set()
    for block, entry in zip(blocks, entries, strict=True):
        if entry in removed:
            gone.update(range(block.first, _behind_blank_lines(lines, block.end)))
    before = [line for at, line in enumerate(lines) if at not in gone and at < place]
    after = [line for at, line in enumerate(lines) if at not in gone and at >= place]
    ending = "\r" if "\r\n" in text else ""
    result = "\n".join([*before, *(line + ending for line in _written(added)), *after]).strip("\r\n")
    result += f"{ending}\n" if result else ""
    _prove(result, baseline, removed, added)
    return result


def _in_order(baseline: Baseline, blocks: Sequence[_Block]) -> list[Entry]:
    """Return the entries in the order of their blocks."""
    known = iter([entry for entry in baseline.entries if not entry.flaky])
    flaky = iter([entry for entry in baseline.entries if entry.flaky])
    return [entry for block in blocks if (entry := next(flaky if block.kind == "flaky" else known, None))]


def _blocks(lines: Sequence[str]) -> list[_Block]:
    headers = [(at, found[1]) for at, line in enumerate(lines) if (found := _HEADER.fullmatch(line))]
    firsts = [_first(lines, at) for at, _ in headers]
    limits = [*firsts, len(lines)][1:]
    return [
        _Block(kind, first, end := _end(lines, at, limit), _behind_comments(lines, end, limit))
        for (at, kind), first, limit in zip(headers, firsts, limits, strict=True)
    ]


def _first(lines: Sequence[str], header: int) -> int:
    """Return the first of the comments right above a header; those at the top of the file are the file's."""
    first = header
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return header if first == 0 else first


def _end(lines: Sequence[str], header: int, limit: int) -> int:
    """Return the line behind an entry's last member."""
    return 1 + max(at for at in range(header, limit) if lines[at].strip() and not lines[at].lstrip().startswith("#"))


def _behind_comments(lines: Sequence[str], at: int, limit: int) -> int:
    while at < limit and lines[at].lstrip().startswith("#"):
        at += 1
    return at


def _behind_blank_lines(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _written(entries: Sequence[Entry]) -> list[str]:
    """Return the lines of new entries, each with an empty line before it."""
    lines: list[str] = []
    for entry in entries:
        row: dict[str, Any] = {**entry.to_json(), "expires": entry.expires}
        if row.get("outcome") == "fail":
            del row["outcome"]
        table = tomlkit.dumps({"flaky" if entry.flaky else "failure": [row]})
        lines += ["", *table.rstrip("\n").split("\n")]
    return lines


def _prove(text: str, baseline: Baseline, removed: Collection[Entry], added: Sequence[Entry]) -> None:
    said = parse_baseline(text, baseline.file).entries
    wanted = [*(entry for entry in baseline.entries if entry not in removed), *added]
    if len(said) != len(wanted) or set(said) != set(wanted):
        raise UsageError(f"{baseline.file} cannot be edited without loss; edit it by hand, nothing was changed")
