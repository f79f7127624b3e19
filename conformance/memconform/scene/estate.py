"""What is kept of a person, seen in every way before and after an erasure; and of the neighbours, whom it spares.

Lived once in a run: erasure, events, summaries, exports and principals are judged by the same story.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

from memconform.answer import REFUSALS, Answer
from memconform.capabilities import Capabilities
from memconform.memory_api import Event, Events, MemoryApi
from memconform.plot import Plot
from memconform.scene.canary import canary
from memconform.scene.conversation import document, follow
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import list_pages
from memconform.scene.life import history_pages
from memconform.scene.scope_pages import scope_pages
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.session import Session
from memconform.verdict import NotApplicable

ESTATE = Plot("estate", requests=81)
"""What it takes at most, where pages of lists are short and operations slow."""

SUMMARY_CHARS = 60
"""How long the summaries may be: too short for all that is there."""

STREAM_S = 6.0
"""How long the judge reads a stream for what should be there, in seconds."""


class Estate(Story):
    """Two memories and more of a person (`scope`, and a session in it), and neighbours in `beside`."""

    def __init__(self, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session) -> None:
        """Choose scopes and canaries; nothing is sent yet."""
        super().__init__()
        self.memory, self.capabilities = memory, capabilities
        self.scope = scopes.fresh()
        self.talk = scopes.use({**self.scope, "session_id": scopes.value()})
        self.beside = scopes.fresh()
        self.idempotency_key = scopes.value()
        self.former, self.content, self.detail, self.key = (canary() for _ in range(4))
        self.streams: dict[str, Events] = {}
        self.began = self.ended = 0.0
        """When the erasure was asked for, and when it was seen to have ended."""
        self.stranger: MemoryApi | None = None
        """Another principal, where there are two; it keeps something in the same scope."""
        # Without tenancy both keys may be the same principal's, and its memory would be no stranger's.
        two = session.first.token is not None and session.second.token is not None
        if two and "tenancy" in capabilities.profiles:
            self.stranger = session.client(memory.recorder, session.second)
            scopes.use(self.scope, principal=session.second.label)

    @property
    def canaries(self) -> tuple[str, ...]:
        """Words of what is to be forgotten: a former content, the present one, a metadata value, a key."""
        return self.former, self.content, self.detail, self.key

    def declares(self, profile: str) -> bool:
        """Tell whether the server declares the profile."""
        return profile in self.capabilities.profiles

    def id_of(self, step: str) -> str:
        """Return the id of the memory that a step answered with."""
        return str(self.record(step)["id"])

    def selected(self) -> list[str]:
        """Return the ids of what the person's scope selects."""
        return [self.id_of(step) for step in ("added", "kept")]

    def receipt(self) -> dict[str, Any]:
        """Return the receipt of the erasure; the operation must have succeeded."""
        operation = self["operation"].must_be(200, 202, because="the operation of an erasure").json
        outcome = operation.get("result") if isinstance(operation, dict) else None
        if not isinstance(outcome, dict):
            raise NotApplicable("the erasure ended without a receipt, which is judged as CORE-28")
        return outcome


def estate(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session) -> Estate:
    """Return the story, lived once in a run."""
    return cast("Estate", once(memory, ESTATE, lambda: _live(Estate(memory, scopes, capabilities, session))))


def _live(story: Estate) -> Estate:
    _fill(story)
    settle(max(story.capabilities.staleness(read) for read in ("get", "list", "search")))
    _look(story, "before")
    if story.stranger is not None:
        _look_strange(story, story.stranger)
    if story.declares("events"):
        _reconnect(story)
    if story.declares("erasure"):
        _erase(story)
    return story


def _fill(story: Estate) -> None:
    memory = story.memory
    body = {
        "content": f"The boathouse opens with {story.former}",
        "scope": story.talk,
        "metadata": {"topic": {"of": ["boats", story.detail]}, "ratio": 0.1, "count": 3, "none": None},
    }
    headers = {"Idempotency-Key": story.idempotency_key} if story.declares("idempotency") else {}
    answer = memory.post(body, headers=headers)
    if answer.status in REFUSALS:  # of its metadata, which is judged as CORE-07: nothing of them is to be forgotten
        answer = memory.post({**body, "metadata": {}}, headers=headers)
    first = story.tell("added", answer)
    source = str(first.control(201).control_object("id", str)["id"])
    if story.declares("keyed"):
        kept = memory.set(f"boat {story.key}", story.scope, {"content": "The boat is green"})
    else:
        kept = memory.post({"content": "The boat is green", "scope": story.scope})
    story.tell("kept", kept.control(200, 201))
    if story.declares("update"):
        story.tell("patched", memory.patch(source, {"content": f"The boathouse opens with {story.content}"}))
    else:
        story.content = story.former
    story.tell("neighbour", memory.post({"content": "The neighbour sails", "scope": story.beside}))
    concluded: dict[str, Any] = {"method": "inferred", "memory_ids": [source]}
    derived = {"content": "Somebody owns a boathouse", "scope": story.beside, "source": concluded}
    story.tell("derived", memory.post(derived))
    both = {**concluded, "memory_ids": [source, story.id_of("neighbour")]}
    story.tell("half derived", memory.post({"content": "Two people sail", "scope": story.beside, "source": both}))
    if story.stranger is not None:
        strange = {"content": "A stranger rows", "scope": story.scope}
        story.tell("strange", story.stranger.post(strange))


def _look(story: Estate, when: str) -> None:
    """Look at the person's scope in every way that is declared."""
    memory, scope = story.memory, story.scope
    source = story.id_of("added")
    story.tell(f"list {when}", *list_pages(memory, scope))
    if when == "after":
        story.tell("get after", memory.get(source))
        story.tell("neighbours after", *list_pages(memory, story.beside))
    if story.declares("search"):
        top_k = min(story.capabilities.max_top_k, 10)
        story.tell(f"search {when}", memory.search(f"boathouse opens with {story.content}", scope, top_k=top_k))
    if story.declares("history") and when == "after":
        story.tell(f"history {when}", *history_pages(memory, source))
    if story.declares("portability"):
        story.tell(f"export {when}", memory.export(scope))
    if story.declares("summary"):
        story.tell(f"summary {when}", memory.summarise(scope, max_chars=SUMMARY_CHARS))
    if story.declares("erasure"):
        _tell_scopes(story, f"scopes {when}", memory)
    if story.declares("keyed") and when == "after":
        story.tell(f"keyed {when}", memory.get_keyed(f"boat {story.key}", scope))
    if story.declares("events"):
        _stream(story, when, memory, until=_all_of(story, when))


def _tell_scopes(story: Estate, step: str, memory: MemoryApi) -> None:
    if (pages := scope_pages(memory, story.capabilities)) is not None:
        story.tell(step, *pages)


def _all_of(story: Estate, when: str) -> Callable[[list[Event]], bool]:
    """Return what tells that a stream has shown what must be there."""
    if when == "before":
        wanted = {(story.id_of("added"), "add"), *((each, None) for each in story.selected())}
        wanted |= {(story.id_of("added"), "update")} if "patched" in story else set()
    else:
        wanted = {(each, "erase") for each in story.selected()} | {(story.id_of("later"), "add")}
    return lambda events: wanted <= {(e.memory_id, op) for e in events for op in (e.operation, None)}


def _stream(story: Estate, name: str, memory: MemoryApi, *, until: Callable[[list[Event]], bool], **more: Any) -> None:
    story.streams[name] = memory.events(story.scope, until=until, within=STREAM_S, **more)
    story.tell(f"events {name}", story.streams[name].answer)


def _look_strange(story: Estate, stranger: MemoryApi) -> None:
    own = story.id_of("strange")
    if story.declares("portability"):
        story.tell("strange export", stranger.export(story.scope))
    if story.declares("summary"):
        story.tell("strange summary", stranger.summarise(story.scope, max_chars=SUMMARY_CHARS))
    if story.declares("erasure"):
        _tell_scopes(story, "strange scopes", stranger)
    if story.declares("events"):
        _stream(story, "strange", stranger, until=lambda events: own in {each.memory_id for each in events})


def _reconnect(story: Estate) -> None:
    story.tell("unknown", _stream_from_nowhere(story))
    seen = list(story.streams["before"])
    if len(seen) < 2:
        return
    last, rest = seen[0].id, {each.id for each in seen[1:]}
    enough: Callable[[list[Event]], bool] = lambda events: rest <= {each.id for each in events}  # noqa: E731 - used twice
    _stream(story, "resumed", story.memory.elsewhere(), until=enough, after=last)
    _stream(story, "reconnected", story.memory.elsewhere(), until=enough, last_event_id=last)


def _stream_from_nowhere(story: Estate) -> Answer:
    nowhere = f"no-event-{story.content}"
    return story.memory.events(story.scope, nowhere, until=lambda _: True, within=STREAM_S).answer


def _erase(story: Estate) -> None:
    memory = story.memory
    story.began = time.monotonic()
    accepted = story.tell("erasure", memory.erase(story.scope))
    ended = story.tell("operation", *follow(memory, accepted.control(202)))
    story.ended = time.monotonic()
    operation_id = str(document(ended)["id"])
    if story.stranger is not None:
        story.tell("strange operation", story.stranger.operation(operation_id))
        story.tell("strange after", story.stranger.get(story.id_of("strange")))
    story.tell("later", memory.post({"content": "A new boat was bought", "scope": story.scope}))
    settle(max(story.capabilities.staleness(read) for read in ("get", "list", "search")))
    _look(story, "after")
    story.tell("derived after", memory.get(story.id_of("derived")))
    if story.declares("idempotency"):
        _repeat(story)


def _repeat(story: Estate) -> None:
    """Send the very first request once more, and look whether what it stored is back."""
    sent = story["added"].exchange.sent
    headers = {"Idempotency-Key": story.idempotency_key}
    story.tell("repeat", story.memory.request("POST", "/v1/memories", content=sent.body, headers=headers))
    story.tell("list at last", *list_pages(story.memory, story.scope))
