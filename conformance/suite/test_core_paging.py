"""Pages, limits and cursors, on a quiet store and during writes."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat

from hypothesis import strategies as st

from memconform.answer import control, must, must_equal
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import Memories, Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.cases import Cases
from memconform.scene.eventually import settle
from memconform.scene.listing import listed, must_hold, pages
from memconform.scene.notebook import NOTEBOOK, notebook
from memconform.scopes import Scopes

WALK = 8
"""Requests that a walk over a handful of memories may take where pages are short or empty."""

NO_INTEGERS = ("", "1x", "1_0", "1.5", "0x1", "\u0661")
"""What lenient readers take for a number, and no reading of the contract for an integer (as it might +1, or 1.0).

The last one is the Arabic-Indic digit one, which is a digit to Unicode and none to JSON.
"""

WHERE = "a walk with limit 2, then 1, then the largest"


@requirement("CORE-15", requests=(0, WALK, WALK), stories=(NOTEBOOK,))
def test_pages_of_changing_length_make_the_same_list(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A walk with limit 2, then 1, then the largest one gives the list of a walk without a limit."""
    story, largest = notebook(memory, scopes, capabilities), capabilities.limit("page_size")
    limits = chain([min(2, largest), 1], repeat(largest))
    walk = [item for page in pages(memory, story.scope, limits) for item in page]
    must_hold(walk, story.kept, WHERE)
    must_equal(_names(walk), _names(story.after), f"the list of {WHERE}:")


@requirement("CORE-15", requests=4, stories=(NOTEBOOK,))
def test_foreign_cursor_and_wrong_limit_are_refused(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A cursor of another scope and an altered one are 400, a limit of zero or above `page_size` 400 or 422."""
    story, largest = notebook(memory, scopes, capabilities), capabilities.limit("page_size")
    cursor = story.cursor
    control(cursor, f"a page with limit={story.limit} of a scope with several memories has no next_cursor")
    foreign = {"user_id": story.scope["user_id"]}
    memory.list(foreign, limit=1, cursor=cursor).must_be(400, because="the cursor was given for another scope")
    what, damaged = next(_damaged(cursor, flips=1))
    memory.list(story.scope, limit=1, cursor=damaged).must_be(400, because=f"the cursor is {what}")
    for limit in (0, largest + 1):
        memory.list(story.scope, limit=limit).must_be_refused(because=f"limit={limit}, page_size is {largest}")


@requirement("CORE-15", requests=(0, 54, 112))
def test_pages_concatenate_to_the_same_list(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Walks with limit 1, 2, the largest one, none, and one that changes on the way give the same list."""
    added = [memory.add(f"note {number}", scope) for number in range(budget.of(3, 7, 15))]
    settle(capabilities.staleness("list"))
    largest = capabilities.limit("page_size")
    whole = listed(memory, scope)
    must_hold(whole, _called(added), "a walk without a limit")
    for name, limits in _limits(largest):
        walk = [item for page in pages(memory, scope, limits) for item in page]
        must_hold(walk, _called(added), f"a walk {name}")
        must_equal(_names(walk), _names(whole), f"the list of a walk {name}:")


@requirement("CORE-15", requests=(0, 16, 36))
def test_foreign_or_damaged_cursor_is_refused(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A cursor of another scope and one that was altered, cut or made up are answered with 400."""
    scope = scopes.fresh("user_id", "agent_id")
    cursor = _cursor(memory, scope, capabilities)
    memory.list(scope, limit=1, cursor=cursor).control(200)
    for foreign in (scopes.fresh("user_id", "agent_id"), {"user_id": scope["user_id"]}):
        memory.list(foreign, limit=1, cursor=cursor).must_be(400, because="the cursor was given out for another scope")
    for what, damaged in _damaged(cursor, flips=budget.of(1, 6, 25)):
        memory.list(scope, limit=1, cursor=damaged).must_be(400, because=f"the cursor is {what}")
    memory.list(scope, limit=1, cursor="").must_be_refused(because="the cursor is empty")


@requirement("CORE-15", requests=(0, 13, 13))
def test_limit_out_of_range_is_refused(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A limit of zero, below zero, above `page_size`, or that is no number is answered with 400 or 422."""
    largest = capabilities.limit("page_size")
    memory.list(scope, limit=1).control(200)
    memory.list(scope, limit=largest).must_be(200, because=f"limits.page_size is {largest}")
    with Cases() as case:
        for limit in (0, -1, largest + 1, 10**20, "abc", *NO_INTEGERS):
            with case(f"limit={limit!a}"):
                memory.list(scope, limit=limit).must_be_refused(because=f"limit={limit!a}, page_size is {largest}")


@requirement("CORE-16", stories=(NOTEBOOK,))
def test_walk_goes_on_after_a_deletion_and_an_add(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A walk after whose first page a seen memory is deleted, and after the next one is added, loses nothing."""
    story = notebook(memory, scopes, capabilities)
    story["deleted"].control(204)
    for page in story.pages:
        page.must_be(200, because="a walk during writes goes on with the cursor of the page before")
    where = f"a walk with limit={story.limit} during writes"
    walk = (page.control_object("items", list)["items"] for page in story.pages)
    _must_return_once(story.before, walk, lambda _: None, where)


@requirement("CORE-16", requests=(0, 40, 130))
def test_walk_goes_on_while_memories_are_added(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A walk between whose pages memories are added returns every earlier one exactly once."""
    for limit in range(1, 1 + min(budget.beyond_smoke(1, 3), capabilities.limit("page_size"))):
        scope = scopes.fresh()
        stayed = [memory.add(f"note {number}", scope) for number in range(limit * budget.of(2, 3, 5))]
        settle(capabilities.staleness("list"))
        added = iter(range(len(stayed)))

        def add_one(_: Memories, scope: dict[str, str] = scope, added: Iterator[int] = added) -> None:
            if (number := next(added, None)) is not None:
                memory.add(f"added on the way {number}", scope)

        _must_return_once(
            stayed, pages(memory, scope, repeat(limit)), add_one, f"a walk with limit={limit} during adds"
        )


@requirement("CORE-16", requests=(0, 84, 180))
def test_walk_goes_on_while_memories_are_deleted(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A walk whose last or next memory is deleted between the pages returns every other one exactly once."""
    for limit in range(1, 1 + min(budget.beyond_smoke(1, 3), capabilities.limit("page_size"))):
        scope = scopes.fresh()
        added = [memory.add(f"note {number}", scope) for number in range(budget.of(5, 9, 13))]
        settle(capabilities.staleness("list"))
        order = listed(memory, scope)
        control(len(order) == len(added), "the list does not hold what was added")
        ids = list(_called(order))
        control(set(ids) == {item["id"] for item in added}, "the list holds something else than what was added")
        doomed = dict(zip(ids[0::4], ids[1::4], strict=False)) | {victim: victim for victim in ids[3::4]}

        def delete(page: Memories, doomed: dict[str, str] = doomed) -> None:
            for item in page:
                if victim := doomed.pop(str(item.get("id")), None):
                    memory.delete(victim).control(204)

        stayed = [item for item in order if item.get("id") not in doomed.values()]
        _must_return_once(
            stayed, pages(memory, scope, repeat(limit)), delete, f"a walk with limit={limit} during deletes"
        )


@requirement("CORE-16", requests=(0, 130, 900))
def test_walk_goes_on_whatever_is_written(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """A walk between whose pages anything is added and deleted returns every untouched memory exactly once."""
    largest = min(3, capabilities.limit("page_size"))
    writes = st.lists(st.integers(-1, 9), max_size=2)

    def check(example: tuple[int, int, list[list[int]]]) -> None:
        count, limit, script = example
        scope, steps = scopes.fresh(), iter(script)
        added = [memory.add(f"note {number}", scope) for number in range(count)]
        settle(capabilities.staleness("list"))
        touched = {choice % count for step in script for choice in step if choice >= 0}
        stayed = [item for number, item in enumerate(added) if number not in touched]

        def write(_: Memories) -> None:
            for choice in next(steps, ()):
                if choice < 0:
                    memory.add(f"added on the way, {len(memory.recorder.exchanges)}", scope)
                else:
                    memory.delete(added[choice % count]["id"]).control(204, 404)

        where = (
            f"a walk with limit={limit} over {count}, writes between the pages: {script} (-1 adds, n deletes note n)"
        )
        _must_return_once(stayed, pages(memory, scope, repeat(limit)), write, where)

    examples = st.tuples(st.integers(2, 7), st.integers(1, largest), st.lists(writes, max_size=4))
    explore(examples, check, examples=(0, 7, 50))


def _limits(largest: int) -> Iterator[tuple[str, Iterator[int]]]:
    yield "with limit=1", repeat(1)
    if largest > 1:
        yield "with limit=2", repeat(2)
        yield f"with limit=1 and then limit={largest}", chain([1], repeat(largest))


def _must_return_once(
    stayed: Memories, walk: Iterator[Memories], disturb: Callable[[Memories], None], where: str
) -> None:
    """Require a walk, disturbed after each page, to return everything that stayed exactly once."""
    expected, seen = _called(stayed), list[str]()
    for page in walk:
        for memory_id in (str(item.get("id")) for item in page):
            again = memory_id in expected and memory_id in seen
            must(not again, f"each memory once in {where}", f"{expected.get(memory_id)!r} twice")
            seen.append(memory_id)
        disturb(page)
    lost = [name for memory_id, name in expected.items() if memory_id not in seen]
    must(not lost, f"every memory that was there throughout in {where}", f"missing: {lost}")


def _cursor(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> str:
    """Return the cursor after the first of two memories."""
    for number in range(2):
        memory.add(f"note {number}", scope)
    settle(capabilities.staleness("list"))
    _, cursor = memory.page(scope, limit=1)
    if not isinstance(cursor, str):
        control(False, "a page with limit=1 of a scope with two memories has no next_cursor")
    return str(cursor)


def _damaged(cursor: str, flips: int) -> Iterator[tuple[str, str]]:
    """Yield what is done to the cursor, and the result; the last characters may be padding and stay as they are."""
    body = max(1, len(cursor.rstrip("=")) - 2)
    for at in sorted({body * (2 * flip + 1) // (2 * flips) for flip in range(flips)}):
        other = "B" if cursor[at] in "aA" else "A"
        yield f"altered at character {at}", cursor[:at] + other + cursor[at + 1 :]
    if len(cursor) > 1:
        yield "cut in half", cursor[: len(cursor) // 2]
    yield "made up", "no-cursor-of-this-server"


def _called(items: list[Memory]) -> dict[str, str]:
    return {str(item.get("id")): str(item.get("content")) for item in items}


def _names(items: list[Memory]) -> list[object]:
    return [item.get("content") for item in items]
