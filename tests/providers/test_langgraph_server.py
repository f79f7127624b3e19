"""The bridge to a LangGraph server's Store, as `langgraph dev` 0.16.7 answered when the exchanges were recorded.

Recorded against the empty server of fixtures/providers/langgraph-server (`MEMCONFORM_RECORD`).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from memconform_server.store import CannotOpen, Draft, Opening, Refused, SearchQuery, StoreError, Unavailable
from memconform_server.stores import open_store

from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from memconform_server.store import MemoryStore

    from .exchange import Exchange, Request

ANNA = {"user_id": "anna"}
FULL = {"user_id": "anna", "agent_id": "bot", "app_id": "chat", "session_id": "s1"}
INFO: Exchange = {"status": 200, "json": {"version": "0.16.7", "langgraph_py_version": "1.2.24"}}
"""What the server says of itself, cut down to what the bridge reads."""


@pytest.fixture(autouse=True)
def _numbered_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bridge send the same ids in every run."""
    numbers = count(1)
    monkeypatch.setattr("memconform_server.stores.langgraph_items.uuid.uuid4", lambda: UUID(int=next(numbers)))


@pytest.fixture
def opened() -> Iterator[Callable[[str], MemoryStore]]:
    """Open bridges, and close them in the end."""
    stores: list[MemoryStore] = []

    def opener(url: str) -> MemoryStore:
        stores.append(open_store("langgraph-server", Opening(upstream=url)))
        return stores[-1]

    yield opener
    for store in stores:
        store.close()


def texts(store: MemoryStore, who: str, scope: Mapping[str, str]) -> list[str]:
    """List a scope's texts, in the store's order."""
    return [each.content for each in store.list(who, scope, 50, None).items]


def found(store: MemoryStore, who: str, text: str, scope: Mapping[str, str], **more: Any) -> list[str]:
    """Search and return the texts."""
    hits = store.search(who, SearchQuery(text=text, scope=scope, top_k=more.pop("top_k", 10), **more))
    return [hit.memory.content for hit in hits]


def test_a_memory_lives_as_an_item(opened: Callable[[str], MemoryStore]) -> None:
    """Every member comes back; it is read, listed, found with a score of 1 by its text, deleted once, and gone."""
    draft = Draft(
        content=" Anna likes green tea\r\n",
        scope=FULL,
        metadata={"a": {"b": [1, 2.5, None, True]}, "": "empty", "metadata_a": 1},
        confidence=0.5,
        source={"method": "verbatim"},
        ext={"com.example": {"x": 1}},
    )
    with recorded("langgraph-server/life") as url:
        store = opened(url)
        added = store.add("life", draft)
        assert [getattr(added, name) for name in ("content", "scope", "metadata", "confidence", "source", "ext")] == [
            draft.content, draft.scope, draft.metadata, draft.confidence, draft.source, draft.ext
        ]  # fmt: skip
        assert added.created_at.utcoffset() is not None
        assert store.get("life", added.id) == added
        assert store.list("life", ANNA, 50, None).items == [added]
        [hit] = store.search("life", SearchQuery(text=draft.content, scope=FULL, top_k=10))
        assert hit.memory == added
        assert hit.score == pytest.approx(1)
        assert store.delete("life", added.id) is True
        assert store.delete("life", added.id) is False
        assert store.get("life", added.id) is None
        assert texts(store, "life", ANNA) == found(store, "life", "tea", FULL) == []


def test_a_query_scope_is_a_prefix_and_conditions(opened: Callable[[str], MemoryStore]) -> None:
    """Each subset of the four members selects what has all of it, be it a prefix of the namespace or not."""
    with recorded("langgraph-server/scopes") as url:
        store = opened(url)
        store.add("scopes", Draft(content="full", scope=FULL))
        store.add("scopes", Draft(content="user", scope=ANNA))
        store.add("scopes", Draft(content="session", scope={"session_id": "s1"}))
        assert texts(store, "scopes", ANNA) == ["full", "user"]
        assert texts(store, "scopes", {"session_id": "s1"}) == ["full", "session"]
        assert texts(store, "scopes", {"user_id": "anna", "app_id": "chat"}) == ["full"]
        assert texts(store, "scopes", {"user_id": "ann"}) == texts(store, "scopes", {"user_id": "ANNA"}) == []
        assert found(store, "scopes", "session", {"agent_id": "bot"}) == ["full"]


def test_principals_are_labels(opened: Callable[[str], MemoryStore]) -> None:
    """What one principal added is neither read, listed nor deleted by another, also where one name begins the other."""
    with recorded("langgraph-server/principals") as url:
        store = opened(url)
        added = store.add("p1", Draft(content="green tea", scope=ANNA))
        assert store.get("p", added.id) is None
        assert store.delete("p", added.id) is False
        assert texts(store, "p", ANNA) == found(store, "p", "tea", ANNA) == []
        assert texts(store, "p1", ANNA) == ["green tea"]


def test_keyed_memories_are_replaced_under_their_key(opened: Callable[[str], MemoryStore]) -> None:
    """A key has one memory in its exact scope; an update keeps its id, and moves created_at (LangGraph's doing)."""
    with recorded("langgraph-server/keyed") as url:
        store = opened(url)
        first = store.add("keyed", Draft(content="vim", scope=ANNA, key="editor/1"))
        assert (first.key, store.keyed("keyed", ANNA, "editor/1")) == ("editor/1", first)
        assert store.keyed("keyed", FULL, "editor/1") is None
        changed = store.update("keyed", first.id, lambda memory: replace(memory, content="nano"))
        assert changed is not None
        assert (changed.id, changed.content, changed.key, changed.version) == (first.id, "nano", "editor/1", 1)
        assert changed.created_at > first.created_at
        assert store.update("keyed", first.id, lambda memory: memory) == changed
        assert store.update("keyed", "unknown", lambda memory: memory) is None


def test_pages_are_offsets(opened: Callable[[str], MemoryStore]) -> None:
    """Pages of two give five memories once, oldest first as the server has them, and end with an empty or short one."""
    with recorded("langgraph-server/pages") as url:
        store = opened(url)
        for number in range(4):
            store.add("pages", Draft(content=f"fact {number}", scope=ANNA))
        walked, position = [], None
        for _ in range(3):
            page = store.list("pages", ANNA, 2, position)
            walked += [each.content for each in page.items]
            position = page.next
        assert (walked, position) == (["fact 0", "fact 1", "fact 2", "fact 3"], None)


def test_filters_are_conditions_on_the_value(opened: Callable[[str], MemoryStore]) -> None:
    """Comparisons of several fields hold together; the server's own errors are neither hidden nor the client's."""
    both = [{"op": "gt", "field": "/metadata/n", "value": 1}, {"op": "eq", "field": "/metadata/kind", "value": "note"}]
    with recorded("langgraph-server/filters") as url:
        store = opened(url)
        store.add("filters", Draft(content="one", scope=ANNA, metadata={"n": 1, "kind": "note"}))
        store.add("filters", Draft(content="two", scope=ANNA, metadata={"n": 2, "kind": "note"}))
        assert found(store, "filters", "x", ANNA, filter={"op": "and", "filters": both}) == ["two"]
        store.add("filters", Draft(content="none", scope=ANNA))
        with pytest.raises(StoreError, match="answered 500"):
            found(store, "filters", "x", ANNA, filter=both[0])


def test_what_the_server_refuses_is_its_refusal(opened: Callable[[str], MemoryStore]) -> None:
    """A period (422) and NUL (400) in a scope value are refused by the provider, and nothing of them is shown."""
    with recorded("langgraph-server/refusals") as url:
        store = opened(url)
        for value in ("anna@example.com", "a\0b"):
            with pytest.raises(Refused, match="LangGraph's server refused it with 4") as refused:
                store.add("refusals", Draft(content="x", scope={"user_id": value}))
            assert refused.value.by_provider is True
            assert value not in refused.value.detail


def test_nul_comes_back_as_another_character(opened: Callable[[str], MemoryStore]) -> None:
    """What the server does to texts stays visible."""
    with recorded("langgraph-server/nul") as url:
        assert opened(url).add("nul", Draft(content="a\0b", scope=ANNA)).content == "a\ufffdb"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"min_score": 0.5}, "/min_score"),
        ({"filter": {"op": "eq", "field": "/created_at", "value": "2026-01-01T00:00:00Z"}}, "/filter"),
        ({"filter": {"op": "eq", "field": "/expires_at", "value": "2026-01-01T00:00:00Z"}}, "/filter"),
        ({"filter": {"op": "eq", "field": "/metadata/a/0", "value": 1}}, "/filter"),
        ({"filter": {"op": "and", "filters": [{"op": "eq", "field": "/metadata/a", "value": 1}] * 2}}, "/filter"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_the_bridge(more: dict[str, Any], pointer: str) -> None:
    """The server is not asked for what it has no words for."""
    with serving(lambda _: INFO) as url:
        store = open_store("langgraph-server", Opening(upstream=url))
    with pytest.raises(Refused) as refused:
        found(store, "public", "x", ANNA, **more)
    store.close()
    assert (refused.value.by_provider, refused.value.pointer) == (False, pointer)


def test_a_period_reaches_no_other_scope() -> None:
    """A GET joins labels by periods, so one that holds another scope's label is refused by the bridge, not asked."""
    with serving(lambda _: INFO) as url:
        store = open_store("langgraph-server", Opening(upstream=url))
    with pytest.raises(Refused, match="a label with a period") as refused:
        store.keyed("public", {"user_id": "anna.agent_id=bot"}, "editor")
    store.close()
    assert refused.value.by_provider is False


def test_capabilities_name_the_version_that_was_seen() -> None:
    """They declare the profiles that LangGraph has, and no more; the key is sent, and shown nowhere."""
    seen = []

    def answer(request: Request) -> Exchange:
        seen.append(request.exchange()["credentials"])
        return INFO

    with serving(answer) as url:
        store = open_store("langgraph-server", Opening(upstream=url, key="secret-key"))
    document = store.capabilities()
    store.close()
    assert document["service"]["version"] == "0.16.7"
    assert document["profiles"] == ["core", "tenancy", "search", "filters", "update", "keyed"]
    assert document["search"]["filter_operators"] == ["eq", "ne", "gt", "gte", "lt", "lte", "and"]
    assert seen == [{"x-api-key": "<redacted>"}]
    assert "secret-key" not in str(document)


def test_nobody_and_somebody_else_are_told() -> None:
    """Where nobody listens, or another product does, nothing is opened, and the message says what to do."""
    with pytest.raises(CannotOpen, match=r"LangGraph's server cannot be reached at .*: nothing listens there"):
        open_store("langgraph-server", Opening(upstream="http://127.0.0.1:9"))
    bodies: list[Any] = [{"version": "1"}, [], "x"]
    others: list[Exchange] = [{"status": 200, "json": body} for body in bodies]
    for other in [*others, {"status": 404, "text": "nothing"}]:
        told = iter([other])
        with (
            serving(lambda _, told=told: next(told)) as url,  # type: ignore[misc]
            pytest.raises(CannotOpen, match=r"What listens at .* is not LangGraph's server"),
        ):
            open_store("langgraph-server", Opening(upstream=url))


@pytest.mark.parametrize("answer", [{"items": [{}]}, {"items": 1}, [], {"items": [{"namespace": 1}]}])
def test_an_answer_that_is_no_item_is_a_failure(answer: Any) -> None:
    """What has another shape is said to be so; no memory is made up."""
    told = iter([INFO, {"status": 200, "json": answer}])
    with serving(lambda _: next(told)) as url:
        store = open_store("langgraph-server", Opening(upstream=url))
        with pytest.raises(StoreError, match="something that is no item"):
            store.get("public", "x")
        store.close()


def test_an_index_that_is_missing_is_told() -> None:
    """A search whose items have no score was not ranked: that says what is not configured."""
    item = {
        "namespace": ["a"], "key": "k", "value": {"id": "k", "content": "x"}, "score": None,
        "created_at": "2026-11-27T17:54:30.522121+00:00", "updated_at": "2026-11-27T17:54:30.522125+00:00",
    }  # fmt: skip
    told = iter([INFO, {"status": 200, "json": {"items": [item]}}])
    with serving(lambda _: next(told)) as url:
        store = open_store("langgraph-server", Opening(upstream=url))
        with pytest.raises(StoreError, match="has its store an index"):
            found(store, "public", "x", ANNA)
        store.close()


def test_a_server_that_dies_is_unavailable() -> None:
    """Every operation on a server that died says so, and asks once."""
    with serving(lambda _: INFO) as url:
        store = open_store("langgraph-server", Opening(upstream=url))
    operations: list[Callable[[], object]] = [
        lambda: store.add("public", Draft(content="x", scope=ANNA)),
        lambda: store.get("public", "x"),
        lambda: store.keyed("public", ANNA, "x"),
        lambda: store.update("public", "x", lambda memory: memory),
        lambda: store.list("public", ANNA, 10, None),
        lambda: store.delete("public", "x"),
        lambda: found(store, "public", "x", ANNA),
    ]
    for operation in operations:
        with pytest.raises(Unavailable):
            operation()
    store.close()
