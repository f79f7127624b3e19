"""The charts of the page as data: lines over one axis, each with the sentence and the table that say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memconform_load.report.curves import curves, hop_curves, latency_curves
from memconform_load.report.figures import clock, milliseconds, number, plural
from memconform_load.report.sentences import Result, distribution_line, series_name
from memconform_load.report.series import Column, Columns

Chart = dict[str, Any]
SUMMARY = {
    "p50": "p50_ms",
    "p75": "p75_ms",
    "p90": "p90_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
    "p99.9": "p999_ms",
    "max": "max_ms",
}
"""What tables show of a distribution: heading and member."""
INTENDED = "arrivals intended"
_HOP_COLOURS = {"latency": "c1", "service": "c2", "server": "c3", "network": "c4", "lag": "c5"}
_HOP_WIDTHS = {"latency": 5, "service": 3}
"""Hops that take nearly all of the time lie on each other: the wider ones show below the narrower."""
_COLOURS = ("c1", "c2", "c3", "c4", "c6", "c5")


def charts(result: Result, columns: Columns) -> list[Chart]:
    """Return all charts in the order of the page, each with its `index`."""
    every = [*_percentiles(result), *_over_time(columns), *_rates(result, columns), *_generator(columns)]
    return [{"index": index, **chart} for index, chart in enumerate(every)]


def _percentiles(result: Result) -> Iterator[Chart]:
    rows = [row for row in result["operations"] if row["hops"].get("latency", {}).get("count")]
    if len(rows) > 1:
        said = "; ".join(f"{series_name(row)} p95 {milliseconds(row['hops']['latency']['p95_ms'])} ms" for row in rows)
        yield _curve("Latency of all operations", latency_curves(rows), _told_apart(rows), f"{said}.")
    for row in rows:
        said = f"Latency {distribution_line(row['hops']['latency'])}."
        title = f"{series_name(row)}, hop by hop"
        chart = _curve(title, hop_curves(row), _HOP_COLOURS, said)
        for line in chart["series"]:
            line["width"] = _HOP_WIDTHS.get(line["name"], 1.75)
        yield {**chart, "table": _summaries(row["hops"])}
    measured = {row["name"]: row["summary"] for row in result["measured"] if row["summary"]["count"]}
    if measured:
        said = "; ".join(f"{name}: {distribution_line(summary)}" for name, summary in measured.items())
        colours = dict(zip(measured, _COLOURS * len(measured), strict=False))
        yield {**_curve("Other times", curves(measured), colours, f"{said}."), "table": _summaries(measured)}


def _curve(title: str, drawn: Mapping[str, Any], colours: Mapping[str, str], said: str) -> Chart:
    lines = [
        {**line, "colour": colours[line["name"]], "dash": "dashed" if line["name"].endswith(" plugin") else "solid"}
        for line in drawn["series"]
    ]
    return {**_chart("curve", title, drawn["x"], "ms", lines, said), "latency": True}


def _told_apart(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return a colour for each operation; its drivers differ by their dashes."""
    operations = list(dict.fromkeys(row["operation"] for row in rows))
    return {series_name(row): _COLOURS[operations.index(row["operation"]) % len(_COLOURS)] for row in rows}


def _summaries(summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    rows = [
        [label, *(milliseconds(summary[member]) for summary in summaries.values())] for label, member in SUMMARY.items()
    ]
    return {"head": ["ms", *summaries], "rows": rows}


def _over_time(columns: Columns) -> Iterator[Chart]:
    violations = columns.total("violations")
    for series in columns.series:
        times = {name: columns.latency(series, f"{name}_ms") for name in ("p50", "p95", "p99")}
        lines = [_line(name, times[name], colour) for name, colour in (("p50", "c1"), ("p95", "c2"), ("p99", "c3"))]
        failed = columns.failed(series)
        said = f"{_peak('p99', times['p99'], columns, 'ms')}; {_when('failed call', failed, columns)}"
        said = f"{said}; {_when('violation', violations, columns)}."
        chart = _chart("time", series, columns.seconds, "ms", lines, said)
        yield {**chart, "latency": True, "marks": {"failed": failed, "violations": violations}}


def _rates(result: Result, columns: Columns) -> Iterator[Chart]:
    if not columns.seconds:
        return
    named = {"arrivals sent": ("started", "c1"), "calls ended": ("ended", "c3"), INTENDED: ("intended", "ink")}
    named |= {"calls failed": ("failed", "bad"), "arrivals dropped": ("dropped", "c2")}
    lines = [
        {**_line(name, columns.rate(member), colour), "dash": "dashed" if name == INTENDED else "solid"}
        for name, (member, colour) in named.items()
        if member in ("started", "intended") or columns.any(member)
    ]
    rates, counts = result["arrivals_per_s"], result["counts"]
    said = f"{number(rates['intended'])} arrivals/s were intended, {number(rates['achieved'])}/s were sent in time; "
    said += f"{plural(counts['dropped'], 'arrival')} dropped, {plural(counts['unfinished'], 'call')} unfinished."
    yield _chart("time", "Arrivals a second, intended and achieved", columns.seconds, "a second", lines, said)


def _generator(columns: Columns) -> Iterator[Chart]:
    if not columns.seconds:
        return
    lag, cpu = columns.worst("lag_p99_ms"), columns.worst("cpu_percent")
    lines = [_line("lag p99, ms", lag, "c5")]
    lines += [{**_line("CPU, %", cpu, "c2"), "right": True}] if columns.any("cpu_percent") else []
    said = f"{_peak('lag p99', lag, columns, 'ms')}; {_peak('CPU of the busiest process', cpu, columns, '%')}."
    if columns.any("plugin_cpu_percent"):
        plugin = columns.worst("plugin_cpu_percent")
        lines.append({**_line("plugin's CPU, %", plugin, "c4"), "right": True})
        said = f"{said[:-1]}; {_peak('CPU of the busiest plugin', plugin, columns, '%')}."
    chart = _chart("time", "Generator: lag and CPU", columns.seconds, "lag, ms", lines, said)
    yield {**chart, "unit2": "CPU, %" if len(lines) > 1 else ""}
    gauges = [("Calls on their way", "in_flight", "in flight", "", "c4")]
    gauges += (
        [("Memory of the server", "server_rss_mb", "resident", "MB", "c3")] if columns.any("server_rss_mb") else []
    )
    for title, member, name, unit, colour in gauges:
        values = columns.worst(member)
        said = f"{_peak(name, values, columns, unit)}."
        yield _chart("time", title, columns.seconds, unit, [_line(name, values, colour)], said)


def _chart(kind: str, title: str, x: list[float], unit: str, lines: list[dict[str, Any]], said: str) -> Chart:
    return {"kind": kind, "title": title, "said": said, "unit": unit, "latency": False, "x": x, "series": lines}


def _line(name: str, values: Column, colour: str) -> dict[str, Any]:
    return {"name": name, "values": values, "colour": colour}


def _peak(name: str, values: Column, columns: Columns, unit: str) -> str:
    """Return the highest value of a column and when it was."""
    known = [(value, second) for value, second in zip(values, columns.seconds, strict=True) if value is not None]
    if not known:
        return f"{name} not known"
    value, second = max(known, key=lambda each: each[0])
    return f"{name} at most {f'{number(value)} {unit}'.rstrip()}, at {clock(second)}"


def _when(noun: str, counts: Column, columns: Columns) -> str:
    """Return how many there were, and when the first ones."""
    at = [clock(second) for count, second in zip(counts, columns.seconds, strict=True) if count]
    if not at:
        return f"no {noun}s"
    total = int(sum(count or 0 for count in counts))
    return f"{plural(total, noun)}, at {', '.join(at[:5])}{' and later' if len(at) > 5 else ''}"
