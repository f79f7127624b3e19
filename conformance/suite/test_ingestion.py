"""Messages come in, and memories come of them: openly, or the operation says that it failed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from memconform.answer import Answer, control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.failing_messages import FailingMessages
from memconform.measures import Measures
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.conversation import CONVERSATION, MESSAGES, conversation, document, follow
from memconform.scene.keyed_story import items_of, list_pages
from memconform.scene.oracle import json_equal
from memconform.scopes import Scopes
from memconform.verdict import NotMet

ORDER = ("pending", "running", "succeeded")


@requirement("INGESTION-01", stories=(CONVERSATION,))
def test_plain_statement_becomes_a_memory(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget, measures: Measures
) -> None:
    """An ingestion is 202 with an operation that moves forward to its end; what it lists is there."""
    story = conversation(memory, scopes, capabilities, budget)
    accepted, looks = story["first accepted"], story.all("first")
    accepted.must_be(202, because="messages to take in")
    must(accepted.header("Location"), "a Location of the operation", "none", accepted)
    _must_move_forward(looks)
    ended = looks[-1].exchange
    measures.observe("ingestion: time to the end", ended.at + ended.seconds - accepted.exchange.at)
    rows = story.outcome("first")
    control(rows, "nothing came of two plain statements", looks[-1])
    for row, answer in zip(_touched(rows), story.all("memories"), strict=False):
        answer.must_be(200, because=f"the operation lists it as {row.get('action')}")
    listed = {str(item.get("id")) for item in items_of(story.all("first list"))}
    there = {str(row.get("id")) for row in rows if row.get("action") != "deleted"}
    must(there <= listed, "what the operation lists in the list of its scope", f"{len(there - listed)} missing")


def _must_move_forward(looks: list[Answer]) -> None:
    """Require one operation whose status never goes back."""
    ids = {str(document(look).get("id")) for look in looks}
    must(len(ids) == 1, "one operation under one id", f"ids {shown(sorted(ids))}", *looks[-2:])
    ranks = [_rank(look) for look in looks]
    back = next((pair for pair in pairwise(looks) if _rank(pair[0]) > _rank(pair[1])), None)
    if back is not None:
        raise NotMet("a status that only moves forward", shown([document(look)["status"] for look in looks]))
    control(ranks, "the operation was never seen")


def _rank(look: Answer) -> int:
    status = document(look)["status"]
    return ORDER.index(status) if status in ORDER else len(ORDER)


@requirement("INGESTION-02", stories=(CONVERSATION,))
def test_what_came_of_it_says_so(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> None:
    """A memory that came of messages is `inferred`, names those it came of, and has the scope and metadata given."""
    story = conversation(memory, scopes, capabilities, budget)
    added = [row for row in _touched(story.outcome("first")) if row.get("action") == "added"]
    control(added, "the ingestion added nothing", story["first"])
    sent = {str(message["id"]) for message in MESSAGES}
    answers = {str(_record(answer).get("id")): answer for answer in story.all("memories")}
    for row in added:
        if (answer := answers.get(str(row.get("id")))) is None:
            continue
        record = _record(answer)
        given = record.get("source")
        source: dict[str, Any] = given if isinstance(given, dict) else {}
        must(source.get("method") == "inferred", "source.method inferred", shown(source.get("method")), answer)
        named = source.get("message_ids") or []
        wanted = f"source.message_ids among {shown(sorted(sent))}"
        must(named and set(map(str, named)) <= sent, wanted, shown(named), answer)
        scope = {name: value for name, value in (record.get("scope") or {}).items() if value is not None}
        must(scope == story.scope, "the scope of the messages", shown(scope), answer)
        kept = record.get("metadata") or {}
        inherited = all(name in kept and json_equal(value, kept[name]) for name, value in story.metadata.items())
        must(inherited, f"the metadata given: {shown(story.metadata)}", shown(kept), answer)


def _touched(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("action") in ("added", "updated")]


def _record(answer: Answer) -> dict[str, Any]:
    return answer.control(200).control_object("id", str)


@requirement("INGESTION-03", requests=(0, 60, 60), stories=(CONVERSATION,), given="failing_messages")
def test_failed_extraction_is_a_failed_operation(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget, failing_messages: FailingMessages
) -> None:
    """Messages that cannot be processed end in a failed operation with a problem, and leave nothing in the scope."""
    conversation(memory, scopes, capabilities, budget).outcome("first")  # the control: what can be processed succeeds
    scope = scopes.fresh()
    accepted = memory.ingest(scope, failing_messages.messages)
    accepted.control(202)
    look = follow(memory, accepted)[-1]
    operation = document(look)
    status = operation.get("status")
    must(status == "failed", "a failed operation: these messages are known to fail", f"{shown(status)}", look)
    error = operation.get("error")
    said = isinstance(error, dict) and isinstance(error.get("type"), str) and isinstance(error.get("status"), int)
    must(said, "a problem in `error` that says what happened", shown(error), look)
    left = items_of(list_pages(memory, scope))
    must(not left, "nothing stored of a failed ingestion", f"{len(left)} memories", look)


@requirement("INGESTION-05", requests=(0, 1, 1), stories=(CONVERSATION,))
def test_same_messages_add_nothing_the_second_time(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """After the same messages were taken in again, the scope holds no memory more."""
    story = conversation(memory, scopes, capabilities, budget)
    control(story.outcome("first"), "nothing came of the messages the first time", story["first"])
    story.outcome("second")
    first, second = (items_of(story.all(f"{turn} list")) for turn in ("first", "second"))
    more = shown([item.get("content") for item in second if item.get("id") not in {each.get("id") for each in first}])
    wanted = f"the {len(first)} memories of the first time"
    must(len(second) <= len(first), wanted, f"{len(second)} after the second time: {more} added", story["second list"])
