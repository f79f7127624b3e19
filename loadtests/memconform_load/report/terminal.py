"""The result on one screen: the verdict first, then why, then the figures. At most 100 columns wide."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from memconform.report.terminal import plain
from memconform_load.report.figures import milliseconds, plural, whole
from memconform_load.report.sentences import (
    Result,
    advice,
    arrivals_line,
    calls_line,
    distribution_line,
    failing,
    load_line,
    objective_line,
    objective_word,
    overhead_line,
    plugin_line,
    series_name,
    target_name,
    verdict_meaning,
    violations_line,
)

WIDTH = 100
_LABEL = 14
_COLOURS = {"met": "green", "not met": "red", "invalid": "yellow", "failed": "magenta", "interrupted": "yellow"}
_COLUMNS = (
    ("count", "count", "", 9),
    ("failed", "failed", "", 8),
    ("latency", "p50_ms", "p50", 8),
    ("latency", "p95_ms", "p95", 8),
    ("latency", "p99_ms", "p99", 8),
    ("latency", "p999_ms", "p99.9", 8),
    ("latency", "max_ms", "max", 8),
    ("service", "p95_ms", "p95", 9),
    ("server", "p95_ms", "p95", 8),
    ("lag", "p99_ms", "p99", 8),
)
"""What the table of operations shows: hop or count, member, label of the percentile, width."""


def render(result: Result, *, colour: bool = False, files: Iterable[Path] = ()) -> str:
    """Return the summary, a line feed at its end; `files` are those that were written beside it."""
    lines = [
        *_verdict_lines(result),
        f"{plain(result['scenario']['name'])} against {plain(target_name(result))}",
        *_labelled("load", [load_line(result)]),
        *_invalid_lines(result),
        *_objective_lines(result),
        *_labelled("arrivals", [arrivals_line(result)]),
        *_labelled("calls", [calls_line(result)]),
        "",
        *_operation_lines(result),
        "",
        *_labelled("plugin adds", map(overhead_line, result["overhead"]), most=5),
        *_violation_lines(result),
        *_error_lines(result),
        *_valid_lines(result),
        *(line for plugin in result["plugins"][:2] for line in _wrapped("plugin", plugin_line(plugin))),
        *_labelled("measured", [f"{row['name']} {distribution_line(row['summary'])}" for row in result["measured"]]),
        *_labelled("figures", [f"{row['name']}: {row['said']}" for row in result["figures"]], most=6),
        *_labelled("warning", result["warnings"], most=4),
        *_file_lines(files),
    ]
    text = "\n".join(lines) + "\n"
    return text if colour else click.unstyle(text)


def clipped(text: str, width: int = WIDTH) -> str:
    """Return text in at most so many columns of a terminal, where Chinese letters take two."""
    taken = fits = 0
    for index, letter in enumerate(text):
        taken += 2 if unicodedata.east_asian_width(letter) in "WF" else not unicodedata.combining(letter)
        if taken < width:
            fits = index + 1
        elif taken > width:
            return f"{text[:fits]}…"
    return text


def _verdict_lines(result: Result) -> Iterator[str]:
    verdict = result["verdict"]
    word = click.style(verdict["word"].upper(), fg=_COLOURS[verdict["word"]], bold=True)
    yield f"{word} – {verdict_meaning(result)} (exit code {verdict['exit_code']})"
    for reason in verdict["reasons"][:3]:
        yield from textwrap.wrap(plain(reason), WIDTH, initial_indent="  ", subsequent_indent="    ")[:3]
    if len(verdict["reasons"]) > 3:
        yield f"  … and {plural(len(verdict['reasons']) - 3, 'more reason')} in the result"
    for number, line in enumerate(textwrap.wrap(advice(result), WIDTH - 8)):
        yield f"  {'' if number else 'next:':<6}{line}"


def _labelled(label: str, texts: Iterable[str], *, most: int = 4) -> Iterator[str]:
    """Yield each text on at most two lines, the label before the first; what is beyond `most` is counted."""
    every = list(texts)
    for number, text in enumerate(every[:most]):
        yield from _wrapped("" if number else label, text, most=2)
    if len(every) > most:
        yield f"{'':<{_LABEL}}… and {len(every) - most:,} more in the result"


def _wrapped(label: str, text: str, *, most: int = 3) -> Iterator[str]:
    """Yield a text on so many lines at most, the label before the first."""
    lines = textwrap.wrap(plain(text), WIDTH - _LABEL, subsequent_indent="  ")
    for number, line in enumerate(lines[:most]):
        cut = f"{line} …" if number == most - 1 and len(lines) > most else line
        yield f"  {'' if number else label:<{_LABEL - 2}}{clipped(cut, WIDTH - _LABEL)}"


def _file_lines(files: Iterable[Path]) -> Iterator[str]:
    """Yield where the reports are, never cut: they are there to be copied."""
    for number, file in enumerate(files):
        yield f"  {'' if number else 'files':<{_LABEL - 2}}{plain(str(file))}"


def _objective_lines(result: Result) -> Iterator[str]:
    rows = sorted(result["slo"], key=lambda row: bool(row["met"]))
    for number, row in enumerate(rows[:8]):
        word = objective_word(row)
        mark = click.style(f"{word:<7}", fg=_COLOURS.get(word, "yellow"), bold=not row["met"])
        seen = objective_line(row) if row["decided"] else row["said"]
        said = clipped(plain(f"{row['objective']}: {seen}"), WIDTH - _LABEL - 8)
        yield f"  {'' if number else 'objectives':<{_LABEL - 2}}{mark} {said}"
    if len(rows) > 8:
        yield f"{'':<{_LABEL}}… and {len(rows) - 8:,} more in the result"


def _operation_lines(result: Result) -> Iterator[str]:
    names = [clipped(plain(series_name(row)), 16) for row in result["operations"][:12]]
    if not names:
        return
    group = "latency from the intended start".center(40)
    yield click.style(f"  {'times in ms':<16}{'':>17}{group}  service  server     lag", bold=True)
    labels = [f"{label or member:>{width}}" for _, member, label, width in _COLUMNS]
    yield click.style(f"  {'':<16}{''.join(labels)}", bold=True)
    for name, row in zip(names, result["operations"], strict=False):
        cells = [f"{_cell(row, hop, member):>{width}}" for hop, member, _, width in _COLUMNS]
        yield f"  {name:<16}{''.join(cells)}"
    if len(result["operations"]) > 12:
        yield f"  … and {len(result['operations']) - 12:,} more in the result"


def _cell(row: Mapping[str, Any], hop: str, member: str) -> str:
    if hop == member:
        return whole(row[hop])
    return milliseconds(row["hops"].get(hop, {}).get(member))


def _violation_lines(result: Result) -> Iterator[str]:
    violations = result["violations"]
    colour = "red" if violations["total"] else None
    yield from (click.style(line, fg=colour) for line in _wrapped("violations", violations_line(result)))
    for law in violations["found"][:3]:
        yield f"    {click.style(plain(law['law']), bold=True)}, {plural(law['count'], 'time')}; the first:"
        for line in law["witness"][:4]:
            yield clipped(f"      {plain(line)}")
        if len(law["witness"]) > 4:
            yield f"      … and {plural(len(law['witness']) - 4, 'more line')} in the result"
    if len(violations["found"]) > 3:
        yield f"    … and {plural(len(violations['found']) - 3, 'more law')} in the result"
    yield from _labelled("not judged", violations["suspended"], most=2)


def _error_lines(result: Result) -> Iterator[str]:
    said = [
        f"{whole(row['count'])} {series_name(row)}: {row['kind']}"
        + (f" – {row['example']}" if row["example"] and row["example"] != row["kind"] else "")
        for row in result["errors"]
    ]
    yield from _labelled("errors", said, most=3)


def _invalid_lines(result: Result) -> Iterator[str]:
    """Yield which checks did not hold; the reasons of the verdict say more of each."""
    said = ", ".join(row["check"] for row in failing(result["validity"]))
    for line in _wrapped("not valid", said):
        yield click.style(line, fg="yellow")


def _valid_lines(result: Result) -> Iterator[str]:
    held = [row["check"] for row in result["validity"] if row["ok"]]
    if len(held) == len(result["validity"]):
        yield from _labelled("valid", [", ".join(held) or "nothing was checked"])
