"""What a list holds, and in which order."""

import time

from hypothesis import strategies as st

from memconform.answer import control, must_equal
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.listing import listed, must_be_newest_first, must_hold
from memconform.scene.notebook import NOTEBOOK, notebook
from memconform.scopes import Scopes

COARSEST_CLOCK_S = 1.01
"""Timestamps of servers are at least as fine as a second."""

PLACES = 2
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "delete"]), st.integers(0, PLACES - 1), st.integers(0, 9)),
    min_size=3,
    max_size=10,
)


@requirement("CORE-14", stories=(NOTEBOOK,))
def test_notes_are_listed_newest_first(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A list holds what was added, each once, newest first; after a deletion and an add the same but for those."""
    story = notebook(memory, scopes, capabilities)
    must_hold(story.before, story.texts, "the list of the scope")
    must_be_newest_first(story.before)
    story["deleted"].control(204)
    must_hold(story.after, story.kept, "the list after a deletion and an add")
    must_be_newest_first(story.after)
    again = [item for item in story.after if item.get("id") in story.texts]
    rest = [item for item in story.before if item.get("id") != story.gone]
    must_equal(_names(again), _names(rest), "the same list, asked for again:")


@requirement("CORE-14", requests=(0, 100, 310))
def test_list_holds_the_current_memories_newest_first(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A list holds what was added and not deleted, each once, newest first, in the same order every time."""
    added = [memory.add(f"note {number}", scope) for number in range(budget.beyond_smoke(12, 60))]
    added += _one_more_where_all_tie(memory, scope, added)
    gone = added.pop(1)
    memory.delete(gone["id"]).control(204)
    settle(capabilities.staleness("list"))
    items = listed(memory, scope)
    must_hold(items, {item["id"]: str(item.get("content")) for item in added}, "the list of the scope")
    must_be_newest_first(items)
    for _ in range(budget.of(1, 2, 3)):
        again = listed(memory, scope)
        must_equal(_names(again), _names(items), "the same list, asked for again:")


@requirement("CORE-14", requests=(0, 8, 8))
def test_list_over_several_scopes_is_newest_first(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A list whose scope selects several exact scopes holds the memories of all of them, newest first."""
    wide = scopes.fresh()
    narrow = scopes.use({**wide, "session_id": scopes.value()})
    added = [memory.add(f"entry {number}", scope) for number, scope in enumerate((wide, narrow, wide, narrow))]
    settle(capabilities.staleness("list"))
    items = listed(memory, wide)
    must_hold(items, {item["id"]: str(item.get("content")) for item in added}, "the list of a scope and what is in it")
    must_be_newest_first(items)


@requirement("CORE-14", requests=(0, 24, 24), needs=("update",))
def test_updates_do_not_move_a_record(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A memory that is changed stays in its place of the list, and leaves it when it is deleted."""
    added = [memory.add(f"note {number}", scope) for number in range(2)]
    before = _settled_ids(memory, scope, capabilities)
    control(set(before) == {each["id"] for each in added}, "the list does not hold what was added, and that alone")
    memory.update(before[-1], content="changed")
    after = _settled_ids(memory, scope, capabilities)
    must_equal(after, before, "ids in the list after the oldest memory was changed:")
    memory.delete(before[-1]).control(204)
    left = _settled_ids(memory, scope, capabilities)
    must_equal(left, before[:-1], "ids in the list after the changed memory was deleted:")


def _settled_ids(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> list[str]:
    settle(capabilities.staleness("list"))
    return [str(item.get("id")) for item in listed(memory, scope)]


@requirement("CORE-14", requests=(0, 140, 900))
def test_lists_agree_with_a_model(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """After any sequence of adds and deletes the list of each scope holds exactly what a model holds."""

    def check(steps: list[tuple[str, int, int]]) -> None:
        places = [scopes.fresh() for _ in range(PLACES)]
        model: list[dict[str, str]] = [{} for _ in places]
        for number, (verb, place, which) in enumerate(steps):
            current = model[place]
            if verb == "add":
                current[memory.add(f"step {number}", places[place])["id"]] = f"step {number}"
            elif current:
                victim = list(current)[which % len(current)]
                memory.delete(victim).control(204)
                del current[victim]
        settle(capabilities.staleness("list"))
        for scope, current in zip(places, model, strict=True):
            items = listed(memory, scope)
            must_hold(items, current, f"the list after the steps {steps}")
            must_be_newest_first(items)

    explore(STEPS, check, examples=(0, 8, 50))


def _one_more_where_all_tie(memory: MemoryApi, scope: dict[str, str], added: list[Memory]) -> list[Memory]:
    """Add a memory in another tick of the server's clock: without two moments there is no order to judge."""
    if len({item.get("created_at") for item in added}) > 1:
        return []
    time.sleep(COARSEST_CLOCK_S)
    return [memory.add("a later note", scope)]


def _names(items: list[Memory]) -> list[object]:
    return [item.get("content") for item in items]
