"""Long histories, page by page, and what else than a patch makes a version."""

from memconform.answer import control, must, must_equal
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.differences import must_match
from memconform.scene.eventually import settle
from memconform.scene.history import must_show
from memconform.scene.life import entries_of, history_pages


@requirement("HISTORY-01", requests=(0, 14, 14))
def test_every_kind_of_change_is_entered(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Replacing a key, superseding and restoring each add an entry of their own name."""
    if "keyed" in capabilities.profiles:
        first = memory.keep("editor", scope, "vim")
        for text in ("nano", "nano"):
            memory.keep("editor", scope, text)
        _must_be_named(memory, capabilities, first, ["add", "replace"])
    if "supersession" in capabilities.profiles:
        old = memory.add("I live in Porto", scope)
        new = memory.add("I live in Lisbon", scope, supersedes=[old["id"]])
        _must_be_named(memory, capabilities, old, ["add", "supersede"])
        memory.delete(new["id"]).control(204)
        _must_be_named(memory, capabilities, old, ["add", "supersede", "restore"])


def _must_be_named(memory: MemoryApi, capabilities: Capabilities, record: Memory, names: list[str]) -> None:
    settle(capabilities.staleness("get"))
    pages = history_pages(memory, record["id"])
    entries = entries_of(pages)
    must_equal([each.get("operation") for each in entries], names, "operations in the history =", *pages)
    must_equal([each.get("version") for each in entries], [*range(1, len(names) + 1)], "versions =", *pages)


@requirement("HISTORY-02", requests=(0, 80, 200), needs=("update",))
def test_long_history_tells_every_version(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Each entry is the memory as it was then, whatever the limit of a page; none has changed when read again."""
    record = memory.add("version 1", scope)
    known = [record]
    known += [
        memory.update(record["id"], content=f"version {number}", metadata={f"m{number % 3}": number})
        for number in range(2, budget.beyond_smoke(9, 30))
    ]
    settle(capabilities.staleness("get"))
    whole = entries_of(history_pages(memory, record["id"]))
    must_equal([each.get("version") for each in whole], [each["version"] for each in known], "versions in order =")
    for entry, then in zip(whole, known, strict=True):
        must_show(entry, then, f"the entry of version {then['version']}")
    for limit in (1, 2, 5):
        pages = history_pages(memory, record["id"], limit)
        must_match(whole, entries_of(pages), f"the history with limit={limit}:", *pages[:2])
        longest = max(len(page.json["items"]) for page in pages)
        must(longest <= limit, f"at most {limit} entries a page", f"{longest}", *pages[:1])


@requirement("HISTORY-03", requests=(0, 8, 8))
def test_every_way_to_delete_ends_the_history(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """Deleted by its key or in a batch, a memory leaves no history, either."""
    gone: list[str] = []
    if "keyed" in capabilities.profiles:
        gone.append(_with_history(memory, capabilities, memory.keep("editor", scope, "vim")))
        memory.unset("editor", scope).control(204)
    if "batch" in capabilities.profiles:
        gone.append(_with_history(memory, capabilities, memory.add("temporary", scope)))
        answer = memory.batch([{"op": "delete", "id": gone[-1]}]).control(200)
        deleted = answer.control_object("results", list)["results"][0].get("status") == 204
        control(deleted, "the batch did not delete", answer)
    settle(capabilities.staleness("get"))
    for memory_id in gone:
        memory.history(memory_id).must_be(404, because="the memory was deleted")


def _with_history(memory: MemoryApi, capabilities: Capabilities, record: Memory) -> str:
    """Return the id of a memory whose history can be read."""
    settle(capabilities.staleness("get"))
    memory.history(record["id"]).control(200)
    return str(record["id"])
