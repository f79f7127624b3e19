"""Instants of a new memory: RFC 3339 with any offset, and nothing else."""

from __future__ import annotations

from memconform.answer import REFUSALS, Answer, must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memory, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.holdings import must_hold_only
from memconform.scene.material import material
from memconform.scene.oracle import instant
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

PLAIN = "2026-01-01T00:00:00Z"

PRECISION = 1.0
"""How far the instant may be from what was sent, in seconds: the contract does not say which fraction is kept."""


@requirement("CORE-05", requests=(0, 15, 15))
def test_instants_are_kept_however_they_are_written(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """A `valid_from` in any spelling of RFC 3339 is answered, and read by id, as the same instant."""
    _must_keep_plain(memory, scope)
    sent = {}
    for each in material("instants")["legal"]:
        what = f"a `valid_from` with {each['name']}, {each['text']}"
        answer = _add(memory, scope, each["text"]).must_be(201, because=what)
        _must_be_instant(answer, each["text"], what)
        sent[answer.control_object("id", str)["id"]] = (each["text"], what)
    settle(capabilities.staleness("get"))
    for memory_id, (text, what) in sent.items():
        read = memory.get(memory_id).must_be(200, because="it was added")
        _must_be_instant(read, text, f"{what}, read by id")


@requirement("CORE-05", requests=(0, 4, 4))
def test_instants_at_the_edge_are_kept_or_refused(memory: MemoryApi, scopes: Scopes) -> None:
    """A legal `valid_from` that clocks and calendars seldom hold is kept or refused with 422 or 400, never 5xx."""
    _must_keep_plain(memory, scopes.fresh())
    apart = scopes.fresh()
    for each in material("instants")["kept_or_refused"]:
        because = f"`valid_from` is {each['text']}, {each['name']}"
        _add(memory, apart, each["text"]).must_be(201, *REFUSALS, because=because)


@requirement("CORE-09", requests=(0, 18, 18))
def test_what_is_no_instant_is_refused(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A `valid_from` that is no RFC 3339 date-time with an offset is refused with 422 or 400, and nothing is stored."""
    kept = _must_keep_plain(memory, scope)
    for each in material("instants")["refused"]:
        because = f"`valid_from` is {shown(each['text'])}: {each['name']}"
        _add(memory, scope, each["text"]).must_be_refused(because=because)
    must_hold_only(memory, scope, [kept], capabilities, refused="memories whose `valid_from` is no instant")


def _add(memory: MemoryApi, scope: Scope, text: Json) -> Answer:
    return memory.post({"content": "I live in Lisbon", "scope": dict(scope), "valid_from": text})


def _must_keep_plain(memory: MemoryApi, scope: Scope) -> Memory:
    """Add a memory with a plain `valid_from`; that a server takes none is told by another test of CORE-05 alone."""
    answer = _add(memory, scope, PLAIN)
    if answer.status in REFUSALS:
        raise NotApplicable("the server takes no `valid_from`, which is judged by itself")
    record = answer.control(201).control_object("id", str)
    if _seconds_apart(record.get("valid_from"), PLAIN) is None:
        raise NotApplicable("the server does not keep `valid_from`, which is judged by itself")
    return record


def _must_be_instant(answer: Answer, text: str, what: str) -> None:
    seen = answer.control_object("id", str).get("valid_from")
    apart = _seconds_apart(seen, text)
    must(apart is not None and apart < PRECISION, f"the same instant for {what}", f"`valid_from` {shown(seen)}", answer)


def _seconds_apart(seen: Json, text: str) -> float | None:
    """Return how far two timestamps are from each other; None where the first is none."""
    try:
        return abs(float(instant(seen) - instant(text)))
    except ValueError:
        return None
