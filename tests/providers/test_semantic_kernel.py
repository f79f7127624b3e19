"""The bridge to Semantic Kernel's collections: the real library, offline; it maps, refuses and shows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Refused, SearchQuery, StoreError
from memconform_server.stores import Opening, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import Json, Memory, MemoryStore

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("semantic_kernel") is None, reason="needs the extra `semantic-kernel`"),
]

WHO = "public"
ANNA = {"user_id": "anna"}
V = "/metadata/v"


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    """Open an empty store."""
    store = open_store("semantic-kernel", Opening())
    yield store
    store.close()


def add(store: MemoryStore, content: str = "x", scope: dict[str, str] = ANNA, **more: Any) -> Memory:
    """Add a memory."""
    return store.add(WHO, Draft(content=content, scope=scope, **more))


def listed(store: MemoryStore, scope: dict[str, str] = ANNA) -> list[str]:
    """List a scope's texts, in the store's order."""
    return [each.content for each in store.list(WHO, scope, 200, None).items]


def found(store: MemoryStore, text: str = "x", **more: Any) -> set[str]:
    """Search Anna's memories and return the texts."""
    return {hit.memory.content for hit in store.search(WHO, SearchQuery(text, ANNA, 50, **more))}


def named(field: str, operator: str, value: Json) -> dict[str, Json]:
    """Return a comparison."""
    return {"op": operator, "field": field, "value": value}


def test_an_added_memory_is_what_get_returns(store: MemoryStore) -> None:
    """Every member of a draft has a field and comes back; GET returns the same as the add."""
    start = datetime(2001, 1, 1, tzinfo=UTC)
    draft = Draft(
        content=" a\0b\r\ne\u0301\ufeff\U0001f468\u200d\U0001f469 ",
        scope={"user_id": "u", "agent_id": "a", "app_id": "p", "session_id": "s"},
        metadata={"a": {"b": [1, 2.5, None, True, "x"]}, "big": 2**70, "": "empty name", "user_id": "no scope"},
        confidence=0.5,
        valid_from=start,
        valid_to=start + timedelta(days=1),
        source={"method": "verbatim"},
        ext={"com.example": {"a": [1]}},
    )
    memory = store.add(WHO, draft)
    for name in ("content", "scope", "metadata", "confidence", "valid_from", "valid_to", "source", "ext"):
        assert getattr(memory, name) == getattr(draft, name), name
    assert memory.created_at == memory.updated_at
    assert abs(memory.created_at - datetime.now(UTC)) < timedelta(seconds=5)
    assert store.get(WHO, memory.id) == memory


@pytest.mark.parametrize(
    "value", ["anna", "a'b\"c\\d", "x: x or True", "' or True or x.user_id == '", "\n\0\u2028", "*", "ä" * 128]
)
def test_a_scope_value_is_only_text(store: MemoryStore, value: str) -> None:
    """No value of a scope is taken for a part of the expression, in lists and in searches."""
    add(store, "of the value", {"user_id": value})
    add(store, "of Bob", {"user_id": "bob"})
    assert listed(store, {"user_id": value}) == ["of the value"]
    hits = store.search(WHO, SearchQuery("x", {"user_id": value}, 5))
    assert [hit.memory.content for hit in hits] == ["of the value"]


def test_a_scope_selects_by_every_member(store: MemoryStore) -> None:
    """Each member of a memory's scope finds it; another value does not."""
    scope = {"user_id": "u", "agent_id": "a", "app_id": "p", "session_id": "s"}
    add(store, "x", scope)
    for wanted in ({"user_id": "u"}, {"agent_id": "a"}, {"app_id": "p"}, {"session_id": "s"}, scope):
        assert listed(store, wanted) == ["x"]
    for other in ({"user_id": "U"}, {**scope, "session_id": "t"}, {"user_id": "u "}):
        assert listed(store, other) == []


@pytest.mark.parametrize("memory_id", ["nope", "../../etc/passwd", "a\0b", "x" * 10_000, "x.id == x.id"])
def test_unknown_ids_are_none_and_false(store: MemoryStore, memory_id: str) -> None:
    """No id, however hostile, is an error; a deleted one is unknown."""
    memory = add(store)
    assert store.get(WHO, memory_id) is None
    assert store.delete(WHO, memory_id) is False
    assert store.delete(WHO, memory.id) is True
    assert store.delete(WHO, memory.id) is False
    assert store.get(WHO, memory.id) is None
    assert listed(store) == []


def test_pages_of_a_quiet_scope_are_the_whole_list(store: MemoryStore) -> None:
    """Pages of three give each of ten memories once, in the order of the undivided list, and then end."""
    for number in range(10):
        add(store, f"fact {number}")
        add(store, "of Bob", {"user_id": "bob"})
    walked: list[str] = []
    position = None
    for _ in range(4):
        page = store.list(WHO, ANNA, 3, position)
        walked += [each.content for each in page.items]
        position = page.next
    assert position is None
    assert walked == listed(store)
    assert sorted(walked) == [f"fact {number}" for number in range(10)]


def test_search_ranks_by_meaning_and_has_no_threshold(store: MemoryStore) -> None:
    """A memory's own text comes first at 1, scores fall and stay below; `min_score` is refused by the bridge."""
    for text in ("I like green tea", "My dog is called Rex", "Green tea is my favourite drink"):
        add(store, text)
    hits = store.search(WHO, SearchQuery("I like green tea", ANNA, 10))
    scores = [hit.score for hit in hits]
    assert hits[0].memory.content == "I like green tea"
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1)
    assert all(0 <= score <= 1 for score in scores)
    assert len(store.search(WHO, SearchQuery("tea", ANNA, 1))) == 1
    with pytest.raises(Refused) as refused:
        found(store, min_score=0.5)
    assert (refused.value.pointer, refused.value.by_provider) == ("/min_score", False)


def test_an_update_is_an_upsert(store: MemoryStore) -> None:
    """What the change makes is stored whole; the creation stays, true is not 1, and no change is none."""
    memory = add(store, "green tea", metadata={"keep": 1, "drop": 2}, confidence=0.5)
    changed = store.update(
        WHO, memory.id, lambda old: replace(old, content="black tea", metadata={"keep": True}, confidence=None)
    )
    assert changed is not None
    assert (changed.content, changed.confidence) == ("black tea", None)
    assert changed.metadata["keep"] is True
    assert changed.created_at == memory.created_at < changed.updated_at
    assert store.get(WHO, memory.id) == changed
    assert [hit.memory for hit in store.search(WHO, SearchQuery("black tea", ANNA, 5))] == [changed]
    again = store.update(WHO, memory.id, lambda old: replace(old, metadata={"keep": 1}))
    assert again is not None
    assert again.metadata["keep"] is not True
    assert store.update(WHO, memory.id, lambda old: old) == again
    assert store.update(WHO, "nope", lambda old: old) is None


def test_concurrent_adds_are_all_kept(store: MemoryStore) -> None:
    """Of 60 adds from 8 threads, with reads between them, all 60 are there once."""

    def one(number: int) -> str:
        memory = add(store, f"fact {number}")
        found(store, "fact")
        return memory.id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(one, range(60)))
    assert len(set(ids)) == 60
    assert sorted(listed(store)) == sorted(f"fact {number}" for number in range(60))


CASES = [
    (named(V, "eq", 2), {"two"}),
    (named(V, "eq", None), {"null"}),
    (named(V, "eq", [1, "a"]), {"list"}),
    (named(V, "ne", "note"), {"two", "null", "list", "object", "none", "half"}),
    (named(V, "in", [2, "note", None]), {"two", "note", "null"}),
    (named(V, "exists", True), {"two", "null", "list", "object", "note", "half"}),
    (named(V, "exists", False), {"none"}),
    (named("/confidence", "gt", 0.5), {"half"}),
    (named("/confidence", "exists", False), {"two", "null", "list", "object", "note", "none"}),
    (named("/key", "eq", "x"), set()),
    (named("/key", "exists", False), {"two", "null", "list", "object", "note", "none", "half"}),
    ({"op": "not", "filter": named(V, "exists", True)}, {"none"}),
    ({"op": "or", "filters": [named(V, "eq", 2), named(V, "eq", "note")]}, {"two", "note"}),
    ({"op": "and", "filters": [named(V, "exists", True), named(V, "eq", 2)]}, {"two"}),
    ({"op": "and", "filters": [named("/metadata/only", "exists", True), named(V, "gte", 0.5)]}, {"half"}),
    ({"op": "and", "filters": [named(V, "eq", "note"), named(V, "contains", "ot")]}, {"note"}),
    ({"op": "and", "filters": [named(V, "eq", [1, "a"]), named(V, "contains", "a")]}, {"list"}),
    ({"op": "and", "filters": [named(V, "eq", [1, "a"]), named("/metadata/v/1", "eq", "a")]}, {"list"}),
    ({"op": "and", "filters": [named(V, "eq", [1, "a"]), named("/metadata/v/9", "eq", "a")]}, set()),
    ({"op": "and", "filters": [named(V, "eq", {"a/b": 1}), named("/metadata/v/a~1b", "eq", 1)]}, {"object"}),
]


@pytest.fixture
def filled(store: MemoryStore) -> MemoryStore:
    """Fill a store with memories of several types."""
    values: dict[str, Json] = {"two": 2, "null": None, "list": [1, "a"], "object": {"a/b": 1}, "note": "note"}
    for name, value in values.items():
        add(store, name, metadata={"v": value})
    add(store, "half", metadata={"v": 0.5, "only": 1}, confidence=0.75)
    add(store, "none")
    add(store, "of Bob", {"user_id": "bob"}, metadata={"v": 2})
    return store


@pytest.mark.parametrize(
    ("tree", "expected"), CASES, ids=lambda value: str(sorted(value) if isinstance(value, set) else value)
)
def test_a_filter_is_an_expression(filled: MemoryStore, tree: dict[str, Json], expected: set[str]) -> None:
    """Operators, pointers and combinations reach Semantic Kernel; other scopes stay out."""
    assert found(filled, filter=tree) == expected


def test_instants_are_compared_as_instants(filled: MemoryStore) -> None:
    """The record's own instants are ordered, whatever offset the filter is written with."""
    for field in ("/created_at", "/updated_at"):
        assert len(found(filled, filter=named(field, "gt", "2001-01-01T01:00:00+01:00"))) == 7
        assert found(filled, filter=named(field, "in", ["2001-01-01T00:00:00Z"])) == set()
    at = add(filled, "now").created_at.astimezone().isoformat()
    assert found(filled, filter=named("/created_at", "eq", at)) == {"now"}


def test_what_semantic_kernel_refuses_is_its_refusal(filled: MemoryStore) -> None:
    """A negative number is 422 by the provider; a comparison that fails for another record is its failure."""
    with pytest.raises(Refused) as refused:
        found(filled, filter=named(V, "eq", -1))
    assert (refused.value.pointer, refused.value.by_provider) == ("/filter", True)
    with pytest.raises(StoreError, match="failed while it searched") as failed:
        found(filled, filter=named(V, "gt", 1))
    assert not isinstance(failed.value, Refused)
    assert "note" not in str(failed.value)


def test_a_filter_as_large_as_the_contract_allows_is_taken(filled: MemoryStore) -> None:
    """A hundred comparisons and long values are within the limits that the bridge sets."""
    many = [named(V, "eq", f"no. {number}" + "x" * 300) for number in range(98)]
    assert found(filled, filter={"op": "or", "filters": [*many, named(V, "eq", 2)]}) == {"two"}


def test_only_what_it_can_do_is_declared(store: MemoryStore) -> None:
    """The capability document names what the collection offers, and which version it is."""
    declared = store.capabilities()
    assert declared["profiles"] == ["core", "search", "filters", "update"]
    assert declared["service"]["version"] == "1.45.0"
    assert store.tenants is False


def test_it_has_no_options_and_no_address() -> None:
    """What it would not look at is refused."""
    with pytest.raises(CannotOpen, match="has no option 'backend'"):
        open_store("semantic-kernel", Opening(options={"backend": "x"}))
    with pytest.raises(CannotOpen, match="has no --upstream"):
        open_store("semantic-kernel", Opening(upstream="http://127.0.0.1:1"))
