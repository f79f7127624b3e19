"""The store's lists: by key, newest first, exact by scope, flat however much there is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened, walked

from memconform_server.store import SCOPE_MEMBERS, Draft, SearchQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import Scope
    from memconform_server.stores.sqlite import SqliteStore

FULL = dict(zip(SCOPE_MEMBERS, "uaxs", strict=True))


def shapes(scope: Scope) -> Iterator[Scope]:
    """Yield the fifteen non-empty parts of a full scope."""
    for size in range(1, len(scope) + 1):
        yield from map(dict, itertools.combinations(scope.items(), size))


def name(scope: Scope) -> str:
    """Return one text for a scope."""
    return " ".join(sorted(scope.values()))


def steps(store: SqliteStore, scope: Scope, limit: int) -> int:
    """Return how much SQLite does for the first page of a list in memory, in rounds of 10 of its instructions."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with store._connections.read() as database:
        database.set_progress_handler(count, 10)
        store.list(PRINCIPAL, scope, limit, None)
        database.set_progress_handler(None, 0)
    return taken


def test_the_scope_law_over_all_shapes() -> None:
    """CORE-17: each of the 15 shapes of a query selects exactly the memories whose scope has all its pairs."""
    with opened(":memory:") as store:
        stored = [*shapes(FULL), *shapes(FULL | {"user_id": "U"}), {"user_id": "a"}, {"agent_id": "u"}]
        for scope in stored:
            store.add(PRINCIPAL, draft(repr(sorted(scope.items())), scope))
            store.add("q", draft("another's", scope))
        for query in shapes(FULL):
            expected = [repr(sorted(scope.items())) for scope in stored if query.items() <= scope.items()]
            assert walked(store, query, limit=7) == expected[::-1]


def test_inherited_scopes_are_exactly_those_above() -> None:
    """HIERARCHY-01: proper subsets with the query's user, or of agent and app only, and no other; none twice."""
    with opened(":memory:") as store:
        for scope in [*shapes(FULL), {"user_id": "v"}, {"user_id": "v", "session_id": "s"}]:
            store.add(PRINCIPAL, draft(name(scope), scope))
        for query in shapes(FULL):
            expected = set()
            for scope in shapes(FULL):
                below = query.items() <= scope.items()
                above = scope.items() <= query.items() and (
                    "user_id" in scope or scope.keys() <= {"agent_id", "app_id"}
                )
                if below or above:
                    expected.add(name(scope))
            if "user_id" not in query and query.keys() <= {"session_id"}:
                expected.add("s v")
            found = [memory.content for memory in store.current(PRINCIPAL, query, inherit=True, limit=100)]
            assert len(found) == len(set(found)), query
            assert set(found) == expected, query
            hits = store.search(PRINCIPAL, SearchQuery("u a x s v", query, top_k=100, inherit=True))
            assert sorted(hit.memory.content for hit in hits) == sorted(found), query
            plain = {memory.content for memory in store.current(PRINCIPAL, query, inherit=False, limit=100)}
            assert plain == set(walked(store, query))


def test_current_takes_the_newest_of_all_scopes() -> None:
    """With `inherit` the order is by creation over all the scopes together."""
    clock = Clock()
    session = {**USER, "session_id": "s"}
    with opened(":memory:", clock) as store:
        for number in range(10):
            store.add(PRINCIPAL, draft(str(number), session if number % 2 else USER))
            clock.now += number % 3
        newest = store.current(PRINCIPAL, session, inherit=True, limit=7)
        assert [memory.content for memory in newest] == list("9876543")


def test_an_update_does_not_move_a_record() -> None:
    """CORE-14: the order is by creation, ties in the order of adding, whatever changes later."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        ids = [store.add(PRINCIPAL, draft(str(number))).id for number in range(5)]
        clock.now += 1
        for memory_id in (ids[0], ids[3]):
            store.update(PRINCIPAL, memory_id, lambda memory: replace(memory, metadata={"changed": True}))
        assert walked(store, USER, limit=2) == list("43210")


@pytest.mark.parametrize("hidden", ["superseded", "others"])
def test_a_page_costs_the_same_however_much_is_there(hidden: str) -> None:
    """The work for a page does not grow with the memories before, behind, hidden, or in other scopes."""
    with opened(":memory:") as store, store.transaction():
        for number in range(60):
            store.add(PRINCIPAL, draft(str(number)))
        few = steps(store, USER, 50)
        last = None
        for number in range(600):
            if hidden == "superseded":
                last = store.add(PRINCIPAL, draft("x", supersedes=[] if last is None else [last.id]))
            else:
                store.add(PRINCIPAL, draft("x", {"user_id": f"user {number}", "agent_id": "a"}))
        assert steps(store, USER, 50) <= few * 1.1 + 5


def test_the_last_memory_of_a_scope_leaves_nothing() -> None:
    """Selectors, selections, sources, versions and index rows go with what they were for."""
    with opened(":memory:") as store:
        source = {"method": "inferred", "memory_ids": ["m"], "message_ids": []}
        kept = store.add(PRINCIPAL, Draft("kept", {"agent_id": "a"}))
        database = store._connections._writer
        tables = ("memories", "selectors", "selections", "sources", "versions", "index_entries")
        counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables]
        gone = [store.add(PRINCIPAL, draft(f"gone {number}", FULL, source=source)) for number in range(3)]
        for memory in gone:
            assert store.delete(PRINCIPAL, memory.id)
        assert [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables] == counts
        assert store.get(PRINCIPAL, kept.id) == kept


def test_ids_are_each_principals_own() -> None:
    """The same id may stand for a memory of each principal, and neither meets the other's."""
    with opened(":memory:") as store:
        store.new_id = lambda _: "same"
        one = store.add(PRINCIPAL, draft("one"))
        other = store.add("q", draft("other"))
        assert (one.id, other.id) == ("same", "same")
        assert store.get(PRINCIPAL, "same") == one
        assert store.get("q", "same") == other
        assert store.delete("q", "same")
        assert store.get(PRINCIPAL, "same") == one
        assert store.get("q", "same") is None
