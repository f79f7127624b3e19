"""Principals in what is declared besides core and search: exports, events, scopes, summaries, erasing, importing."""

from __future__ import annotations

from memconform.answer import Answer, control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.canary import betrayed, named
from memconform.scene.estate import ESTATE, Estate, estate
from memconform.scene.export_file import read_export
from memconform.scene.keyed_story import items_of
from memconform.scene.oracle import difference
from memconform.scene.relocation import RELOCATION, relocation
from memconform.scene.scope_pages import counted
from memconform.scopes import Scopes
from memconform.session import Session
from memconform.verdict import NotApplicable

WHERE = ("strange export", "strange summary", "strange scopes", "events strange")


@requirement("TENANCY-04", stories=(ESTATE,))
def test_no_other_read_shows_another_principals_data(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """In export, events, scopes and summary of a scope that two principals use each meets its own memories alone."""
    story = estate(memory, scopes, capabilities, session)
    if not any(step in story for step in WHERE):
        raise NotApplicable("the server declares none of portability, events, erasure, summary")
    own = story.id_of("strange")
    control(other.principal.label == "second", "there is no second principal")
    for step in WHERE:
        if step in story:
            pages = story.all(step)
            word = betrayed(story.canaries, *pages) or named(story.selected(), *pages)
            must(word is None, f"nothing of another principal in {step}", "an id or a word of one", story[step])
    if "strange export" in story:
        ids = [record.get("id") for record in read_export(story["strange export"]).records]
        control(own in ids, "the export does not hold the caller's own memory", story["strange export"])
    if "strange scopes" in story:
        _must_count_its_own(story)
    if "events strange" in story:
        ids = [event.memory_id for event in story.streams["strange"]]
        control(own in ids, "the caller's own event did not come", story["events strange"])


def _must_count_its_own(story: Estate) -> None:
    pages = story.all("strange scopes")
    number = counted(pages, story.scope)
    must(number == 1, "the scope with the caller's one memory", f"{number} memories counted", pages[-1])
    must(not counted(pages, story.talk), "no scope that only another principal uses", "one of them", pages[-1])


@requirement("TENANCY-05", stories=(ESTATE,), needs=("erasure",))
def test_erasing_touches_the_callers_data_only(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """What another principal keeps under the same scope outlives its erasure unchanged."""
    story = estate(memory, scopes, capabilities, session)
    control(other.principal.label == "second", "there is no second principal")
    control("strange after" in story, "the second principal's memory was not looked at")
    story["get after"].control(404)
    after = story["strange after"].must_be(200, because="another principal erased an equal scope")
    name = difference(story.record("strange"), after.json)
    must(name is None, "another principal's memory as it was", f"another {name}", after)


@requirement("TENANCY-05", requests=(0, 1, 1), stories=(ESTATE, RELOCATION), needs=("portability",))
def test_importing_touches_the_callers_data_only(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session, budget: Budget
) -> None:
    """An import, even over an id that another principal's memory has, changes and adds nothing there."""
    control(other.principal.label == "second", "there is no second principal")
    move = relocation(memory, estate(memory, scopes, capabilities, session), budget)
    move["whole"].control(200)
    after = move["own after"].must_be(200, because="another principal imported a record with its id")
    name = difference(move.record("own"), after.json)
    must(name is None, "a memory as it was after another principal's import", f"another {name}", after)
    moved = {record.get("id") for record in move.file.records}
    came = [item for item in items_of(move.all("own list")) if item.get("id") in moved]
    must(not came, "nothing of another principal's import", f"{len(came)} of its records", move["own list"])


@requirement("TENANCY-06", stories=(ESTATE,), needs=("erasure",))
def test_operations_are_useless_to_another_principal(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """The id of an operation is 404 to everybody but the principal whose operation it is."""
    story = estate(memory, scopes, capabilities, session)
    control(other.principal.label == "second", "there is no second principal")
    story["operation"].control(200, 202)
    answer: Answer = story["strange operation"]
    answer.must_be(404, because="it is another principal's operation")
