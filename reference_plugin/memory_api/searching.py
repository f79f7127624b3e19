"""Searching, as search_memory and recall_context share it."""

from __future__ import annotations

from typing import Any

from . import parameters
from .answer import member, unusable
from .call import Call
from .failures import MemoryFailure
from .ownership import record


def found(call: Call) -> list[dict[str, Any]]:
    """Return the results of the search that the parameters ask for, as the server gave them, best first."""
    given = call.parameters
    condition = parameters.json_object(given, "filter")
    search = {
        "query": parameters.content(given, "query"),
        "scope": call.scope,
        "top_k": parameters.whole_number(given, "top_k"),
        "min_score": parameters.number(given, "min_score"),
        "filter": condition,
    }
    if condition is not None:
        _must_know_filters(call)
    return results(call.client.search({name: value for name, value in search.items() if value is not None}))


def results(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results in an answer; raises MemoryFailure where they are none."""
    listed: list[Any] = member(answer, "results", list, "the answer")
    for number, result in enumerate(listed, 1):
        if not isinstance(result, dict):
            raise unusable(f"result {number} is not an object")
        record(member(result, "memory", dict, f"result {number}"), f"the memory in result {number}")
        member(result, "score", (float, int), f"result {number}")
    return listed


def _must_know_filters(call: Call) -> None:
    """Refuse a filter for a server that does not declare them: it may ignore it, and then show what it should not."""
    if not call.client.declares("filters"):
        raise MemoryFailure(
            "not_supported",
            "This server does not declare the profile filters, so it may ignore the filter.",
            "Leave the filter out, or use a memory server with that profile.",
        )
