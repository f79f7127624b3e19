"""The versions of a memory."""

from memconform.answer import control, must, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.differences import must_match
from memconform.scene.history import must_end_in, must_show
from memconform.scene.life import LIFE, entries_of, life
from memconform.scopes import Scopes

ACCEPTED = ("added", "changed", "repeated", "cleared", "stale", "weak", "moved", "renumbered", "invalid", "foreign")


@requirement("HISTORY-01", stories=(LIFE,))
def test_every_change_is_one_entry(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The history has an entry for each version that was acknowledged, none for a patch that changed nothing."""
    story = life(memory, scopes, capabilities)
    entries = entries_of(story.all("history"))
    good = [story.record(step) for step in ACCEPTED if step in story and story[step].status in (200, 201)]
    versions = list(dict.fromkeys(record.get("version") for record in good))
    must_equal([each.get("version") for each in entries], versions, "versions in the history =", story["history"])
    names = [str(each.get("operation")) for each in entries]
    expected = ["add", *["update"] * (len(versions) - 1)]
    must_equal(names, expected, "operations in the history =", story["history"])


@requirement("HISTORY-02", stories=(LIFE,))
def test_entries_stay_and_end_in_the_memory(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Entries read before the changes are the same after them, and the last entry is the memory."""
    story = life(memory, scopes, capabilities)
    before, after = entries_of(story.all("first history")), entries_of(story.all("history"))
    control(before, "the history of a memory that was just added is empty", story["first history"])
    for old, new in zip(before, after, strict=False):
        must_match(old, new, "an entry read again after changes:", story["first history"], story["history"])
    must(len(after) >= len(before), f"the {len(before)} entries there were", f"{len(after)}", story["history"])
    must_end_in(after, story.record("read"))
    if "changed" in story:
        record = story.record("changed")
        entry = next((each for each in after if each.get("version") == record.get("version")), None)
        must(entry, f"an entry of version {shown(record.get('version'))}", "none", story["history"])
        must_show(entry or {}, record, "an entry of the past")


@requirement("HISTORY-03", stories=(LIFE,))
def test_history_ends_with_the_memory(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """After DELETE the history, which was there before, is 404."""
    story = life(memory, scopes, capabilities)
    story["history"].control(200)
    story["deleted"].control(204)
    story["forgotten"].must_be(404, because="the memory was deleted")
