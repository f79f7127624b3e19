"""The bridge to tonori/mem0ai-api, on exchanges with the real server that were recorded on 2026-11-27.

That server ran beside the project, with a stub for its models that keeps every text word for word; see
docs/providers/mem0ai-api.md. `MEMCONFORM_RECORD=URL` records anew, with its AUTH_KEY in MEMCONFORM_UPSTREAM_API_KEY.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Refused, SearchQuery, StoreError, Unavailable
from memconform_server.stores import Opening, open_store

from .exchange import Exchange, Request, serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memconform_server.store import Memory, MemoryStore

WHO = "public"
KEY = os.environ.get("MEMCONFORM_UPSTREAM_API_KEY") or "any-key"
ANNA = {"user_id": "anna"}


@contextmanager
def opened(url: str, key: str = KEY) -> Iterator[MemoryStore]:
    """Open the bridge to what listens at `url`, and close it."""
    store = open_store("mem0ai-api", Opening(upstream=url, key=key))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def bridge(name: str) -> Iterator[MemoryStore]:
    """Open the bridge to the recorded server."""
    with recorded(f"mem0ai-api/{name}") as url, opened(url) as store:
        yield store


def add(store: MemoryStore, content: str, scope: dict[str, str] = ANNA, **metadata: Any) -> Memory:
    """Add a memory."""
    return store.add(WHO, Draft(content=content, scope=scope, metadata=metadata))


def found(store: MemoryStore, scope: dict[str, str], **query: Any) -> list[str]:
    """Search for tea, and return the texts."""
    hits = store.search(WHO, SearchQuery(text="tea", scope=scope, top_k=10, **query))
    return [hit.memory.content for hit in hits]


def test_a_memory_goes_in_and_comes_out() -> None:
    """Add, get, list and search give the same record, member by member; after a delete all of them give nothing."""
    scope = {"user_id": "anna", "agent_id": "bot", "session_id": "s 1/2"}
    with bridge("life") as store:
        added = add(store, "I like green tea", scope, topic="drinks", n=[1, 2.5, None, {"a": True}])
        assert (added.content, dict(added.scope)) == ("I like green tea", scope)
        assert added.metadata == {"topic": "drinks", "n": [1, 2.5, None, {"a": True}]}
        assert added.updated_at == added.created_at
        assert added.created_at.utcoffset() is not None
        assert store.get(WHO, added.id) == added
        page = store.list(WHO, scope, 10, None)
        assert (list(page.items), page.next) == ([added], None)
        (hit,) = store.search(WHO, SearchQuery(text="green tea", scope=scope, top_k=10))
        assert hit.memory == added
        assert 0.5 < hit.score < 1

        assert store.delete(WHO, added.id) is True
        assert store.get(WHO, added.id) is None
        assert store.delete(WHO, added.id) is False
        assert list(store.list(WHO, scope, 10, None).items) == []


def test_scopes_are_renamed() -> None:
    """Each of the three members selects alone, and another value selects nothing."""
    with bridge("scopes") as store:
        add(store, "tea", {"user_id": "u", "agent_id": "a", "session_id": "s"})
        selected = [
            [each.content for each in store.list(WHO, scope, 10, None).items]
            for scope in ({"user_id": "u"}, {"agent_id": "a"}, {"session_id": "s"}, {"user_id": "u", "agent_id": "b"})
        ]
        assert selected == [["tea"], ["tea"], ["tea"], []]


def test_a_walk_is_cut_out_of_ever_longer_lists() -> None:
    """Pages of two give each of five memories once, and end."""
    with bridge("walk") as store:
        for number in range(5):
            add(store, f"note {number}", {"user_id": "walker"})
        walked, position = [], None
        for _ in range(3):
            page = store.list(WHO, {"user_id": "walker"}, 2, position)
            walked += [each.content for each in page.items]
            position = page.next
        assert position is None
        assert sorted(walked) == [f"note {number}" for number in range(5)]


def test_an_update_loses_the_memory() -> None:
    """The server drops the scope with the update: the bridge says so, and the user's list has the memory no more."""
    scope = {"user_id": "changer"}
    with bridge("update") as store:
        memory = add(store, "I like green tea", scope)
        assert store.update(WHO, memory.id, lambda present: present) == memory
        with pytest.raises(StoreError, match="lost the scope"):
            store.update(WHO, memory.id, lambda present: replace(present, content="I like black tea"))
        assert list(store.list(WHO, scope, 10, None).items) == []
        assert store.delete(WHO, memory.id) is True
        assert store.update(WHO, memory.id, lambda present: present) is None


def test_an_update_of_anything_else_is_refused() -> None:
    """Metadata, confidence, and a text too long for a URL are refused by the bridge, which sends no update."""
    changes: dict[str, Callable[[Memory], Memory]] = {
        "/metadata": lambda present: replace(present, metadata={"a": 1}),
        "/confidence": lambda present: replace(present, confidence=0.5),
        "/content": lambda present: replace(present, content="ü" * 12_000),
    }
    with bridge("refused-updates") as store:
        memory = add(store, "tea", {"user_id": "refused"})
        for pointer, change in changes.items():
            with pytest.raises(Refused) as refused:
                store.update(WHO, memory.id, change)
            assert (refused.value.pointer, refused.value.by_provider) == (pointer, False)


def test_equalities_are_renamed() -> None:
    """`eq` and `and` become the flat filter, pointers quoted paths, instants whole seconds."""
    scope = {"user_id": "filterer"}
    with bridge("filters") as store:
        memory = add(store, "green tea", scope, topic="drinks", deep={"er": [1, 2]}, user_id="somebody else")
        add(store, "black tea", scope, topic="food")

        def equal(field: str, value: Any) -> dict[str, Any]:
            return {"op": "eq", "field": field, "value": value}

        both = {"op": "and", "filters": [equal("/metadata/topic", "drinks"), equal("/metadata/deep/er/1", 2)]}
        assert found(store, scope, filter=both) == ["green tea"]
        assert found(store, scope, filter=equal("/metadata/topic", "none")) == []
        assert len(found(store, scope, filter=equal("/created_at", memory.created_at.isoformat()))) >= 1


def test_a_filter_that_the_server_cannot_take_breaks_it() -> None:
    """It has no equality for fractions and answers 500; the bridge does not hide it."""
    tree = {"op": "eq", "field": "/metadata/n", "value": 1.5}
    with bridge("fraction") as store, pytest.raises(StoreError, match="mem0ai-api answered 500"):
        found(store, ANNA, filter=tree)


def test_metadata_can_name_a_scope() -> None:
    """What the metadata calls run_id is the session of the memory from then on; a number there stays metadata."""
    scope = {"user_id": "forger"}
    with bridge("forged-scope") as store:
        forged = add(store, "tea", scope, run_id="not mine")
        assert (dict(forged.scope), forged.metadata) == ({**scope, "session_id": "not mine"}, {})
        kept = add(store, "tea", scope, run_id=3)
        assert (dict(kept.scope), kept.metadata) == (scope, {"run_id": 3})


def test_hostile_ids_are_unknown() -> None:
    """An id that was never given out is none, whatever it holds; none leaves its segment of the path."""
    with bridge("hostile-ids") as store:
        for memory_id in ("nope", "..", ".", "../reset-all", "a?b#c", "a\0b", "ü%2F", "x" * 2_000):
            assert store.get(WHO, memory_id) is None
            assert store.delete(WHO, memory_id) is False


@pytest.mark.parametrize(
    ("pointer", "draft"),
    [
        ("/scope/app_id", Draft("x", {"app_id": "a"})),
        ("/confidence", Draft("x", ANNA, confidence=0.5)),
        ("/source", Draft("x", ANNA, source={"method": "verbatim"})),
        ("/ext", Draft("x", ANNA, ext={"com.example": {}})),
    ],
)
def test_what_would_be_lost_is_refused(pointer: str, draft: Draft) -> None:
    """A member without a place is refused by the bridge, and nothing is sent."""
    with bridge("open") as store, pytest.raises(Refused) as refused:
        store.add(WHO, draft)
    assert (refused.value.pointer, refused.value.by_provider) == (pointer, False)


@pytest.mark.parametrize(
    ("pointer", "query"),
    [
        ("/min_score", {"min_score": 0.5}),
        ("/filter", {"filter": {"op": "eq", "field": "/confidence", "value": 1}}),
        ("/filter", {"filter": {"op": "eq", "field": '/metadata/a"b', "value": 1}}),
        ("/filter", {"filter": {"op": "eq", "field": "/created_at", "value": "2026-01-01T00:00:00.5Z"}}),
        (
            "/filter",
            {"filter": {"op": "and", "filters": [{"op": "eq", "field": "/metadata/a", "value": v} for v in (1, True)]}},
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(pointer: str, query: dict[str, Any]) -> None:
    """A threshold, and a filter that the flat object cannot say, are refused by the bridge, and nothing is sent."""
    with bridge("open") as store, pytest.raises(Refused) as refused:
        found(store, ANNA, **query)
    assert (refused.value.pointer, refused.value.by_provider) == (pointer, False)


def test_only_what_it_offers_is_declared() -> None:
    """No tenants, no exactness, two operators; the version is what its own document says."""
    with bridge("open") as store:
        document = store.capabilities()
        assert document["profiles"] == ["core", "search", "filters", "update"]
        assert document["search"]["filter_operators"] == ["eq", "and"]
        assert document["service"]["version"] == "0.1.0"
        assert store.tenants is False


def test_a_wrong_key_is_told_at_once() -> None:
    """The server says 401 within a 200; the bridge does not open, and does not show the key."""
    with recorded("mem0ai-api/wrong-key") as url, pytest.raises(CannotOpen, match="does not accept the key") as told:
        open_store("mem0ai-api", Opening(upstream=url, key="wrong-key-0123"))
    assert "wrong-key-0123" not in str(told.value)


def openapi(title: str) -> Callable[[Request], Exchange]:
    """Return a server whose OpenAPI document has that title, and which accepts a key exactly once."""
    authorised = iter([0])

    def respond(request: Request) -> Exchange:
        if request.target == "/openapi.json":
            return {"status": 200, "json": {"info": {"title": title, "version": "0.1.0"}}}
        return {"status": 200, "json": {"code": next(authorised, 401), "data": []}}

    return respond


def test_another_product_is_told() -> None:
    """Nothing is written to a server whose document has another title."""
    with serving(openapi("Honcho API")) as url, pytest.raises(CannotOpen, match="is not mem0ai-api"), opened(url):
        pass


def test_a_key_that_is_revoked_later_is_told() -> None:
    """A 401 within a 200 is no empty list."""
    no_longer = pytest.raises(Unavailable, match="no longer accepts the key")
    with serving(openapi("Mem0ai to API")) as url, opened(url) as store, no_longer:
        store.list(WHO, ANNA, 10, None)


def test_a_server_that_is_not_there_or_dies_is_told() -> None:
    """Opening fails where nobody listens; a server that goes away later makes every call unavailable."""
    with recorded("mem0ai-api/open") as url:
        store = open_store("mem0ai-api", Opening(upstream=url, key=KEY))
    with pytest.raises(Unavailable):
        store.get(WHO, "x")
    with pytest.raises(Unavailable):
        add(store, "x")
    store.close()
    with pytest.raises(CannotOpen, match="cannot be reached"), opened(url):
        pass
