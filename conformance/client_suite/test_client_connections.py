"""CLIENT-09: connections are used again."""

from __future__ import annotations

from memconform.clients.stage import Stage
from memconform.requirement import requirement
from memconform.verdict import NotMet

CALLS = 12
SPARE = 1
"""A connection may be lost on the way: one more than is needed is no habit."""


@requirement("CLIENT-09")
def test_one_call_after_another_needs_one_connection(stage: Stage) -> None:
    """Calls one after another, of one user with one key, share a connection."""
    for tool in stage.tools:
        person = stage.person()
        stage.works(tool, person)
        before = len(stage.front.connections)
        for _ in range(CALLS):
            stage.works(tool, person)
        new = len(stage.front.connections) - before
        if new > SPARE:
            raise NotMet(
                f"{CALLS} calls of {tool.tool}, one after another, on one connection", f"{new} new connections"
            )


@requirement("CLIENT-09")
def test_concurrent_calls_need_a_connection_each_at_most(stage: Stage) -> None:
    """So many calls at once open no more connections than there are calls."""
    tool, person = stage.tools[0], stage.person()
    before = len(stage.front.connections)
    stage.each([tool] * 2 * CALLS, lambda tool: stage.works(tool, person), at_once=CALLS)
    new = len(stage.front.connections) - before
    if new > CALLS + SPARE:
        raise NotMet(f"{CALLS} calls of {tool.tool} at once on {CALLS} connections", f"{new} new connections")
