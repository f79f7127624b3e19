"""A scope is forgotten: everywhere, nothing besides, for ever, and with a receipt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memconform.answer import Answer, control, must, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.measures import Measures
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.canary import betrayed, canary, told
from memconform.scene.estate import ESTATE, Estate, estate
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import items_of, list_pages
from memconform.scene.oracle import difference, instant
from memconform.scene.restart import COMMAND_S, Restart
from memconform.scene.scope_pages import counted
from memconform.scopes import Scopes
from memconform.session import Session

GONE = "the scope was erased and the operation has succeeded"


@requirement("ERASURE-01", stories=(ESTATE,))
def test_nothing_of_the_scope_is_left_anywhere(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session, measures: Measures
) -> None:
    """What a scope held is in no get, list, search, history, export, scopes, events and summary after the erasure."""
    story = estate(memory, scopes, capabilities, session)
    measures.observe("erasure: time to forget", story.ended - story.began)
    must_have_succeeded(story)
    for word in (story.content, story.detail):
        control(betrayed([word], *story.all("list before")), "the canary was not there before the erasure")
    for step in ("get after", "history after", "keyed after"):
        if step in story:
            story[step].must_be(404, because=GONE)
    listed = [str(item.get("id")) for item in items_of(story.all("list after"))]
    must(not set(story.selected()) & set(listed), f"no erased memory in the list: {GONE}", "one is listed")
    for what, left, answer in _traces(story):
        must(left is None, f"nothing of the erased scope in {what}: {GONE}", f"{what} {shown(left)}", answer)


def _traces(story: Estate) -> Iterator[tuple[str, object, Answer]]:
    """Yield where something may be left, what is, and the answer that shows it; each place was looked at before."""
    if "search after" in story:
        before, after = (told(story.canaries, _results(story[f"search {when}"])) for when in ("before", "after"))
        control(before, "the canary was not found before the erasure", story["search before"])
        yield "search, as a result with", after, story["search after"]
    if "export after" in story:
        control(betrayed([story.content], story["export before"]), "the export before does not hold the canary")
        yield "export, as a line with", betrayed(story.canaries, story["export after"]), story["export after"]
    if "summary after" in story:
        sources = set(_sources(story["summary after"])) & {*story.selected(), story.id_of("derived")}
        yield "summary, among its sources", next(iter(sources), None), story["summary after"]
        yield "summary, in its text", betrayed(story.canaries, story["summary after"]), story["summary after"]
    if "scopes before" in story and "scopes after" in story:  # not so where a principal has too many to walk through
        control(counted(story.all("scopes before"), story.talk), "the scope was not named before the erasure")
        pages = story.all("scopes after")
        yield "scopes, as one with so many memories:", counted(pages, story.talk) or None, pages[-1]
    if "events after" in story:
        kept = [e.operation for e in story.streams["after"] if e.memory_id in story.selected() and _tells(e.operation)]
        yield "events, as one of the operation", next(iter(kept), None), story["events after"]
    yield "list, as a memory with", betrayed(story.canaries, *story.all("list after")), story["list after"]


def _tells(operation: str | None) -> bool:
    return operation != "erase"


@requirement("ERASURE-02", stories=(ESTATE,))
def test_others_and_later_writes_are_untouched(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """Neighbours keep their memories as they were, and what is added after the erasure stays."""
    story = estate(memory, scopes, capabilities, session)
    must_have_succeeded(story)
    after = _by_id(story.all("neighbours after"))
    for step in ("neighbour", "half derived"):
        before, memory_id = story.record(step), story.id_of(step)
        must(memory_id in after, "the neighbour's memories to stay", f"one is gone: {before.get('content')}")
        name = difference(before, after[memory_id])
        must(name is None, "the neighbour's memories as they were", f"another {name}", story["neighbours after"])
    later = story.id_of("later")
    listed = _by_id(story.all("list after"))
    must(later in listed, "what was added after the erasure to stay", "it is not listed", story["list after"])


@requirement("ERASURE-03", stories=(ESTATE,))
def test_nothing_comes_back(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session) -> None:
    """After later writes the scope holds those alone; a repeat of the erased request is 410 and stores nothing."""
    story = estate(memory, scopes, capabilities, session)
    must_have_succeeded(story)
    if "repeat" in story and _still_remembered(story, capabilities):
        story["repeat"].must_be(410, because="what this Idempotency-Key once stored was erased")
    last = "list at last" if "list at last" in story else "list after"
    back = [item for item in _by_id(story.all(last)).values() if item.get("id") != story.id_of("later")]
    seen = shown([item.get("content") for item in back])
    must(not back, "nothing but what was added after the erasure", f"also {seen}", story[last])


@requirement("ERASURE-03", requests=(0, 40, 40), given="restart", last=True)
def test_nothing_comes_back_with_a_restart(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, restart: Restart, session: Session
) -> None:
    """What was erased is still gone when the server was killed right after the erasure and started again."""
    word = canary()
    erased = memory.add(f"The boathouse opens with {word}", scope)["id"]
    settle(capabilities.staleness("get"))
    memory.get(erased).control(200)
    memory.erased(scope)
    restart()
    control(session.alive(COMMAND_S), f"the server did not come back within {COMMAND_S:g} s of the restart command")
    settle(max(capabilities.staleness(read) for read in ("get", "list", "search")))
    memory.get(erased).must_be(404, because=f"{GONE}, then the server was restarted")
    pages = list_pages(memory, scope)
    must(not betrayed([word], *pages), "an empty list after the restart", "the erased memory is back", pages[-1])
    if "search" in capabilities.profiles:
        found = memory.search(word, scope)
        must(not told([word], _results(found)), "no result after the restart", "the erased memory is back", found)


@requirement("ERASURE-04", stories=(ESTATE,))
def test_receipt_has_counts_and_times_and_no_content(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """The receipt counts what was erased, says when, and holds nothing of it."""
    story = estate(memory, scopes, capabilities, session)
    must_have_succeeded(story)
    told_by = story["erasure"], story["operation"]
    word = betrayed(story.canaries, *told_by)
    must(word is None, "a receipt without content", "a word of an erased memory", *told_by)
    receipt = story.receipt()
    must_equal(_bare(receipt.get("scope")), dict(story.scope), "the receipt's scope", story["operation"])
    counts = receipt.get("counts")
    counts = counts if isinstance(counts, dict) else {}
    must_equal(counts.get("memories"), len(story.selected()), "erased memories counted", story["operation"])
    if "history" in capabilities.profiles:
        versions = len(story.selected()) + ("patched" in story)
        seen = counts.get("versions")
        fits = seen in (versions, versions + 1)  # those of what was derived may be counted, too
        must(fits, f"erased versions counted {versions}", f"erased versions counted {shown(seen)}", story["operation"])
    first, last = (_instant(receipt.get(name)) for name in ("requested_at", "completed_at"))
    if first is not None and last is not None:
        must(first <= last, "requested_at ≤ completed_at", "a receipt completed before its request", story["operation"])


def must_have_succeeded(story: Estate) -> None:
    """Require the erasure to have ended well."""
    operation = story["operation"].json
    said = operation.get("error") if isinstance(operation, dict) else None
    status = operation.get("status") if isinstance(operation, dict) else None
    must(status == "succeeded", "an erasure that succeeds", f"{status}: {shown(said)}", story["operation"])


def _still_remembered(story: Estate, capabilities: Capabilities) -> bool:
    """Tell whether the key of the first request was still remembered when it was repeated."""
    window = capabilities.idempotency_window
    elapsed = story["repeat"].exchange.at + story["repeat"].exchange.seconds - story["added"].exchange.at
    return window is not None and elapsed < window


def _by_id(pages: list[Answer]) -> dict[str, Memory]:
    return {str(item.get("id")): item for item in items_of(pages)}


def _results(answer: Answer) -> Any:
    answer.must_be(200, because="a search")
    return answer.control_object("results", list)["results"]


def _sources(answer: Answer) -> list[str]:
    answer.must_be(200, because="the summary of a scope")
    return [str(each) for each in answer.control_object("sources", list)["sources"]]


def _bare(scope: object) -> dict[str, Any]:
    return {name: value for name, value in scope.items() if value is not None} if isinstance(scope, dict) else {}


def _instant(text: object) -> Any:
    try:
        return instant(text)
    except ValueError:
        return None
