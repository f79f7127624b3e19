"""Filters beside everything else that a search may ask for."""

from __future__ import annotations

from typing import Any

from memconform.answer import must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.filter_trees import is_served
from memconform.scene.ranking import ranking
from memconform.scene.selection import WORD, Selection
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

HOME = {"op": "eq", "field": "/metadata/topic", "value": "home"}
LONG_AGO: dict[str, Any] = {"valid_from": "2001-01-01T00:00:00Z", "valid_to": "2002-01-01T00:00:00Z"}


@requirement("FILTERS-01", requests=(0, 16, 16))
def test_a_filter_narrows_and_no_more(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A filter narrows what a search selects otherwise: `inherit`, `as_of`, `min_score`, successors still count."""
    if not is_served(HOME, capabilities):
        raise NotApplicable("the server does not declare the operator eq")
    declared = capabilities.profiles
    user = scopes.fresh()
    scene = Selection(memory, capabilities, scopes.use({**user, "session_id": scopes.value()}))
    home: dict[str, Any] = {"metadata": {"topic": "home"}}
    work: dict[str, Any] = {"metadata": {"topic": "work"}}
    own = [scene.add(**home)["id"]]
    if "supersession" in declared:
        own = [scene.add(supersedes=own, **home)["id"]]
    above = scene.add(user, **home)["id"]
    scene.add(user, **work)
    former = scene.add(**home, **LONG_AGO)["id"]
    scene.add(**work, **LONG_AGO)
    scene.settle()
    own.append(former)
    scene.judge(own, "what is current and matches the filter", filter=HOME)
    if "hierarchy" in declared:
        scene.judge([*own, above], "what is inherited and matches the filter", filter=HOME, inherit=True)
    if "temporal" in declared:
        scene.judge([former], "what held then and matches the filter", filter=HOME, as_of="2001-06-01T00:00:00Z")
    if scene.strict:
        _judge_min_score(scene)
    if "keyed" in declared:
        _judge_keys(scene)
    scene.judge_recall()


def _judge_min_score(scene: Selection) -> None:
    """Require a filtered search with `min_score` to show the results with that score, and none below."""
    answer, _ = scene.search(filter=HOME)
    scores = sorted({each.score for each in ranking(answer)})
    if len(scores) < 2:
        return
    least = (scores[0] + scores[-1]) / 2
    answer, _ = scene.search(filter=HOME, min_score=least)
    below = [each.score for each in ranking(answer) if each.score < least]
    must(not below, f"no score below min_score {least} beside a filter", shown(below), answer)


def _judge_keys(scene: Selection) -> None:
    """Require a filter on the key to tell capitals from small letters."""
    kept = scene.memory.keep("Boat", scene.scope, f"a boat in the {WORD}")
    scene.known[kept["id"]] = kept
    scene.settle()
    for key, expected in (("Boat", [kept["id"]]), ("boat", [])):
        scene.judge(expected, f"what has the key {key}", filter={"op": "eq", "field": "/key", "value": key})
