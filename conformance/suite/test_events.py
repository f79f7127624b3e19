"""Every change is an event, and a reader that comes back misses none."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from memconform.answer import control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.measures import Measures
from memconform.memory_api import Event, Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.canary import betrayed
from memconform.scene.change_stream import about, changes_in, must_be_in_order, must_be_valid, must_show
from memconform.scene.estate import ESTATE, STREAM_S, estate
from memconform.scene.life_of_all_kinds import live_through
from memconform.scopes import Scopes
from memconform.session import Session
from memconform.verdict import NotApplicable


@requirement("EVENTS-01", stories=(ESTATE,))
def test_changes_appear_as_events(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """From the oldest on, every change of a scope is there as a valid CloudEvent, in each memory's version order."""
    story = estate(memory, scopes, capabilities, session)
    stream = story.streams["before"]
    stream.answer.must_be(200, because="the stream of a scope's changes")
    first, kept = story.id_of("added"), story.id_of("kept")
    wanted = [(first, "add"), (kept, "add"), *([(first, "update")] if "patched" in story else [])]
    must_show(stream, wanted, wanted[-1])
    must_be_valid(stream)
    must_be_in_order(stream)
    beside = {event.memory_id for event in stream} & {story.id_of("neighbour"), story.id_of("derived")}
    must(not beside, "events of the scope alone", "one of another scope's memory", stream.answer)


@requirement("EVENTS-01", requests=(0, 40, 40))
def test_every_kind_of_change_appears(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Adding, updating, replacing, superseding, restoring, importing and deleting each leave their event."""
    wanted = live_through(memory, scope, capabilities)
    enough = set(wanted)
    stream = memory.events(scope, until=lambda events: enough <= changes_in(events), within=STREAM_S)
    stream.answer.must_be(200, because="the stream of a scope's changes")
    must_show(stream, wanted, wanted[-1])
    must_be_valid(stream)
    must_be_in_order(stream)
    for memory_id in dict.fromkeys(each for each, _ in wanted):
        operations = [operation for each, operation in wanted if each == memory_id]
        seen = [event.operation for event in about(stream, memory_id)]
        must(seen == operations, f"events {shown(operations)} of a memory", f"events {shown(seen)}", stream.answer)


@requirement("EVENTS-01", requests=(0, 14, 45))
def test_change_appears_on_an_open_stream(
    memory: MemoryApi, scope: dict[str, str], budget: Budget, measures: Measures
) -> None:
    """A reader that follows the stream is told of a change that happens while it reads."""
    times = budget.beyond_smoke(4, 15)
    memory.add("the first of all", scope)
    for number in range(times):
        added, seconds, told = _followed(memory, scope, f"change {number}")
        control(told, f"the change did not appear on the open stream within {STREAM_S:g} s")
        measures.observe("events: time to appear", seconds)
        must(added, "the change on the open stream", "another one")


def _followed(memory: MemoryApi, scope: dict[str, str], content: str) -> tuple[Memory, float, bool]:
    """Add a memory while a stream is read; return it, how long its event took, and whether it came."""
    marker: list[str] = []
    open_, reader = threading.Event(), memory.elsewhere("reader")

    def enough(events: list[Event]) -> bool:
        open_.set()
        return bool(marker) and marker[0] in {event.memory_id for event in events}

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reader.events, scope, until=enough, within=STREAM_S)
        open_.wait(STREAM_S)
        added = memory.add(content, scope)
        marker.append(str(added["id"]))
        sent = memory.recorder.exchanges[-1]
        stream = reading.result()
    ended = stream.answer.exchange.at + stream.answer.exchange.seconds
    came = added["id"] in {event.memory_id for event in stream}
    if not came and stream.answer.exchange.seconds < STREAM_S / 2:
        raise NotApplicable("the server closes a stream when it has delivered what is there: none stays open")
    return added, max(0.0, ended - sent.at - sent.seconds), came


@requirement("EVENTS-02", stories=(ESTATE,))
def test_reader_that_reconnects_misses_nothing(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """Both `after` and `Last-Event-ID` go on behind the event that they name; one that is unknown is 400."""
    story = estate(memory, scopes, capabilities, session)
    story["unknown"].must_be(400, because="no such event was ever given out")
    seen = list(story.streams["before"])
    control("resumed" in story.streams, "fewer than two events were there to go on from", story["events before"])
    rest = [event for event in seen if event.id != seen[0].id]
    for name, how in (("resumed", "after"), ("reconnected", "Last-Event-ID")):
        stream = story.streams[name]
        stream.answer.must_be(200, because=f"{how} names a retained event")
        missing = {event.id for event in rest} - {event.id for event in stream}
        lost = [f"{event.operation} of {event.memory_id}" for event in rest if event.id in missing]
        wanted = f"the {len(rest)} events after the one that {how} names"
        must(not lost, wanted, f"without {shown(lost)} within {STREAM_S:g} s", stream.answer)


@requirement("EVENTS-02", stories=(ESTATE,), needs=("erasure",))
def test_erased_memory_leaves_one_event_without_content(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """After an erasure the stream, from its beginning, has one event of each erased memory, and no word of it."""
    story = estate(memory, scopes, capabilities, session)
    stream = story.streams["after"]
    stream.answer.must_be(200, because="the stream of a scope's changes")
    later = (story.id_of("later"), "add")
    wanted = [(each, "erase") for each in story.selected()]
    must_show(stream, [*wanted, later], later)
    for memory_id in story.selected():
        seen = [event.operation for event in about(stream, memory_id)]
        must(seen == ["erase"], "one event of an erased memory: erase", f"events {shown(seen)}", stream.answer)
    word = betrayed(story.canaries, stream.answer)
    must(word is None, "no word of an erased memory in the stream", f"the word {word}", stream.answer)
