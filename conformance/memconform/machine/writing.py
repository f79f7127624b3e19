"""Steps that add, change and delete single memories."""

from __future__ import annotations

from typing import Any

from memconform.machine.divergence import agree, must_answer, must_be_record, object_of
from memconform.machine.player import EXT, FAR, Once, Player, newest
from memconform.machine.step import Step
from memconform.scene.world_memory import mismatch

METADATA: tuple[dict[str, Any], ...] = (
    {},
    {"topic": "home", "rank": 1},
    {"topic": "work", "rank": 2},
    {"topic": "home", "tags": ["a", "b"]},
    {"rank": 3, "nested": {"deep": True}},
    {},
)
_SHORTEST_WINDOW = 120
"""Seconds that a server must remember keys for, to be asked for a repeat."""


def add(player: Player, step: Step) -> None:
    """Add a memory, with more members in some flavours."""
    _added(player, _draft(player, step), "CORE-05", "a memory that was added")


def supersede(player: Player, step: Step) -> None:
    """Add a memory in place of current ones of the same exact scope; or name one that may not be superseded."""
    body = _draft(player, Step("add", step.who, step.place))
    free = [each for each in player.current(player.place(step)) if player.world.get(each).body.get("key") is None]
    if step.flavour == 4 and (hidden := _hidden(player)):
        _added(player, {**body, "supersedes": [newest(hidden, step.which)]}, "SUPERSESSION-02", "one superseded before")
    elif free:
        chosen = free[-2:] if step.flavour == 3 else [newest(free, step.which)]
        _added(player, {**body, "supersedes": chosen}, "SUPERSESSION-01", "a successor")
    else:
        _added(player, body, "CORE-05", "a memory that was added")


def add_once(player: Player, step: Step) -> None:
    """Add a memory with an `Idempotency-Key`."""
    body, key = _draft(player, step), f"{player.places[0]['user_id']}-{player.name}-{player.texts}"
    record = _added(player, body, "IDEMPOTENCY-01", "a memory that was added", {"Idempotency-Key": key})
    player.once.append(Once(key, body, record))


def repeat(player: Player, step: Step) -> None:
    """Send an add with an `Idempotency-Key` again: the same answer while the memory is there, 410 once it is erased."""
    window = player.capabilities.idempotency_window
    if window is not None and window < _SHORTEST_WINDOW:
        return
    alive = [
        each
        for each in player.once
        if each.record["id"] in player.world.erased or player.world.get(each.record["id"]).status == 200
    ]
    if not alive:
        add_once(player, step)
        return
    chosen = alive[-1 - step.which % len(alive)]
    answer = player.memory.post(chosen.body, headers={"Idempotency-Key": chosen.key})
    if chosen.record["id"] in player.world.erased:
        agree(answer.status == 410, "ERASURE-03", "410 for the repeat of what was erased", answer.observed(), answer)
        return
    agree(answer.status == 201, "IDEMPOTENCY-01", "201 for a repeat, as before", answer.observed(), answer)
    again = object_of(answer, "IDEMPOTENCY-01")
    must_be_record(again, chosen.record, "IDEMPOTENCY-01", "the answer to a repeat", answer)


def delete(player: Player, step: Step) -> None:
    """Delete a memory, in some flavours on a condition; or one that is gone or somebody else's."""
    meant = player.meant(step)
    successors = [each for each in player.current() if player.world.get(each).body.get("supersedes")]
    if step.flavour == 0 and successors:
        meant = newest(successors, step.which), None
    if meant is None:
        return
    memory_id, absent = meant
    tag = None if absent else _condition(player, memory_id, step)
    answer = player.memory.delete(memory_id, headers={"If-Match": tag} if tag else None)
    expected = player.world.delete(memory_id, tag)
    must_answer(answer, expected, absent or ("CONCURRENCY-02" if tag else "CORE-13"), _what("DELETE", absent, tag))


def patch(player: Player, step: Step) -> None:
    """Change a memory, in some flavours on a condition; or one that is gone or somebody else's."""
    meant = player.meant(step)
    if meant is None:
        return
    memory_id, absent = meant
    body = _patch(player, step, player.world.get(memory_id).body or {})
    tag = None if absent else _condition(player, memory_id, step)
    answer = player.memory.patch(memory_id, body, headers={"If-Match": tag} if tag else None)
    expected = player.world.patch(memory_id, body, player.stamp(answer), tag)
    requirement = "TENANCY-03" if absent == "TENANCY-03" else "UPDATE-04" if absent else "UPDATE-01"
    if tag and answer.status != expected.status:
        requirement = "CONCURRENCY-02"
    elif answer.status == expected.status == 200 and isinstance(answer.json, dict):
        # A record that is right but for what counts its changes keeps the patch and breaks the count.
        counted = mismatch(expected.body, answer.json) in ("version", "updated_at")
        requirement = "UPDATE-03" if counted else requirement
    player.take(answer, expected, requirement, _what("PATCH", absent, tag))


def _added(
    player: Player, body: dict[str, Any], requirement: str, what: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    answer = player.memory.post(body, headers=headers)
    expected = player.world.add(body, player.stamp(answer))
    must_answer(answer, expected, requirement, what)
    if expected.status != 201:
        return {}
    player.known(answer, requirement)
    player.take(answer, expected, requirement, what)
    return object_of(answer, requirement)


def _draft(player: Player, step: Step) -> dict[str, Any]:
    body: dict[str, Any] = {"content": player.text(), "scope": player.place(step)}
    if step.flavour:
        body["metadata"] = METADATA[step.flavour]
    optional = {3: ("confidence", _confidence(step, 0.5)), 4: ("ext", EXT)}.get(step.flavour)
    if optional and (step.verb == "add" or player.takes(optional[0])):
        body[optional[0]] = optional[1]
    if step.flavour == 2:
        body["source"] = {"method": "inferred", "message_ids": ["message-one"]}
        if "temporal" in player.profiles:
            body.update(valid_from="2001-01-01T00:00:00Z", valid_to=FAR)
    if step.flavour in (1, 4) and "lifecycle" in player.profiles:
        body["expires_at"] = FAR
    current = player.current()
    if step.flavour == 5 and "erasure" in player.profiles and current:
        body["source"] = {"method": "inferred", "memory_ids": [newest(current, step.which)]}
    return body


def _confidence(step: Step, otherwise: float) -> float:
    """Return a confidence, now and then 0, which is one as well."""
    return 0 if step.which else otherwise


def _patch(player: Player, step: Step, present: dict[str, Any]) -> dict[str, Any]:
    """Return a patch; an optional member that is there is removed, one that is not is set."""
    if step.flavour == 1:
        return {"metadata": {"topic": "garden", "rank": None}} if step.place else {"metadata": None}
    if step.place == 1:
        return {"content": player.text(), "confidence": None if "confidence" in present else _confidence(step, 0.25)}
    if step.place == 2 and "lifecycle" in player.profiles:
        return {"expires_at": None if "expires_at" in present else FAR}
    return {"content": player.text()}


def _condition(player: Player, memory_id: str, step: Step) -> str | None:
    """Return perhaps a tag: in flavour 2 the present one, in flavour 3 an earlier or a weak one."""
    if "concurrency" not in player.profiles or step.flavour not in (2, 3):
        return None
    present = player.present_tag(memory_id)
    if present is None or step.flavour == 2:
        return present
    former = [tag for tag in player.tags.get(memory_id, []) if tag != present]
    return former[-1] if former else f"W/{present}"


def _hidden(player: Player) -> list[str]:
    records = {each: player.world.get(each) for each in player.ids}
    return [each for each, kept in records.items() if kept.status == 200 and kept.body.get("superseded_by")]


def _what(method: str, absent: str | None, tag: str | None) -> str:
    who = {"TENANCY-03": "another principal's", "CORE-13": "a deleted", "ERASURE-01": "an erased"}
    said = f"{method} of {who.get(absent or '', 'a')} memory"
    return f"{said} with If-Match: {tag}" if tag else said
