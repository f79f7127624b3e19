"""What a result is about, in words: who was judged, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def subject(result: Mapping[str, Any]) -> str:
    """Return who was judged: what the server calls itself and its address, or the client's identity."""
    if "client" in result:
        return str(result["client"]["identity"])
    name, url = service(result), result["server"]["url"]
    return f"{name} at {url}" if name else str(url)


def service(result: Mapping[str, Any]) -> str:
    """Return name and version of the server as its capability document has them; empty where it has none."""
    document = result["server"]["capabilities"].get("service")
    known = document if isinstance(document, Mapping) else {}
    return " ".join(known[key] for key in ("name", "version") if isinstance(known.get(key), str) and known[key])


def about(result: Mapping[str, Any]) -> str:
    """Return how it was judged, in a sentence."""
    run, counts = result["run"], result["verdict"]["counts"]
    tested = {name: counts.get(name, 0) for name in ("pass", "fail", "warn", "inconclusive", "error")}
    said = [f"{number} {word}" for name, word in _WORDS.items() if (number := tested[name]) or name == "pass"]
    how = (
        f"{run['calls']} calls, {run['requests']} requests"
        if "client" in result
        else f"budget {run['budget']}, seed {run['seed']}, {run['requests']['total']} requests"
    )
    return (
        f"{sum(tested.values())} requirements tested: {', '.join(said)}; "
        f"{how}, {run['seconds']:.1f} s, memconform {result['tool']['version']}."
    )


_WORDS = {
    "pass": "met",
    "fail": "not met",
    "warn": "warned",
    "inconclusive": "unproven",
    "error": "ended in an error of memconform",
}
