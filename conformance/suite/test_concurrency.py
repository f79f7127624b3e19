"""Conditions on entity tags: what carries one, which are honoured."""

from memconform.answer import must, must_equal
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.entity_tags import must_be_tagged, tag_of
from memconform.scene.keyed_story import KEYS, keyed_story
from memconform.scene.life import LIFE, REFUSED, left_by, life
from memconform.scopes import Scopes


@requirement("CONCURRENCY-01", stories=(LIFE,))
def test_tags_change_exactly_with_the_memory(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Every answer with one memory has a strong tag: another one after a change, the same where nothing changed."""
    story = life(memory, scopes, capabilities)
    steps = [step for step in ("added", "changed", "repeated", "cleared", "read") if step in story]
    tags = {step: must_be_tagged(story[step].control(200, 201), f"the memory {step}") for step in steps}
    if "changed" not in story:
        must_equal(tags["read"], tags["added"], "the tag of an unchanged memory =", story["added"], story["read"])
        return
    for before, after in (("added", "changed"), ("repeated", "cleared")):
        differ = tags[before] != tags[after]
        must(differ, "another tag after a change", f"{tags[after]} again", story[before], story[after])
    see = (story["changed"], story["repeated"])
    must_equal(tags["repeated"], tags["changed"], "the tag after a patch that changes nothing =", *see)
    if not story.acknowledged(*REFUSED):
        must_equal(tags["read"], tags["cleared"], "the tag that GET gives =", story["cleared"], story["read"])


@requirement("CONCURRENCY-02", stories=(LIFE,))
def test_conditions_on_patch_and_delete(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A former and a weak tag are 412 and change nothing, the present one goes through, on nothing it is 404."""
    story = life(memory, scopes, capabilities)
    if "changed" in story:
        former, present = tag_of(story["added"]), tag_of(story["cleared"])
        story["cleared"].must_be(200, because="If-Match has the present tag")
        must(former != present, "another tag after a change", f"{present} again", story["added"], story["cleared"])
        story["stale"].must_be(412, because="If-Match has a former tag")
        story["weak"].must_be(412, because="a weak tag never matches")
        left = left_by(("stale", "weak"), story.record("read"))
        must(not left, "nothing changed by a patch that was 412", f"changed by {left}", story["stale"], story["read"])
    tag_of(story["read"])
    story["kept"].must_be(412, because="If-Match of the DELETE has another tag")
    story["deleted"].must_be(204, because="If-Match has the present tag, and nothing was deleted before")
    if "late" in story:
        story["late"].must_be(404, because="If-Match is on a memory that is not there")


@requirement("CONCURRENCY-02", stories=(KEYS,), needs=("keyed",))
def test_conditions_on_put(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """PUT with the present tag goes through, with a former one it is 412, and so it is where there is nothing."""
    story = keyed_story(memory, scopes, capabilities)
    tag_of(story["first"])
    story["again"].must_be(200, because="If-Match has the present tag")
    story["put on a former tag"].must_be(412, because="If-Match has a former tag")
    story["put on nothing"].must_be(412, because="If-Match is on a key that is not set")
    see = story["got"].control(200)
    must_equal(see.json.get("content"), "nano is what I use", "content after PUTs that were 412 =", see)


@requirement("CONCURRENCY-05", stories=(LIFE,))
def test_unchanged_memory_is_not_sent_again(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """GET with the present tag in `If-None-Match` is 304, and with a former one 200."""
    story = life(memory, scopes, capabilities)
    if "changed" in story:
        story["read"].must_be(200, because="If-None-Match has a former tag")
    story["unmodified"].must_be(304, because="If-None-Match has the present tag")
