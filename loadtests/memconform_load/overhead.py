"""What a plugin adds: the difference between its latencies and those of direct HTTP, in one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_QUANTILES = ("p50_ms", "p95_ms", "p99_ms")


def overhead_rows(operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each operation that went both ways; differences of percentiles, in milliseconds."""
    by = {(row["operation"], row["driver"]): row["hops"]["service"] for row in operations if "service" in row["hops"]}
    return [
        _row(operation, plugin, by[operation, "direct"])
        for (operation, driver), plugin in by.items()
        if driver == "plugin" and (operation, "direct") in by
    ]


def _row(operation: str, plugin: Mapping[str, Any], direct: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _difference(plugin[name], direct[name]) for name in _QUANTILES}
    if found["p50_ms"] is None:
        said = f"{operation}: nothing to compare"
    else:
        said = f"{operation}: the plugin adds {found['p50_ms']:.2f} ms at the median, {found['p95_ms']:.2f} ms at p95"
    return {"operation": operation, **found, "said": said}


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round(one - other, 4)
