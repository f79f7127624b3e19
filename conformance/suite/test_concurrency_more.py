"""Tags and conditions wherever there are any, lists of tags, races in number, and clients that do as they like."""

import random
from functools import partial

from memconform.answer import Answer, must, must_equal
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.histories import Recorder, check
from memconform.http import together
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.entity_tags import NEVER, if_match, if_none_match, must_be_tagged, tag_of
from memconform.scene.eventually import settle
from memconform.scene.free_clients import FreeClient
from memconform.scene.races import must_have_raced, raced
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable, NotMet

SHARED = 3
"""How many memories all of the free clients know."""


@requirement("CONCURRENCY-01", requests=(0, 16, 16))
def test_every_way_to_a_memory_gives_its_tag(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """Reading changes no tag; by key, in a batch and after a supersession a memory has the tag that GET gives."""
    added = memory.post({"content": "kept", "scope": scope}).control(201)
    tag = must_be_tagged(added, "the memory added")
    memory.list(scope)
    _must_have_tag(memory, capabilities, added, tag, "after it was listed")
    if "keyed" in capabilities.profiles:
        put = memory.set("editor", scope, {"content": "vim"}).control(201)
        by_key = memory.get_keyed("editor", scope).control(200)
        must_equal(must_be_tagged(by_key, "GET by key"), must_be_tagged(put, "PUT"), "tag by key =", put, by_key)
        _must_have_tag(memory, capabilities, put, must_be_tagged(put, "PUT"), "as GET by id reads it")
    if {"batch", "update"} <= capabilities.profiles:
        answer = memory.batch([{"op": "update", "id": added.json["id"], "patch": {"content": "changed"}}]).control(200)
        result = answer.control_object("results", list)["results"][0]
        must(result.get("etag") != tag, "another tag after a change in a batch", f"{tag} again", answer)
        if isinstance(result.get("etag"), str):
            _must_have_tag(memory, capabilities, added, result["etag"], "after a change in a batch")
    if "supersession" in capabilities.profiles:
        settle(capabilities.staleness("get"))
        before = must_be_tagged(memory.get(added.json["id"]).control(200), "GET")
        memory.add("better", scope, supersedes=[added.json["id"]])
        settle(capabilities.staleness("get"))
        after = memory.get(added.json["id"]).control(200)
        must(must_be_tagged(after, "GET") != before, "another tag once it is superseded", f"{before} again", after)


def _must_have_tag(memory: MemoryApi, capabilities: Capabilities, known: Answer, tag: str, when: str) -> None:
    settle(capabilities.staleness("get"))
    read = memory.get(known.control_object("id", str)["id"]).control(200)
    must_equal(must_be_tagged(read, "GET"), tag, f"tag {when} =", known, read)


@requirement("CONCURRENCY-02", requests=(0, 14, 14), needs=("update",))
def test_lists_of_tags_and_stars(memory: MemoryApi, scope: dict[str, str]) -> None:
    """One tag of a list suffices, `*` is any memory that is there, and no condition brings one back."""
    added = memory.post({"content": "kept", "scope": scope}).control(201)
    memory_id = added.control_object("id", str)["id"]
    several = f"{NEVER}, {tag_of(added)}"
    changed = memory.patch(memory_id, {"content": "one"}, **if_match(several))
    changed.must_be(200, because="one of the tags in If-Match is the present one")
    others = f'{NEVER}, {tag_of(added)}, W/{tag_of(changed)}, "{memory_id}"'
    memory.patch(memory_id, {"content": "two"}, **if_match(others)).must_be(412, because="no strong tag is the present")
    memory.patch(memory_id, {"content": "three"}, **if_match("*")).must_be(200, because="If-Match: * and it is there")
    memory.delete(memory_id, **if_match(f"W/{tag_of(changed)}")).must_be(412, because="a weak tag never matches")
    memory.delete(memory_id, **if_match("*")).must_be(204, because="If-Match: * and it is there")
    for condition in ("*", tag_of(changed)):
        memory.patch(memory_id, {"content": "four"}, **if_match(condition)).must_be(404, because="it was deleted")
        memory.delete(memory_id, **if_match(condition)).must_be(404, because="it was deleted")


@requirement("CONCURRENCY-02", requests=(0, 14, 14), needs=("keyed",))
def test_conditions_on_keys(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """`*` demands a memory or none under a key; PUT without one is 412, DELETE 404."""

    def put(text: str, **condition: dict[str, str]) -> Answer:
        return memory.set("editor", scope, {"content": text}, **condition)

    put("no", **if_match("*")).must_be(412, because="If-Match: * and nothing is under the key")
    memory.unset("editor", scope, **if_match("*")).must_be(404, because="nothing is under the key")
    first = put("vim", **if_none_match("*")).must_be(201, because="If-None-Match: * and nothing is under the key")
    put("no", **if_none_match("*")).must_be(412, because="If-None-Match: * and there is a memory")
    second = put("nano", **if_match("*")).must_be(200, because="If-Match: * and there is a memory")
    memory.unset("editor", scope, **if_match(tag_of(first))).must_be(412, because="If-Match has a former tag")
    memory.unset("editor", scope, **if_match(f"W/{tag_of(second)}")).must_be(412, because="a weak tag never matches")
    settle(capabilities.staleness("get"))
    got = memory.get_keyed("editor", scope)
    settled = got.must_be(200, because="it was not deleted").json.get("content")
    must_equal(settled, "nano", "content after PUTs and DELETEs that were 412 =", got)
    memory.unset("editor", scope, **if_match(tag_of(second))).must_be(204, because="If-Match has the present tag")
    put("no", **if_match(tag_of(second))).must_be(412, because="the memory with this tag was deleted")


@requirement("CONCURRENCY-02", requests=(0, 4, 4), needs=("batch", "update"))
def test_conditions_in_a_batch(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """`if_match` of an item is honoured like the header field."""
    if capabilities.limit("batch") < 3:
        raise NotApplicable("limits.batch has no room for three items")
    added = memory.post({"content": "kept", "scope": scope}).control(201)
    memory_id, tag = added.control_object("id", str)["id"], tag_of(added)
    items = [
        {"op": "update", "id": memory_id, "patch": {"content": "no"}, "if_match": NEVER},
        {"op": "update", "id": memory_id, "patch": {"content": "yes"}, "if_match": tag},
        {"op": "delete", "id": memory_id, "if_match": tag},
    ]
    answer = memory.batch(items).must_be(200, because="the batch is well-formed, whatever its items come to")
    statuses = [each.get("status") for each in answer.control_object("results", list)["results"]]
    must_equal(statuses, [412, 200, 412], "statuses of items with another, the present and a former tag =", answer)


@requirement("CONCURRENCY-03", requests=(0, 40, 330), needs=("update",))
def test_one_change_wins_each_tag(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Round after round one of several changes on the latest tag is 200, and its value is what is read."""
    present = memory.post({"content": "round 0", "scope": scope}).control(201)
    memory_id = present.control_object("id", str)["id"]
    for turn in range(1, budget.beyond_smoke(4, 20) + 1):
        change = partial(memory.patch, memory_id, **if_match(tag_of(present)))
        texts = [f"round {turn}, racer {number}" for number in range(budget.beyond_smoke(8, 15))]
        answers = raced([partial(change, {"content": text}) for text in texts])
        for answer in answers:
            answer.must_be(200, 412, because="a change on a tag that others change on, too")
        winners = [place for place, answer in enumerate(answers) if answer.status == 200]
        must(len(winners) == 1, f"200 for one of {len(answers)} changes on one tag", f"for {len(winners)}", *answers)
        settle(capabilities.staleness("get"))
        present = memory.get(memory_id).must_be(200)
        must_equal(present.json.get("content"), texts[winners[0]], "content after the race =", *answers, present)
        must_have_raced(answers)


@requirement("CONCURRENCY-04", requests=(0, 80, 1000), needs=("update",))
def test_free_clients_leave_a_sound_history(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Clients that add, change, delete and read a few memories at will see nothing that no order could explain."""
    recorder, scope = Recorder(), scopes.fresh()
    founder = FreeClient(memory, recorder, "founder", scope, [], random.Random(0))  # noqa: S311 - it has no choice
    for _ in range(SHARED):
        founder.add()
    seeds = random.Random(scope["user_id"].rpartition(".")[2])  # noqa: S311 - the same run repeats it; it is no secret
    clients = [
        FreeClient(memory, recorder, f"client {number}", scope, list(founder.ids), random.Random(seeds.random()))  # noqa: S311 - as above
        for number in range(budget.beyond_smoke(5, 12))
    ]
    steps = budget.beyond_smoke(14, 80)
    together([partial(client.run, steps) for client in clients])
    for violation in check(recorder.history(), staleness=capabilities.staleness("get")):
        raise NotMet(f"a history without {violation.law}", str(violation))


@requirement("CONCURRENCY-05", requests=(0, 7, 7))
def test_ways_to_name_the_present_tag(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A list with the present tag, its weak form and `*` are 304, too; another tag is 200."""
    added = memory.post({"content": "kept", "scope": scope}).control(201)
    memory_id = added.control_object("id", str)["id"]
    settle(capabilities.staleness("get"))
    tag = tag_of(memory.get(memory_id).control(200))
    memory.get(memory_id, **if_none_match(NEVER)).must_be(200, because="If-None-Match has another tag")
    for condition in (f"{NEVER}, {tag}", f"W/{tag}", "*"):
        memory.get(memory_id, **if_none_match(condition)).must_be(304, because=f"If-None-Match: {condition}")
