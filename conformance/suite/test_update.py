"""Changing a memory by merge patch: what it changes, and what it must not."""

from memconform.answer import must, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.life import CLEARING, LIFE, REFUSED, change_within, left_by, life
from memconform.scene.optional_members import as_taken
from memconform.scene.patches import must_be_as, must_be_next, patched
from memconform.scene.story import Story
from memconform.scopes import Scopes


@requirement("UPDATE-01", stories=(LIFE,))
def test_patch_changes_what_it_names(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """What a patch names is merged at every depth, null removes, the rest stays, and so it is read."""
    story = life(memory, scopes, capabilities)
    added = story.record("added")
    change, clearing = as_taken(added, change_within(capabilities)), as_taken(added, CLEARING)
    story["changed"].must_be(200, because="the patch is well-formed")
    after = must_be_as(patched(added, change), story["changed"], "after the patch")
    must_be_as(after, story["repeated"], "after the same patch again")
    undisturbed = not story.acknowledged(*REFUSED)
    if story["cleared"].status != 200 and undisturbed:
        story["read"].must_be(200, because="If-None-Match has the tag of before the patch")
        must_be_as(after, story["read"], "as GET reads it after the patch")
    cleared = must_be_as(patched(after, clearing), story["cleared"], "after a patch that nulls metadata")
    if undisturbed:
        must_be_as(cleared, story["read"], "as GET reads it after the patches")


@requirement("UPDATE-02", stories=(LIFE,))
def test_own_members_stay(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A patch of scope or version is refused, and the memory is where and what it was."""
    story = life(memory, scopes, capabilities)
    story["moved"].must_be_refused(because="the patch names another scope")
    story["renumbered"].must_be_refused(because="the patch names another version")
    _must_have_left_nothing(story, "moved", "renumbered")
    read = story.record("read")
    must_equal(read.get("scope"), story.record("added").get("scope"), "scope after a patch of it =", story["read"])
    must(read.get("version") != 99, "the version as the server counts", "version 99, from the patch", story["read"])


@requirement("UPDATE-03", stories=(LIFE,))
def test_version_and_time_follow_changes(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A change raises version by one and `updated_at` strictly; the same change again raises neither."""
    story = life(memory, scopes, capabilities)
    for before, after in (("added", "changed"), ("repeated", "cleared")):
        must_be_next(story.record(before), story.record(after), story[before], story[after])
    changed, repeated = story.record("changed"), story.record("repeated")
    for name in ("version", "updated_at"):
        must_equal(repeated.get(name), changed.get(name), f"{name} after a patch without effect =", story["repeated"])


@requirement("UPDATE-04", stories=(LIFE,))
def test_bad_patches_change_nothing(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A patch without content is refused, one as text/plain is 415, one of a deleted memory 404; nothing changes."""
    story = life(memory, scopes, capabilities)
    story["invalid"].must_be_refused(because="content cannot be removed")
    story["foreign"].must_be(415, because="the patch is sent as text/plain")
    _must_have_left_nothing(story, "invalid", "foreign")
    story["deleted"].control(204)
    story["late"].must_be(404, because="the memory was deleted")


def _must_have_left_nothing(story: Story, *refused: str) -> None:
    record = story.record("read")
    left = left_by(refused, record)
    seen = f"metadata {shown(record.get('metadata'))}"
    must(not left, "nothing changed by a refused patch", seen, *(story[step] for step in left), story["read"])
