"""What the matrix has of load tests: latency by operation and driver, what failed, what the server bears.

Two forms are read: a result of `memconform load`, and the list that `benchmarks/provider_load.py` writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")
_FROM_BENCHMARK = "chat, half of the calls by the plugin (benchmarks/provider_load.py)"


def of_load_test(name: str, server: str | None, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the member of `loads` for a result of `memconform load`."""
    service = result["target"]["service"]
    return {
        "name": name,
        "server": server,
        "title": service["name"] if service else name,
        "setting": _setting(result),
        "measured_at": result["started_at"],
        "verdict": result["verdict"]["word"],
        "calls": _calls(result["counts"]),
        "failed": _failed(result["counts"]),
        "violations": result["violations"]["total"],
        "capacity": None,
        "times": [_times(row, row["hops"]["latency"]) for row in result["operations"] if "latency" in row["hops"]],
    }


def of_benchmark(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the members of `loads` for a list of `benchmarks/provider_load.py`; `names` are the servers judged.

    Raises `KeyError`, `TypeError` or `AttributeError` where it is no such list.
    """
    for row in rows:
        if row["failed"] is None:
            yield {
                "name": row["provider"],
                "server": row["provider"] if row["provider"] in names else None,
                "title": row["title"],
                "setting": _FROM_BENCHMARK,
                "measured_at": None,
                "verdict": row["verdict"]["word"],
                "calls": _calls(row["counts"]),
                "failed": _failed(row["counts"]),
                "violations": sum(law["count"] for law in row["violations"]),
                "capacity": {name: row["capacity"][name] for name in ("rate", "met_at", "not_met_at")},
                "times": [_times(each, each["latency"]) for each in row["operations"]],
            }


def _times(row: Mapping[str, Any], latency: Mapping[str, Any]) -> dict[str, Any]:
    figures = {name: latency[name] for name in PERCENTILES}
    return {"operation": row["operation"], "driver": row["driver"], "count": row["count"], **figures}


def _calls(counts: Mapping[str, int]) -> int:
    return counts["completed"] + counts["unfinished"] + counts["dropped"]


def _failed(counts: Mapping[str, int]) -> int:
    return counts["failed"] + counts["unfinished"] + counts["dropped"]


def _setting(result: Mapping[str, Any]) -> str:
    """Say under which load it was measured: only times of one setting can be compared."""
    plan, environment = result["plan"], result["environment"]
    schedule = plan["schedule"]
    how = f"{plan['sessions']} sessions" if schedule is None else f"rate {schedule['source'] or schedule['kind']}"
    where = f"{environment['cpu_count']} cores, {environment['platform']}"
    return f"{result['scenario']['name']}, {how}, {plan['duration_s']:g} s, {plan['people']} people; {where}"


def borne(capacity: Mapping[str, float | None] | None) -> str:
    """Say how many arrivals a second a server bears."""
    if not capacity:
        return "–"
    rate, met, missed = (capacity[name] for name in ("rate", "met_at", "not_met_at"))
    if rate:
        return f"{rate:.3g}"
    if met and missed:
        return f"{met:.3g} to {missed:.3g}"
    if met:
        return f"at least {met:.3g}"
    return f"below {missed:.3g}" if missed else "not known"
