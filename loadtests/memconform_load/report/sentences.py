"""What all forms of the report say in the same words: the verdict, what was done, what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memconform_load.report.figures import milliseconds, number, plural, span, whole, with_unit

Result = Mapping[str, Any]
"""A result in the format `memconform.load/1`."""

_MEANING = {
    "met": "every objective is met",
    "not met": "an objective is not met",
    "invalid": "the figures cannot be believed",
    "failed": "the load test failed itself; this says nothing about the server",
    "interrupted": "somebody stopped it before its end",
}

_NEXT = {
    "met": "",
    "not met": (
        "Where the time goes: of service, server is what the server says it took, the rest is the way there and back. "
        "Failed and wrong answers have an example each. 'memconform capacity' finds the rate at which all is met."
    ),
    "invalid": (
        "This says nothing about the server. Run it again when this machine does nothing else, with a lower --rate or "
        "more --workers; 'memconform load selfcheck' tells whether it can measure at all."
    ),
    "failed": "This says nothing about the server. Run it again; what failed is told above.",
    "interrupted": "What was measured until then is below. Only a run that comes to its end has a verdict.",
}
"""What to do, by the word of the verdict."""

_TOO_FEW = "There were too few calls to decide every objective: take a longer --duration or a higher --rate."


def verdict_meaning(result: Result) -> str:
    """Return what the word of the verdict means."""
    if result["verdict"]["word"] == "met" and not result["slo"]:
        return "no objective was set; the run is valid"
    return _MEANING[result["verdict"]["word"]]


def advice(result: Result) -> str:
    """Return what to do about the verdict; "" where nothing is to be done."""
    word = result["verdict"]["word"]
    if word != "invalid":
        return _NEXT[word]
    busy = not all(row["ok"] for row in result["validity"])
    few = not all(row["decided"] for row in result["slo"])
    return " ".join([*([_NEXT[word]] if busy else []), *([_TOO_FEW] if few else [])])


def target_name(result: Result) -> str:
    """Return the address of the server, with name and version where it declares them."""
    service = result["target"]["service"]
    named = " ".join(part for part in (service["name"], service["version"]) if part) if service else ""
    return f"{result['target']['url']} ({named})" if named else str(result["target"]["url"])


def load_line(result: Result) -> str:
    """Return what load was made, such as `open: 3,000 arrivals in 60 s, seed 7`."""
    plan = result["plan"]
    if result["model"] == "closed":
        what = f"closed: {plural(plan['sessions'] or 0, 'session')} for {span(result['load_s'])}"
    else:
        what = f"open: {plural(result['counts']['intended'], 'arrival')} in {span(result['load_s'])}"
    kind = f" ({plan['schedule']['kind']})" if plan["schedule"] else ""
    return f"{what}{kind}, seed {plan['seed']}"


def arrivals_line(result: Result) -> str:
    """Return intended and achieved arrivals; what was dropped."""
    rates, counts = result["arrivals_per_s"], result["counts"]
    return (
        f"{whole(counts['intended'])} intended ({number(rates['intended'])}/s), "
        f"{whole(counts['started'])} sent ({number(rates['achieved'])}/s in time), {whole(counts['dropped'])} dropped"
    )


def calls_line(result: Result) -> str:
    """Return how the calls ended."""
    counts = result["counts"]
    return (
        f"{whole(counts['completed'])} ended, {whole(counts['failed'])} of them badly "
        f"({whole(counts['timed_out'])} timed out); {whole(counts['unfinished'])} unfinished"
    )


def violations_line(result: Result) -> str:
    """Return how many answers were wrong, of how many that were looked at."""
    violations = result["violations"]
    looked = ", ".join(f"{whole(count)} {kind}" for kind, count in violations["checked"].items())
    if not looked:
        return "answers were not judged" if not result["plan"]["judged"] else "no answer was judged"
    return f"{whole(violations['total'])} (judged: {looked})"


def overhead_line(row: Mapping[str, Any]) -> str:
    """Return what the plugin adds to one operation."""
    figures = ", ".join(f"{name[:-3]} {_signed(row[name])}" for name in ("p50_ms", "p95_ms", "p99_ms"))
    return f"{row['operation']} {figures} ms"


def _signed(value: float | None) -> str:
    return number(value) if value is None or value < 0 else f"+{number(value)}"


def distribution_line(summary: Mapping[str, Any]) -> str:
    """Return the figures of a distribution on one line."""
    if not summary["count"]:
        return "nothing was measured"
    figures = ", ".join(
        f"{name} {milliseconds(summary[member])}"
        for name, member in (("p50", "p50_ms"), ("p95", "p95_ms"), ("p99", "p99_ms"), ("max", "max_ms"))
    )
    return f"{figures} ms, of {whole(summary['count'])}"


def objective_line(row: Mapping[str, Any]) -> str:
    """Return what was observed against the limit, with the unit."""
    return f"{with_unit(row['observed'], row['unit'])} against {with_unit(row['limit'], row['unit'])}"


def objective_word(row: Mapping[str, Any]) -> str:
    """Return `met`, `not met`, or `unknown` where the sample is too small to know."""
    return "met" if row["met"] else "not met" if row["decided"] else "unknown"


def plugin_line(plugin: Mapping[str, Any]) -> str:
    """Return what ran as a plugin, and how long it took to be ready."""
    on = [f"Python {plugin['python']}"] if plugin["python"] else []
    on += [f"Dify's SDK {plugin['sdk']}"] if plugin["sdk"] else []
    cold, first = (", ".join(map(milliseconds, plugin[name])) for name in ("cold_start_ms", "first_call_ms"))
    parts = [f"{plugin['identity']}, {plural(plugin['processes'], 'process', 'processes')}", *on]
    parts += [f"ready after {cold} ms"] if cold else []
    parts += [f"first call {first} ms"] if first else []
    return ", ".join([*parts, *([f"restarted {plural(plugin['restarts'], 'time')}"] if plugin["restarts"] else [])])


def series_name(row: Mapping[str, Any]) -> str:
    """Return operation and driver, such as `search direct`."""
    return f"{row['operation']} {row['driver']}"


def failing(rows: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the checks of validity that did not hold."""
    return (row for row in rows if not row["ok"])
