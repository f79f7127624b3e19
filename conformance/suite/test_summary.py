"""A summary says what it was made of."""

from __future__ import annotations

from typing import Any

from memconform.answer import Answer, control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.canary import canary
from memconform.scene.estate import ESTATE, SUMMARY_CHARS, estate
from memconform.scene.eventually import settle
from memconform.scopes import Scopes
from memconform.session import Session
from memconform.verdict import Inconclusive


@requirement("SUMMARY-01", stories=(ESTATE,))
def test_summary_names_its_sources_and_keeps_within_its_length(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """A summary's sources are memories that its scope selects, and it is no longer than `max_chars`."""
    story = estate(memory, scopes, capabilities, session)
    _must_be_made_of(set(story.selected()), story["summary before"], SUMMARY_CHARS)


@requirement("SUMMARY-01", requests=(0, 40, 60))
def test_summary_is_made_of_current_memories_of_the_scope(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Neither a superseded or deleted memory nor one of a neighbour or of a wider scope is a source, or told of."""
    wide = scopes.fresh()
    scope, beside = scopes.use({**wide, "session_id": scopes.value()}), scopes.fresh()
    word = canary()
    for where in (wide, beside):
        memory.add(f"The gate opens with {word}", where)
    memory.delete(memory.add(f"The shed opens with {word}", scope)["id"]).control(204)
    current = [
        memory.add(f"Ann planted {tree}", scope)["id"] for tree in ("a pear", "two plums", "\U0001f333\U0001f333")
    ]
    if "supersession" in capabilities.profiles:
        old = memory.add(f"The cellar opens with {word}", scope)["id"]
        current.append(memory.add("The cellar is locked", scope, supersedes=[old])["id"])
    settle(max(capabilities.staleness(read) for read in ("get", "list", "search")))
    for length in (1, 7, 20, 80, 400)[: budget.beyond_smoke(4, 5)]:
        answer = memory.summarise(scope, max_chars=length)
        _must_be_made_of(set(current), answer, length, may_be_empty=length < 80)
        must(word not in answer.control_object("summary", str)["summary"], "a summary of the scope", word, answer)
    _must_be_made_of(set(current), memory.summarise(scope), None)
    if "hierarchy" in capabilities.profiles:
        inherited = memory.summarise(scope, inherit=True, max_chars=400).must_be(200, because="with inherit")
        beside_ids = {item["id"] for item in memory.walk(beside)}
        must(not beside_ids & _sources(inherited), "sources that the scope inherits", "a neighbour's", inherited)


def _must_be_made_of(ids: set[str], answer: Answer, max_chars: int | None, *, may_be_empty: bool = False) -> None:
    """Require a summary of nothing but these memories; where nothing is said at all, nothing is proven."""
    answer.must_be(200, because="the summary of a scope that holds memories")
    summary, sources = _summary(answer), _sources(answer)
    if max_chars is not None:
        must(len(summary) <= max_chars, f"at most {max_chars} code points", f"{len(summary)}: {shown(summary)}", answer)
    must(sources <= ids, "sources that the scope selects and that are current", f"{len(sources - ids)} others", answer)
    must(sources or not summary.strip(), "sources of the summary", f"none for {shown(summary)}", answer)
    if not summary and not may_be_empty:
        raise Inconclusive("the summary is empty", [answer.exchange])


def _summary(answer: Answer) -> str:
    body: dict[str, Any] = answer.json if isinstance(answer.json, dict) else {}
    control(isinstance(body.get("summary"), str), "there is no text in the summary", answer)
    return str(body["summary"])


def _sources(answer: Answer) -> set[str]:
    return {str(each) for each in answer.control_object("sources", list)["sources"]}
