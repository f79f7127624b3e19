"""Many operations in one request: each with its own status, all with the effect that each would have alone."""

from memconform.answer import must, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.batches import (
    ADDED,
    BAD,
    BATCHES,
    KEPT,
    LAST,
    PATCH,
    batches,
    expectations,
    must_have_status,
    results_of,
    sizes_of,
)
from memconform.scene.differences import must_match
from memconform.scene.keyed_story import items_of
from memconform.scene.oracle import difference
from memconform.scene.patches import CHANGED_ANYWAY, must_be_next, patched
from memconform.scene.story import Story
from memconform.scopes import Scopes
from memconform.verdict import NotMet

TOO_LONG = (413, *BAD)


@requirement("BATCH-01", stories=(BATCHES,))
def test_each_item_has_its_status(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Good and bad items mixed each get their status in their place, and the good ones take effect."""
    story = batches(memory, scopes, capabilities)
    expected = expectations("update" in capabilities.profiles)
    results = _mixed(story, capabilities)
    for result, (what, statuses) in zip(results, expected, strict=True):
        must_have_status(result, statuses, what, story["mixed"])
    contents = [item.get("content") for item in items_of(story.all("listed"))]
    for content in (ADDED, LAST):
        there = content in contents
        must(there, f"what an item with 201 added in the list: {shown(content)}", f"{shown(contents)}", story["listed"])


def _mixed(story: Story, capabilities: Capabilities) -> list[Memory]:
    items = len(expectations("update" in capabilities.profiles))
    return results_of(story.all("mixed"), sizes_of(items, capabilities.limit("batch")))


@requirement("BATCH-02", stories=(BATCHES,))
def test_items_do_what_they_do_alone(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """What a batch adds, changes and deletes is listed as if each had been a request of its own."""
    story = batches(memory, scopes, capabilities)
    _mixed(story, capabilities)
    one, items = story.record("one"), items_of(story.all("listed"))
    changed = patched(one, PATCH) if "update" in capabilities.profiles else one
    contents = sorted(str(item.get("content")) for item in items)
    must_equal(contents, sorted([ADDED, LAST, changed["content"]]), "contents listed after a batch =", story["listed"])
    by_content = {item.get("content"): item for item in items}
    for content in (ADDED, LAST):
        must_match(KEPT["metadata"], by_content[content].get("metadata"), "metadata added in a batch:", story["mixed"])
    seen = by_content[changed["content"]]
    if changed is not one:
        must_be_next(one, seen, story["one"], story["listed"])
    _must_be({**changed, **{name: seen.get(name) for name in CHANGED_ANYWAY}}, seen, "a changed memory", story)


def _must_be(model: Memory, seen: Memory, what: str, story: Story) -> None:
    name = difference(model, seen)
    if name is not None:
        must_match(model.get(name), seen.get(name), f"{name} of {what}:", story["listed"])
        raise NotMet(f"{name} of {what}: {model.get(name)!r}", f"{seen.get(name)!r}", [story["listed"].exchange])


@requirement("BATCH-03", stories=(BATCHES,))
def test_batch_above_the_limit_is_refused_whole(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """As many items as declared are taken; one more is refused, and nothing of it is stored."""
    story = batches(memory, scopes, capabilities)
    limit = capabilities.limit("batch")
    results_of(story.all("full"), [limit])
    story["over"].must_be(*TOO_LONG, because=f"{limit + 1} items, and limits.batch is {limit}")
    contents = [item.get("content") for item in items_of(story.all("rest listed"))]
    must_equal(contents, [f"first of {limit}"], "contents listed after a batch that was refused =", story["over"])
