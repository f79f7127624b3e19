"""The result as Markdown for the summary of a CI run: the verdict, tables, and evidence that can be folded away.

Texts that a server or a user chose are shown as code, in letters that neither Markdown nor HTML takes for markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from memconform.report.marking import code, escaped, fenced, table
from memconform_load.report.figures import milliseconds, plural, whole, with_unit
from memconform_load.report.sentences import (
    Result,
    advice,
    arrivals_line,
    calls_line,
    distribution_line,
    load_line,
    objective_word,
    overhead_line,
    plugin_line,
    series_name,
    target_name,
    verdict_meaning,
    violations_line,
)

_SIGNS = {"met": "✅", "not met": "❌", "invalid": "⚠️", "failed": "💥", "interrupted": "⚠️"}
_MOST = 20
"""Rows or laws that are shown of any list; a summary may have one megabyte."""
_LATENCY = {"p50": "p50_ms", "p95": "p95_ms", "p99": "p99_ms", "p99.9": "p999_ms", "max": "max_ms"}
_HOPS = {"service p95": ("service", "p95_ms"), "server p95": ("server", "p95_ms"), "lag p99": ("lag", "p99_ms")}


def render(result: Result) -> str:
    """Return the summary."""
    verdict = result["verdict"]
    parts = [
        f"## {_SIGNS[verdict['word']]} Load test {verdict['word']}: {escaped(verdict_meaning(result))}",
        f"{code(result['scenario']['name'])} against {code(target_name(result))}, {escaped(load_line(result))}",
        _bullets(verdict["reasons"]),
        escaped(advice(result)),
        _objectives(result),
        _operations(result),
        _bullets(_lines(result)),
        *_violations(result),
        *_errors(result),
        f"<details><summary>The command that repeats the run</summary>\n\n{fenced(result['command'])}\n\n</details>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _bullets(texts: Iterable[str]) -> str:
    every = list(texts)
    more = [f"- … and {len(every) - _MOST} more in the result"] if len(every) > _MOST else []
    return "\n".join([*(f"- {escaped(text)}" for text in every[:_MOST]), *more])


def _objectives(result: Result) -> str:
    rows = [
        [
            code(row["objective"]),
            f"{_SIGNS.get(objective_word(row), '⚠️')} {objective_word(row)}",
            escaped(with_unit(row["observed"], row["unit"])),
            escaped(with_unit(row["limit"], row["unit"])),
        ]
        for row in result["slo"]
    ]
    return table(["objective", "", "observed", "limit"], rows, left=2) if rows else ""


def _operations(result: Result) -> str:
    rows = [
        [
            escaped(series_name(row)),
            whole(row["count"]),
            whole(row["failed"]),
            *(_figure(row, "latency", member) for member in _LATENCY.values()),
            *(_figure(row, *place) for place in _HOPS.values()),
        ]
        for row in result["operations"]
    ]
    if not rows:
        return ""
    head = ["ms, latency from the intended start", "count", "failed", *_LATENCY, *_HOPS]
    return table(head, rows)


def _figure(row: Mapping[str, Any], hop: str, member: str) -> str:
    return milliseconds(row["hops"].get(hop, {}).get(member))


def _lines(result: Result) -> Iterator[str]:
    yield f"arrivals: {arrivals_line(result)}"
    yield f"calls: {calls_line(result)}"
    yield f"violations: {violations_line(result)}"
    yield from (f"plugin adds: {overhead_line(row)}" for row in result["overhead"])
    yield from (f"plugin: {plugin_line(row)}" for row in result["plugins"])
    yield from (f"{row['name']}: {distribution_line(row['summary'])}" for row in result["measured"])
    yield from (f"{row['name']}: {row['said']}" for row in result["figures"])
    yield from (f"note: {warning}" for warning in result["warnings"])


def _violations(result: Result) -> Iterator[str]:
    for law in result["violations"]["found"][:_MOST]:
        evidence = "\n".join([*law["witness"][:40], json.dumps(law["example"], ensure_ascii=False)])
        summary = f"<b>{escaped(law['law'])}</b>, {plural(law['count'], 'time')}"
        yield f"<details open><summary>{summary}</summary>\n\n{fenced(evidence)}\n\n</details>"
    suspended = result["violations"]["suspended"]
    if suspended:
        yield f"Not judged:\n\n{_bullets(suspended)}"


def _errors(result: Result) -> Iterator[str]:
    rows = [
        [escaped(row["kind"]), escaped(series_name(row)), code(row["example"]), whole(row["count"])]
        for row in result["errors"][:_MOST]
    ]
    if rows:
        total = sum(row["count"] for row in result["errors"])
        shown = table(["kind", "operation", "one of them", "count"], rows, left=3)
        yield f"<details><summary>{plural(total, 'error')}</summary>\n\n{shown}\n\n</details>"
