"""The store's supersession: a new memory hides what it replaces for as long as it is there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened, walked

from memconform_server.store import Refused, SearchQuery


def test_a_superseded_memory_is_hidden_and_readable() -> None:
    """SUPERSESSION-01: hidden from list, search and `current`; by id with `superseded_by`, its version one higher."""
    with opened(":memory:") as store:
        old = store.add(PRINCIPAL, draft("lives in Rome"))
        new = store.add(PRINCIPAL, draft("lives in Oslo", supersedes=[old.id]))
        hidden = store.get(PRINCIPAL, old.id)
        assert hidden is not None
        assert hidden == replace(old, superseded_by=new.id, version=2, updated_at=hidden.updated_at)
        assert hidden.updated_at > old.updated_at
        assert tuple(new.supersedes) == (old.id,)
        assert walked(store, USER) == ["lives in Oslo"]
        assert store.current(PRINCIPAL, USER, inherit=False, limit=10) == [new]
        found = store.search(PRINCIPAL, SearchQuery("lives in Rome", USER, top_k=10))
        assert [hit.memory for hit in found] == [new]


def test_deleting_the_new_one_restores_the_old() -> None:
    """SUPERSESSION-01: in its old place of the list, a version higher; its history tells all of it."""
    with opened(":memory:") as store:
        first = store.add(PRINCIPAL, draft("first"))
        store.add(PRINCIPAL, draft("between"))
        other = store.add(PRINCIPAL, draft("other"))
        new = store.add(PRINCIPAL, draft("new", supersedes=[first.id, other.id]))
        assert walked(store, USER) == ["new", "between"]
        assert store.delete(PRINCIPAL, new.id)
        assert walked(store, USER, limit=1) == ["other", "between", "first"]
        back = store.get(PRINCIPAL, first.id)
        assert back is not None
        assert back == replace(first, version=3, updated_at=back.updated_at)
        history = store.history(PRINCIPAL, first.id, 10, None)
        assert history is not None
        assert [(each.version, each.operation) for each in history.items] == [
            (1, "add"),
            (2, "supersede"),
            (3, "restore"),
        ]


def test_a_chain_shows_its_last_link() -> None:
    """Only the newest of a chain is current; deleting from its end brings back one link at a time."""
    with opened(":memory:") as store:
        chain = [store.add(PRINCIPAL, draft("0")).id]
        for number in range(1, 5):
            chain.append(store.add(PRINCIPAL, draft(str(number), supersedes=chain[-1:])).id)
        store.delete(PRINCIPAL, chain[2])
        assert walked(store, USER) == ["4", "1"]
        store.delete(PRINCIPAL, chain[4])
        assert walked(store, USER) == ["3", "1"]
        store.delete(PRINCIPAL, chain[3])
        assert walked(store, USER) == ["1"]


def test_an_expired_successor_hides_nothing() -> None:
    """At the instant when the new one expires, the old one is back, also before anything is swept."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        old = store.add(PRINCIPAL, draft("old"))
        store.add(PRINCIPAL, draft("new", supersedes=[old.id], expires_at=clock.after(1_000)))
        clock.now += 999
        assert walked(store, USER) == ["new"]
        clock.now += 1
        assert walked(store, USER) == ["old"]
        assert [hit.memory.content for hit in store.search(PRINCIPAL, SearchQuery("old", USER, top_k=5))] == ["old"]
        again = store.add(PRINCIPAL, draft("newer", supersedes=[old.id]))
        assert walked(store, USER) == ["newer"]
        history = store.history(PRINCIPAL, old.id, 10, None)
        assert history is not None
        assert [each.operation for each in history.items] == ["add", "supersede", "restore", "supersede"]
        hidden = store.get(PRINCIPAL, old.id)
        assert hidden is not None
        assert hidden.superseded_by == again.id


def test_what_an_expired_successor_hid_can_be_superseded() -> None:
    """Also behind many memories that wait to be swept."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        for number in range(150):
            store.add(PRINCIPAL, draft(f"before {number}", expires_at=clock.after(10)))
        old = store.add(PRINCIPAL, draft("old"))
        store.add(PRINCIPAL, draft("new", supersedes=[old.id], expires_at=clock.after(20)))
        clock.now += 20
        store.add(PRINCIPAL, draft("newer", supersedes=[old.id]))
        assert walked(store, USER) == ["newer"]


def test_what_expired_meanwhile_is_not_restored() -> None:
    """The old one's own expiry counts while it is hidden."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        old = store.add(PRINCIPAL, draft("old", expires_at=clock.after(500)))
        new = store.add(PRINCIPAL, draft("new", supersedes=[old.id]))
        clock.now += 500
        store.delete(PRINCIPAL, new.id)
        assert walked(store, USER) == []
        assert store.get(PRINCIPAL, old.id) is None


def test_what_cannot_be_superseded_is_refused() -> None:
    """SUPERSESSION-02: unknown, superseded, repeated, another exact scope, another principal's; nothing is stored."""
    narrower = {**USER, "session_id": "s"}
    with opened(":memory:") as store:
        old = store.add(PRINCIPAL, draft("old"))
        store.add(PRINCIPAL, draft("new", supersedes=[old.id]))
        free = store.add(PRINCIPAL, draft("free"))
        inside = store.add(PRINCIPAL, draft("inside", narrower))
        foreign = store.add("q", draft("foreign"))
        before = walked(store, USER)
        for ids, place in (
            ([free.id, "unknown"], 1),
            ([old.id], 0),
            ([free.id, free.id], 1),
            ([inside.id], 0),
            ([foreign.id], 0),
        ):
            with pytest.raises(Refused) as refusal:
                store.add(PRINCIPAL, draft("refused", supersedes=ids))
            assert refusal.value.pointer == f"/supersedes/{place}"
        assert walked(store, USER) == before
        assert store.get(PRINCIPAL, free.id) == free
        assert store.get("q", foreign.id) == foreign
