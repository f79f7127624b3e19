"""The store's history: immutable, gapless, gone with the memory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tests.server.at_hand import PRINCIPAL, Clock, draft, opened


def test_every_change_is_one_entry() -> None:
    """HISTORY-01, HISTORY-02: versions have no gap, the last entry equals the memory, operations keep their names."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        memory = store.add(PRINCIPAL, draft("one", key="k"))
        clock.now += 10
        store.update(PRINCIPAL, memory.id, lambda each: replace(each, metadata={"a": 1}))
        clock.now += 10
        last = store.update(PRINCIPAL, memory.id, lambda each: replace(each, content="two"), "replace")
        history = store.history(PRINCIPAL, memory.id, 10, None)
        assert last is not None
        assert history is not None
        assert [(entry.version, entry.operation, entry.content, entry.metadata) for entry in history.items] == [
            (1, "add", "one", {}),
            (2, "update", "one", {"a": 1}),
            (3, "replace", "two", {"a": 1}),
        ]
        assert [entry.at for entry in history.items] == [clock.after(-20), clock.after(-10), last.updated_at]
        assert history.next is None


def test_pages_concatenate() -> None:
    """A walk in pages of any size gives the same entries, also while the memory changes further."""
    with opened(":memory:") as store:
        memory = store.add(PRINCIPAL, draft("0"))
        for number in range(1, 7):
            store.update(PRINCIPAL, memory.id, partial(replace, content=str(number)))
        for limit in (1, 2, 3, 7, 50):
            found: list[str] = []
            after = None
            while True:
                page = store.history(PRINCIPAL, memory.id, limit, after)
                assert page is not None
                assert len(page.items) <= limit
                found += [entry.content for entry in page.items]
                if page.next is None:
                    break
                after = page.next
            assert found == list("0123456")


def test_history_goes_with_the_memory() -> None:
    """HISTORY-03, TENANCY-03: None after the deletion, for an unknown id and for another principal."""
    with opened(":memory:") as store:
        memory = store.add(PRINCIPAL, draft())
        assert store.history("q", memory.id, 10, None) is None
        assert store.history(PRINCIPAL, "unknown", 10, None) is None
        store.delete(PRINCIPAL, memory.id)
        assert store.history(PRINCIPAL, memory.id, 10, None) is None
