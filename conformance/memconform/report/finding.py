"""One finding in words: the requirement, expected and observed, the exchange to repeat, the command to run again."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from memconform.contract import requirements
from memconform.settings import RunSettings

WIDTH = 110


def finding_text(record: Mapping[str, Any], settings: RunSettings) -> str:
    """Return the finding of a test's record, several lines, without colour."""
    row = asdict(requirements()[record["requirement"]])
    return "\n".join(finding_lines(record, row, settings.again(record.get("test_of") or row["id"])))


def finding_lines(record: Mapping[str, Any], row: Mapping[str, Any], again: str) -> list[str]:
    """Return the lines of a finding; `record` has expected and observed, or a reason, and exchanges.

    `row` is the requirement (id, level, statement), `again` the command that runs it once more.
    """
    lines = _wrapped(f"{row['id']} ({row['level']})", _harmless(row["statement"]))
    if record.get("promise"):
        lines += _wrapped("  test", f"{record['test']}: {record['promise']}")
    for label in ("expected", "observed", "reason"):
        if record.get(label):
            lines += _wrapped(f"  {label}", _harmless(str(record[label])))
    if record.get("before"):
        lines += _wrapped("  before", "; ".join(record["before"]))
    lines += _exchange_lines(record.get("exchanges") or [])
    if record.get("script"):
        lines += _wrapped("  script", _harmless(record["script"]))
    lines.append(f"  again     {again}")
    return lines


def _exchange_lines(exchanges: list[Mapping[str, Any]]) -> list[str]:
    lines = []
    for exchange in exchanges:
        response = exchange["response"]
        answer = str(response["status"]) if response else f"no answer ({_harmless(exchange.get('problem', ''))})"
        by = f" by {_harmless(exchange['answered_by'])}" if exchange.get("answered_by") else ""
        lines += [f"  curl      {exchange['curl']}", f"            → {answer}{by}"]
    return lines


def _harmless(text: str) -> str:
    """Return text without what would steer a terminal; line feeds stay."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def _wrapped(label: str, text: str) -> list[str]:
    head = f"{label:<11} " if label.startswith(" ") else f"{label}: "
    if "\n" in text:
        return [head.rstrip(), *textwrap.indent(text.rstrip(), "    ").splitlines()]
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * 12, break_on_hyphens=False, break_long_words=False
    ) or [head]
