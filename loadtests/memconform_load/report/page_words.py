"""What the page says in words and tables; the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memconform_load.report.charts import SUMMARY
from memconform_load.report.curves import HOPS
from memconform_load.report.figures import clock, milliseconds, number, plural, span, whole
from memconform_load.report.sentences import (
    Result,
    advice,
    load_line,
    plugin_line,
    series_name,
    target_name,
    verdict_meaning,
    violations_line,
)
from memconform_load.report.series import Columns

HEADS = ["count", "min", "mean", *SUMMARY]
_MEMBERS = ["min_ms", "mean_ms", *SUMMARY.values()]


def words(result: Result, columns: Columns) -> dict[str, Any]:
    """Return everything that the template needs besides the result itself."""
    return {
        "target": target_name(result),
        "load": load_line(result),
        "meaning": verdict_meaning(result),
        "advice": advice(result),
        "tiles": list(_tiles(result)),
        "operation_heads": HEADS,
        "operations": list(_operations(result)),
        "violations": violations_line(result),
        "width_s": columns.width_s,
        "summary_heads": HEADS,
        "measured": [{"name": row["name"], "cells": _cells(row["summary"])} for row in result["measured"]],
        "plugins": [plugin_line(plugin) for plugin in result["plugins"]],
        "environment": list(_environment(result)),
    }


def by_second(columns: Columns) -> dict[str, Any]:
    """Return the table behind all charts over time: headings and rows."""
    gauges = {"in flight": "in_flight", "lag p99, ms": "lag_p99_ms", "CPU, %": "cpu_percent"}
    gauges |= {"plugin's CPU, %": "plugin_cpu_percent"} if columns.any("plugin_cpu_percent") else {}
    gauges |= {"server, MB": "server_rss_mb"} if columns.any("server_rss_mb") else {}
    rates = {"intended/s": "intended", "sent/s": "started"}
    rates |= {"calls ended/s": "ended"} if columns.any("ended") else {}
    sums = {"failed": "failed", "dropped": "dropped", "violations": "violations"}
    table = {"at": [clock(second) for second in columns.seconds]}
    table |= {head: [number(value) for value in columns.rate(name)] for head, name in rates.items()}
    table |= {head: [whole(value) for value in columns.total(name)] for head, name in sums.items()}
    table |= {head: [number(value) for value in columns.worst(name)] for head, name in gauges.items()}
    for series in columns.series:
        for figure in ("p50", "p95", "p99"):
            times = columns.latency(series, f"{figure}_ms")
            table[f"{series} {figure}, ms"] = [milliseconds(value) for value in times]
    return {"head": list(table), "rows": [list(row) for row in zip(*table.values(), strict=True)]}


def _tiles(result: Result) -> Iterator[dict[str, str]]:
    counts, rates = result["counts"], result["arrivals_per_s"]
    bad = counts["failed"] + counts["unfinished"] + counts["dropped"]
    every = counts["completed"] + counts["unfinished"] + counts["dropped"]
    share = f"{number(100 * bad / every)} % of all" if every else ""
    yield _tile("arrivals in time", f"{number(rates['achieved'])}/s", f"of {number(rates['intended'])}/s intended")
    yield _tile("calls ended", whole(counts["completed"]), f"in {span(result['load_s'])}")
    yield _tile("failed, unfinished, dropped", whole(bad), share)
    yield _tile("violations", whole(result["violations"]["total"]), "")
    slowest = [row for row in result["operations"] if row["hops"].get("latency", {}).get("count")]
    if slowest:
        row = max(slowest, key=lambda each: float(each["hops"]["latency"]["p95_ms"]))
        yield _tile("highest p95", f"{milliseconds(row['hops']['latency']['p95_ms'])} ms", series_name(row))


def _tile(label: str, figure: str, small: str) -> dict[str, str]:
    return {"label": label, "figure": figure, "small": small}


def _operations(result: Result) -> Iterator[dict[str, Any]]:
    """Yield a row for each hop; the first of an operation has its name, and how many rows it spans."""
    for row in result["operations"]:
        hops: dict[str, Mapping[str, Any]] = {hop: row["hops"][hop] for hop in HOPS if hop in row["hops"]}
        hops |= {"failures": row["failures"]} if "failures" in row else {}
        small = f"{number(row['per_second'])}/s, {whole(row['failed'])} failed"
        small += "".join(f", {whole(row[name])} {name}" for name in ("unfinished", "dropped") if row[name])
        named = {"name": series_name(row), "small": small, "span": max(len(hops), 1)}
        for hop, summary in hops.items() or (("–", None),):
            cells = _cells(summary) if summary else ["–"] * len(HEADS)
            yield {"name": "", "hop": hop, "cells": cells, **named}
            named = {}


def _cells(summary: Mapping[str, Any]) -> list[str]:
    return [whole(summary["count"]), *(milliseconds(summary[member]) for member in _MEMBERS)]


def _environment(result: Result) -> Iterator[tuple[str, str]]:
    environment, tool, target = result["environment"], result["tool"], result["target"]
    yield "server", target_name(result)
    yield "its profiles", ", ".join(target["profiles"]) or "none declared"
    where = "on the machine of the generator: both share its cores" if target["loopback"] else "on another machine"
    yield "it is", where
    yield "scenario", f"{result['scenario']['name']}, needs {', '.join(result['scenario']['needs']) or 'nothing'}"
    yield (
        "run",
        f"{result['run_id']}, {result['started_at']} to {result['ended_at']}, in all {span(result['elapsed_s'])}",
    )
    cores = plural(environment["cpu_count"], "core") if environment["cpu_count"] else "cores not known"
    loads = " ".join(f"{load:.2f}" for load in environment["load_average"])
    yield "generator", f"{environment['platform']}, {cores}" + (f", load average {loads}" if loads else "")
    packages = ", ".join(f"{name} {version}" for name, version in sorted(tool["packages"].items()))
    yield "software", f"memconform {tool['version']}, Python {environment['python']}, {packages}"
