"""Memories under keys: set, replaced, told apart, raced for, and memories like any other."""

from collections import Counter

from memconform.answer import Answer, must, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.differences import must_match
from memconform.scene.keyed_story import (
    KEY,
    KEYS,
    LOOK_ALIKES,
    NEW_KEYS,
    RACED_KEYS,
    SECOND,
    items_of,
    keyed_story,
    raced_value,
)
from memconform.scene.oracle import difference
from memconform.scene.races import must_have_raced
from memconform.scene.ranking import ranking
from memconform.scene.story import Story
from memconform.scopes import Scopes


@requirement("KEYED-01", stories=(KEYS,))
def test_put_creates_replaces_and_repeats(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """PUT is 201, then 200 with the whole memory replaced, then without effect; GET gives the last one set."""
    story = keyed_story(memory, scopes, capabilities)
    story["first"].must_be(201, because="there was nothing under the key")
    story["replaced"].must_be(200, because="there was a memory under the key")
    first, replaced = story.record("first"), story.record("replaced")
    must_equal(replaced.get("id"), first["id"], "id after setting the key again =", story["first"], story["replaced"])
    must_be_set(replaced, SECOND, "the replaced memory")
    again = story.record("again")
    name = difference(replaced, again)
    must(
        name is None, "nothing changed by setting the same again", f"another {name}", story["replaced"], story["again"]
    )
    must_be_set(story["got"].must_be(200, because="the key is set").json, SECOND, "the memory that GET gives")
    _must_be_one_each(items_of(story.all("listed")))


def must_be_set(record: Memory, body: dict[str, Json], what: str) -> None:
    """Require a memory to hold what a PUT set and nothing from before."""
    for name, otherwise in (("content", None), ("metadata", {}), ("confidence", None), ("ext", None)):
        must_match(body.get(name, otherwise), record.get(name), f"{name} of {what}:")


def _must_be_one_each(items: list[Memory]) -> None:
    places = Counter((shown(item.get("scope")), item.get("key")) for item in items if item.get("key") is not None)
    twice = [f"{key!a} in {scope}" for (scope, key), count in places.items() if count > 1]
    must(not twice, "one memory for each exact scope and key", f"more than one listed: {', '.join(twice)}")


@requirement("KEYED-02", stories=(KEYS,))
def test_keys_are_opaque(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Keys that differ in normal form or case, with a slash and a percent sign, are kept apart, and as they are."""
    story = keyed_story(memory, scopes, capabilities)
    for key, answer in zip((KEY, *LOOK_ALIKES), (story["first"], *story.all("look-alikes")), strict=True):
        answer.must_be(201, because=f"nothing was set under the key {key!a}")
        must_match(key, answer.json.get("key"), "key:", answer)


@requirement("KEYED-03", stories=(KEYS,))
def test_scopes_have_their_own_keys(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The same key in a wider scope is another memory, and neither is found under a third scope."""
    story = keyed_story(memory, scopes, capabilities)
    story["elsewhere"].must_be(201, because="the key is set in another exact scope only")
    first, elsewhere = story.record("first"), story.record("elsewhere")
    must(first["id"] != elsewhere["id"], "another memory in another scope", "the same id", story["elsewhere"])
    story["got beside"].must_be(404, because="the key is set in other exact scopes only")
    must_match(SECOND["content"], story["got"].control(200).json.get("content"), "content by key:", story["got"])


@requirement("KEYED-04", stories=(KEYS,))
def test_racing_puts_leave_one(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Of PUTs at the same moment one creates and one value remains, of one piece; so with `If-None-Match: *`."""
    story = keyed_story(memory, scopes, capabilities)
    answers: list[Answer] = []
    contenders: list[Answer] = []
    for key in [key for key in RACED_KEYS if key in story]:
        answers = story.all(key)
        for answer in answers:
            answer.must_be(200, 201, because="one of several PUTs at the same moment")
        created = [answer for answer in answers if answer.status == 201]
        must(len(created) == 1, "201 for one of the PUTs at once", f"201 for {len(created)}", *answers)
        must_leave_one(story, key, range(len(answers)))
    for key in [key for key in NEW_KEYS if key in story]:
        contenders = story.all(key)
        winners = [number for number, answer in enumerate(contenders) if answer.status in (200, 201)]
        for answer in contenders:
            answer.must_be(201, 412, because="a PUT that demands that nothing is there")
        must(len(winners) == 1, "one PUT with If-None-Match: * let in", f"{len(winners)} let in", *contenders)
        must_leave_one(story, key, winners)
    for last in [each for each in (contenders, answers) if each]:
        must_have_raced(last)


def must_leave_one(story: Story, key: str, racers: object) -> None:
    """Require the list to have one memory under a key, with the value of one of the racers."""
    left = [item for item in items_of(story.all("listed")) if item.get("key") == key]
    must(len(left) == 1, f"one memory under the key {key!r}", f"{len(left)} listed", story["listed"])
    values = [raced_value(key, number) for number in (racers if isinstance(racers, (list, range)) else ())]
    seen = {"content": left[0].get("content"), "metadata": left[0].get("metadata")}
    must(seen in values, f"one of the values that were set, such as {shown(values[0])}", shown(seen), story["listed"])


@requirement("KEYED-05", stories=(KEYS,))
def test_keyed_memories_are_memories(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A keyed memory is listed and found like any other; after DELETE a PUT creates a new one."""
    story = keyed_story(memory, scopes, capabilities)
    first = story.record("first")
    listed = [item.get("id") for item in items_of(story.all("listed"))]
    expected = [story.record(step)["id"] for step in ("first", "elsewhere")]
    must(set(expected) <= set(listed), "keyed memories in the list", f"{len(listed)} listed without", story["listed"])
    if "found" in story:
        found = [each.id for each in ranking(story["found"].must_be(200))]
        must(first["id"] in found, "a keyed memory found by its text", f"{len(found)} others", story["found"])
    story["unset"].must_be(204, because="the key is set")
    story["anew"].must_be(201, because="the key was deleted before")
    anew = story.record("anew")
    see = (story["unset"], story["anew"])
    must(anew["id"] != first["id"], "a new id after DELETE and PUT", "the id of the deleted memory", *see)
