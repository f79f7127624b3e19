"""The oracle of the contract: each rule by itself, and a long random walk beside the reference server."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from memconform.answer import Answer
from memconform.contract import profiles
from memconform.contract.openapi import openapi
from memconform.http import Target, Wire
from memconform.ledger import Ledger
from memconform.memory_api import MemoryApi, Principal
from memconform.recorder import Recorder
from memconform.scene.oracle import held_at, inherits, instant
from memconform.scene.world import World
from memconform.scene.world_memory import UNKNOWN, Stamp, mismatch
from memconform.wire_judge import WireJudge

from .conftest import ALICE

ANN = {"user_id": "ann"}
HOME = {"user_id": "ann", "session_id": "home"}


class Clock:
    """A clock that is set by hand."""

    at = instant("2026-01-01T00:00:00Z")

    def __call__(self) -> Fraction:
        """Return the time."""
        return self.at


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    """Return an empty store."""
    return World(clock)


def stamp(name: str, second: int = 0, tag: str | None = None) -> Stamp:
    """Return what a server chose."""
    at = f"2026-01-01T00:00:{second:02}Z"
    return Stamp(name, at, at, tag)


def body(content: str = "x", scope: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """Return a request to add."""
    return {"content": content, "scope": scope or ANN, **more}


def test_add_get_list_and_delete(world: World) -> None:
    """A record is what was sent and what the server chose; the newest comes first; deleted is gone."""
    first = world.add(body("one", metadata={"a": 1}, confidence=None), stamp("1", 1))
    assert first.status == 201
    times = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:01Z")
    assert first.body == {"id": "1", "scope": ANN, "version": 1, "content": "one", "metadata": {"a": 1}, **times}
    world.add(body("two", HOME), stamp("2", 2))
    assert [each["id"] for each in world.list(ANN)] == ["2", "1"]
    assert [each["id"] for each in world.list(HOME)] == ["2"]
    assert sorted(world.scopes(), key=len) == [ANN, HOME]
    assert world.delete("1").status == 204
    assert (world.get("1").status, world.delete("1").status, world.history("1").status) == (404, 404, 404)
    assert [(each.memory_id, each.operation) for each in world.changes(ANN)] == [
        ("1", "add"),
        ("2", "add"),
        ("1", "delete"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": ""},
        {"content": None},
        {"scope": {}},
        {"scope": {"user": "x"}},
        {"confidence": 2},
        {"metadata": []},
        {"expires_at": "2025-12-31T23:59:59Z"},
        {"expires_at": "2026-01-01T01:00:00+01:00"},
        {"id": "mine"},
        {"version": 1},
        {"supersedes": ["unknown"]},
    ],
)
def test_what_is_refused_changes_nothing(world: World, wrong: dict[str, Any]) -> None:
    """A body that breaks a schema, an expiry that has passed, a server's own member, an unknown id: 422."""
    assert world.add({**body(), **wrong}, stamp("1")).status == 422
    assert world.list(ANN) == []
    assert world.changes(ANN) == []


def test_merge_patches(world: World) -> None:
    """Absent keeps, null removes, metadata null is `{}`; nothing changed is no version; own members are refused."""
    world.add(body(metadata={"a": {"b": 1, "c": 2}}, confidence=0.5, ext={"v": {}}), stamp("1", tag='"1"'))
    changed = world.patch("1", {"metadata": {"a": {"b": None}, "d": [None]}, "confidence": None}, stamp("1", 5, '"2"'))
    assert changed.body["metadata"] == {"a": {"c": 2}, "d": [None]}
    assert "confidence" not in changed.body
    assert (changed.body["version"], changed.body["updated_at"]) == (2, "2026-01-01T00:00:05Z")
    for same in ({}, {"content": "x"}, {"metadata": {"zz": None}}, {"confidence": None}, {"id": "1", "version": 2}):
        assert world.patch("1", same, stamp("1", 9)).body == changed.body, same
    hostile: list[Any] = [{"content": None}, {"content": ""}, {"version": 3}, {"scope": HOME}, {"key": "k"}, []]
    for refused in hostile:
        assert world.patch("1", refused).status == 422, refused
    assert world.patch("2", {}).status == 404
    assert world.patch("1", {"metadata": None}).body["metadata"] == {}
    entries = world.history("1").body
    assert [(each["version"], each["operation"]) for each in entries] == [(1, "add"), (2, "update"), (3, "update")]
    assert entries[0]["metadata"] == {"a": {"b": 1, "c": 2}}


def test_conditions(world: World) -> None:
    """Only the present strong tag or `*` lets a change through; while the present one is unknown, no tag does."""
    world.add(body(), stamp("1", tag='"1"'))
    for tag in ('"0"', 'W/"1"', "1"):
        assert world.patch("1", {"content": "y"}, if_match=tag).status == 412
        assert world.delete("1", tag).status == 412
    assert world.patch("1", {"content": "y"}, stamp("1", 1), '"1"').status == 200
    assert world.patch("1", {"content": "z"}, if_match='"1"').status == 412
    world.learn({"id": "1"}, '"2"')
    assert world.patch("1", {"content": "z"}, stamp("1", 2, '"3"'), '"2"').status == 200
    assert world.delete("1", "*").status == 204
    assert world.delete("1", "*").status == 404


def test_keyed_memories(world: World) -> None:
    """One memory for each exact scope and key; the same again changes nothing; conditions on what is not there."""
    assert world.set("k", ANN, {"content": "a"}, if_match="*").status == 412
    assert world.set("k", ANN, {"content": "a"}, stamp("1"), if_none_match="*").status == 201
    assert world.set("k", ANN, {"content": "a"}, if_none_match="*").status == 412
    assert world.set("k", HOME, {"content": "b"}, stamp("2")).status == 201
    again = world.set("k", ANN, {"content": "a", "metadata": {}})
    assert (again.status, again.body["version"]) == (200, 1)
    replaced = world.set("k", ANN, {"content": "a", "confidence": 1}, stamp("1", 3))
    assert (replaced.status, replaced.body["version"], replaced.body["id"]) == (200, 2, "1")
    assert "confidence" not in world.set("k", ANN, {"content": "c"}, stamp("1", 4)).body
    assert [each["operation"] for each in world.history("1").body] == ["add", "replace", "replace"]
    assert world.get_keyed("k", ANN).body["content"] == "c"
    assert world.get_keyed("K", ANN).status == 404
    assert world.unset("k", ANN).status == 204
    assert world.unset("k", ANN).status == 404
    assert world.set("k", ANN, {"content": "d"}, stamp("3")).status == 201
    assert world.set("k", ANN, {"content": "d", "expires_at": "2020-01-01T00:00:00Z"}).status == 422


def test_supersession(world: World, clock: Clock) -> None:
    """What is superseded is hidden, readable and a version on; its successor's end, also by expiry, restores it."""
    world.add(body("old"), stamp("1", 1, '"1"'))
    world.add(body("other", HOME), stamp("2", 1))
    for wrong in (["2"], ["nobody"], ["1", "1"]):
        assert world.add(body("new", supersedes=wrong)).status == 422
    world.add(body("new", supersedes=["1"], expires_at="2026-01-02T00:00:00Z"), stamp("3", 2))
    assert set(world.selected(ANN)) == {"2", "3"}
    old = world.get("1").body
    assert (old["superseded_by"], old["version"], old["updated_at"]) == ("3", 2, UNKNOWN)
    assert mismatch(old, {**old, "updated_at": "2026-01-01T00:00:02Z"}) is None
    assert world.patch("1", {"content": "z"}, if_match='"1"').status == 412
    assert world.add(body("newer", supersedes=["1"])).status == 422
    assert [each["id"] for each in world.export(ANN)] == ["1", "2", "3"]
    clock.at += 86_400
    assert set(world.selected(ANN)) == {"1", "2"}
    assert [each["operation"] for each in world.history("1").body] == ["add", "supersede", "restore"]
    assert "superseded_by" not in world.get("1").body
    assert [each.operation for each in world.changes(ANN)][-2:] == ["expire", "restore"]


def test_batches_are_their_items_one_by_one(world: World) -> None:
    """Each item is answered by itself, a bad one harms no other, later ones see earlier ones."""
    items = [
        {"op": "add", "memory": body("a")},
        {"op": "add", "memory": body("")},
        {"op": "update", "id": "1", "patch": {"content": "b"}},
        {"op": "update", "id": "1", "patch": {}, "if_match": '"old"'},
        {"op": "nonsense"},
        {"op": "delete", "id": "1"},
        {"op": "delete", "id": "1"},
    ]
    statuses = [each.status for each in world.batch(items, [stamp("1")])]
    assert statuses == [201, 422, 200, 412, 422, 204, 404]


def test_erasure_and_what_was_derived(world: World) -> None:
    """All of the scope goes, superseded ones too, and what came of erased memories alone, over several steps."""
    world.add(body("a"), stamp("1"))
    world.add(body("b", supersedes=["1"]), stamp("2"))
    world.add(body("c", {"user_id": "bob"}), stamp("3"))
    shared = {"app_id": "notes"}
    world.add(body("d", shared, source={"method": "inferred", "memory_ids": ["1", "3"]}), stamp("4"))
    world.add(body("e", shared, source={"method": "inferred", "memory_ids": ["2"]}), stamp("5"))
    world.add(body("f", shared, source={"method": "inferred", "memory_ids": ["5"]}), stamp("6"))
    world.add(body("g", shared, source={"method": "inferred", "memory_ids": []}), stamp("7"))
    receipt = world.erase(ANN)
    assert (receipt.memories, receipt.derived) == (2, ("5", "6"))
    assert set(world.selected(shared)) == {"4", "7"}
    assert [(each.memory_id, each.operation) for each in world.changes(ANN)] == [("1", "erase"), ("2", "erase")]
    second = world.erase({"user_id": "bob"})
    assert (second.memories, second.derived) == (1, ("4",))
    assert world.erase(ANN).memories == 0


def test_import(world: World) -> None:
    """A conflict refuses everything, skipping leaves, overwriting replaces; links follow the records."""
    world.add(body("a"), stamp("1"))
    world.add(body("b", supersedes=["1"]), stamp("2", 1))
    records = world.export(ANN)
    assert world.import_(records).status == 409
    assert world.import_(records, "skip").body == [("1", "skipped"), ("2", "skipped")]
    assert world.get("1").body["version"] == 2
    empty = World(world.now)
    assert empty.import_(records).body == [("1", "created"), ("2", "created")]
    assert [each["id"] for each in empty.list(ANN)] == ["2"]
    assert empty.get("1").body["superseded_by"] == "2"
    assert empty.history("1").body is None
    fresh = {"id": "2", "content": "c", "scope": ANN, "metadata": {}, "created_at": "2026-01-01T00:00:01Z"}
    assert empty.import_([fresh], "overwrite").body == [("2", "overwritten")]
    assert {each["content"] for each in empty.list(ANN)} == {"a", "c"}


@pytest.mark.parametrize(
    ("scope", "inherited"),
    [
        ({"user_id": "u"}, True),
        ({"user_id": "u", "agent_id": "a"}, True),
        ({"user_id": "u", "agent_id": "a", "session_id": "s"}, True),
        ({"user_id": "u", "agent_id": "a", "session_id": "s", "app_id": "p"}, True),
        ({"agent_id": "a"}, True),
        ({"session_id": "s"}, False),
        ({"agent_id": "a", "session_id": "s"}, False),
        ({"app_id": "p"}, False),
        ({"user_id": "v"}, False),
        ({"user_id": "u", "agent_id": "b"}, False),
    ],
)
def test_inheritance(scope: dict[str, str], inherited: bool) -> None:
    """A session sees its user's memories and its agent's own, and never another user's or session's."""
    assert inherits({"user_id": "u", "agent_id": "a", "session_id": "s"}, scope) is inherited


def test_what_held_when(world: World) -> None:
    """From `valid_from` or its creation until `valid_to` or its successor's start, the end not included."""
    record = {"created_at": "2026-01-01T00:00:10Z", "valid_to": "2026-01-01T00:00:20Z"}
    later = {"created_at": "2026-01-01T00:00:30Z", "valid_from": "2026-01-01T00:00:15Z"}
    seconds = {n: instant(f"2026-01-01T00:00:{n:02}Z") for n in (9, 10, 14, 15, 19, 20)}
    assert [n for n, at in seconds.items() if held_at(at, record)] == [10, 14, 15, 19]
    assert [n for n, at in seconds.items() if held_at(at, record, later)] == [10, 14]
    world.add(body("old"), stamp("1", 10))
    world.add(body("new", supersedes=["1"], valid_from=later["valid_from"]), stamp("2", 30))
    assert set(world.searchable(ANN)) == {"2"}
    assert [set(world.searchable(ANN, as_of=f"2026-01-01T00:00:{n}Z")) for n in (14, 15)] == [{"1"}, {"2"}]
    tagged = {"op": "eq", "field": "/metadata/a", "value": 1}
    world.patch("2", {"metadata": {"a": 1.0}})
    assert set(world.searchable(ANN, filter=tagged)) == {"2"}
    assert set(world.searchable(ANN, filter={"op": "not", "filter": tagged})) == set()


def test_what_differs_from_the_oracle() -> None:
    """Unknown members and a server's additions to a source differ in nothing; everything else of the contract does."""
    expected = {"id": "1", "version": UNKNOWN, "source": {"method": "inferred"}, "confidence": 1}
    observed = {"id": "1", "version": 7, "source": {"method": "inferred", "memory_ids": []}, "confidence": 1.0, "x": 1}
    assert mismatch(expected, observed) is None
    assert mismatch({"id": "1"}, {"id": "1", "source": {"method": "verbatim"}}) is None
    assert mismatch({**expected, "version": 6}, observed) == "version"
    assert mismatch(expected, {**observed, "source": {"method": "verbatim"}}) == "source"
    assert mismatch(expected, {**observed, "superseded_by": "2"}) == "superseded_by"


class Walk:
    """Random requests to the reference server and to the oracle."""

    def __init__(self, memory: MemoryApi, seed: int) -> None:
        self.memory, self.dice, self.world = memory, random.Random(seed), World()
        user = f"mcf-00000000_walk{seed}"
        self.scopes = [{"user_id": user}, {"user_id": user, "session_id": "s"}, {"user_id": user, "app_id": "p"}]
        self.ids = ["nobody"]
        self.tags = ['"no tag"', "*"]

    def members(self) -> dict[str, Any]:
        """Return some optional members."""
        every = {"metadata": {"a": self.dice.randrange(3)}, "confidence": self.dice.choice([0, 0.5, 1])}
        return {name: value for name, value in every.items() if self.dice.random() < 0.5}

    def step(self) -> None:
        """Do one thing on both sides and compare what is answered and what is there."""
        action = self.dice.choice([self.add, self.add, self.patch, self.patch, self.delete, self.set, self.unset])
        if self.dice.random() < 0.04:
            action = self.erase
        action()
        self.look()

    def agree(self, answer: Answer, expected: Any) -> None:
        """Require status and record to be those that the oracle expects; learn what it could not know."""
        assert answer.status == expected.status, answer.observed()
        if expected.status in (200, 201):
            assert mismatch(expected.body, answer.json) is None, (expected.body, answer.json)
            self.tags.append(answer.header("ETag") or "")
            self.world.learn(answer.json, answer.header("ETag"))

    def stamped(self, answer: Answer) -> Stamp:
        """Return what the server chose."""
        if answer.status >= 300:
            return Stamp()
        chosen = Stamp.of(answer.json, answer.header("ETag"))
        self.ids.append(str(chosen.id))
        return chosen

    def add(self) -> None:
        """Add, perhaps in place of others."""
        sent = {"content": self.dice.choice("xyz"), "scope": self.dice.choice(self.scopes), **self.members()}
        if self.dice.random() < 0.3:
            sent["supersedes"] = [self.dice.choice(self.ids[-6:])]
        answer = self.memory.post(sent)
        self.agree(answer, self.world.add(sent, self.stamped(answer)))

    def condition(self) -> tuple[dict[str, str], str | None]:
        """Return perhaps an `If-Match`."""
        tag = self.dice.choice([None, None, *self.tags[-3:]])
        return ({}, None) if tag is None else ({"If-Match": tag}, tag)

    def patch(self) -> None:
        """Change one."""
        chosen, (headers, tag) = self.dice.choice(self.ids[-8:]), self.condition()
        sent = {**self.members(), **({"content": self.dice.choice("xyz")} if self.dice.random() < 0.5 else {})}
        if self.dice.random() < 0.1:
            sent["version"] = 99
        answer = self.memory.patch(chosen, sent, headers=headers)
        said = Stamp.of(answer.json, answer.header("ETag"))
        self.agree(answer, self.world.patch(chosen, sent, said, tag))

    def delete(self) -> None:
        """Delete one."""
        chosen, (headers, tag) = self.dice.choice(self.ids[-8:]), self.condition()
        self.agree(self.memory.delete(chosen, headers=headers), self.world.delete(chosen, tag))

    def set(self) -> None:
        """Set a keyed one."""
        scope, key, sent = self.dice.choice(self.scopes), self.dice.choice("kK"), {"content": "v", **self.members()}
        new = "*" if self.dice.random() < 0.2 else None
        answer = self.memory.set(key, scope, sent, headers={"If-None-Match": new} if new else {})
        self.agree(answer, self.world.set(key, scope, sent, self.stamped(answer), if_none_match=new))

    def unset(self) -> None:
        """Delete a keyed one."""
        scope, key = self.dice.choice(self.scopes), self.dice.choice("kK")
        self.agree(self.memory.unset(key, scope), self.world.unset(key, scope))

    def erase(self) -> None:
        """Erase a scope."""
        scope = self.dice.choice(self.scopes[1:])
        receipt = self.memory.erased(scope)
        expected = self.world.erase(scope)
        assert receipt["counts"]["memories"] == expected.memories
        assert sorted(receipt["derived"]) == sorted(expected.derived)

    def look(self) -> None:
        """Compare lists, one memory, its history and the export."""
        scope, chosen = self.dice.choice(self.scopes), self.dice.choice(self.ids[-8:])
        listed = {each["id"]: each for each in self.memory.walk(scope)}
        expected = self.world.selected(scope)
        assert listed.keys() == expected.keys()
        assert [mismatch(expected[name], listed[name]) for name in listed] == [None] * len(listed)
        self.agree(self.memory.get(chosen), self.world.get(chosen))
        entries = self.world.history(chosen)
        if entries.status == 200:
            told = [{name: each[name] for name in each if name != "at"} for each in self.memory.versions(chosen)]
            assert told == entries.body
        _, records = self.memory.exported(scope)
        assert {each["id"] for each in records} == {each["id"] for each in self.world.export(scope)}


@pytest.fixture
def memory(reference: str, tmp_path: Path) -> Iterator[MemoryApi]:
    """Return a client of the reference server whose every exchange is judged."""
    wire = Wire(Target(reference))
    recorder = Recorder(100_000, WireJudge(openapi(), frozenset(profiles()), "/", (ALICE,)))
    ledger = Ledger(tmp_path / "0.jsonl", reference)
    yield MemoryApi(wire, recorder, Principal("first", ALICE), ledger)
    ledger.close(done=True)
    wire.close()


@pytest.mark.parametrize("seed", range(3))
def test_the_oracle_and_the_reference_agree(memory: MemoryApi, seed: int) -> None:
    """Over 120 random operations both answer alike, and show the same in lists, histories and exports."""
    walk = Walk(memory, seed)
    for _ in range(120):
        walk.step()
    assert memory.recorder.findings == []
