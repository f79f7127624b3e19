"""What looks as if something other than the server made it slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_DELAYED_ACK_MS = (38.0, 48.0)
"""Linux acknowledges after 40 ms what nobody waits for; a little more with the work itself."""
_SPREAD_MS = 5.0
_ENOUGH = 20


def suspicions(operations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each operation whose times are pinned to the 40 ms of a delayed acknowledgement."""
    return [
        f"{row['operation']} {row['driver']}: half of the calls take {service['p50_ms']:.0f} ms and hardly any takes "
        "less. That is the mark of Nagle's algorithm and delayed acknowledgements: a server that sends headers and "
        "body apart without TCP_NODELAY. It may be 40 ms faster than this."
        for row in operations
        if _pinned(service := row["hops"].get("service") or {}, row["hops"].get("server") or {})
    ]


def _pinned(service: Mapping[str, Any], server: Mapping[str, Any]) -> bool:
    if (service.get("count") or 0) < _ENOUGH:
        return False
    low, high = _DELAYED_ACK_MS
    at_forty = low <= service["p50_ms"] <= high and service["p90_ms"] - service["min_ms"] <= 2 * _SPREAD_MS
    said_so = bool(server.get("count")) and server["p50_ms"] > service["p50_ms"] - 2 * _SPREAD_MS
    return at_forty and service["min_ms"] >= low and not said_so
