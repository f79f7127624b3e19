"""The bridge to LangChain's vector stores: the real classes, offline; it maps, refuses and shows, and never repairs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Refused, SearchQuery, StoreError
from memconform_server.stores import Opening, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memconform_server.store import Json, Memory, MemoryStore

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("langchain_core") is None, reason="needs the extra `langchain`"),
    pytest.mark.filterwarnings("ignore:legacy embedding function config:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Relevance scores must be between 0 and 1"),
]

WHO = "public"
ANNA = {"user_id": "anna"}
_numbers = count()


@pytest.fixture(params=["memory", "qdrant", "chroma"])
def backend(request: pytest.FixtureRequest) -> str:
    """Name each backend in turn."""
    name: str = request.param
    return name


@pytest.fixture
def store(backend: str) -> Iterator[MemoryStore]:
    """Open an empty store of the backend; Chroma's in-process client has all its collections in common."""
    store = opened(backend)
    yield store
    store.close()


def opened(backend: str, data: str = ":memory:", **options: str) -> MemoryStore:
    """Open a backend, on a collection of its own."""
    collection = f"test-{next(_numbers)}"
    return open_store("langchain", Opening(data, options={"backend": backend, "collection": collection, **options}))


def add(store: MemoryStore, content: str = "x", scope: dict[str, str] = ANNA, **more: Any) -> Memory:
    """Add a memory."""
    return store.add(WHO, Draft(content=content, scope=scope, **more))


def listed(store: MemoryStore, scope: dict[str, str] = ANNA, limit: int = 200) -> list[str]:
    """List a scope's texts, in the store's order."""
    return [each.content for each in store.list(WHO, scope, limit, None).items]


def found(store: MemoryStore, text: str = "x", **more: Any) -> list[str]:
    """Search Anna's memories and return the texts."""
    hits = store.search(WHO, SearchQuery(text=text, scope=ANNA, top_k=more.pop("top_k", 50), **more))
    return [hit.memory.content for hit in hits]


# What works, with each backend


def test_an_added_memory_is_what_get_returns(store: MemoryStore) -> None:
    """All four scope members, flat metadata, instants and confidence come back; GET returns the same as the add."""
    scope = {"user_id": "u", "agent_id": "a", "app_id": "p", "session_id": "s"}
    metadata = {"a": 1, "b": 1.5, "c": True, "": "empty name", "user_id": "not a scope", "created_at": "not an instant"}
    start = datetime(2001, 1, 1, tzinfo=UTC)

    memory = add(store, "green tea", scope, metadata=metadata, confidence=0.5, valid_from=start)

    assert (memory.content, dict(memory.scope), memory.metadata) == ("green tea", scope, metadata)
    assert (memory.confidence, memory.valid_from, memory.valid_to) == (0.5, start, None)
    assert memory.created_at == memory.updated_at
    assert abs(memory.created_at - datetime.now(UTC)) < timedelta(seconds=5)
    assert store.get(WHO, memory.id) == memory


@pytest.mark.parametrize("text", [" x ", "\n", "a\0b", "\r\n", "e\u0301", "\ufeffx", "\U0001f468\u200d\U0001f469"])
def test_content_is_kept_code_point_for_code_point(store: MemoryStore, text: str) -> None:
    """Nothing trims or normalises content."""
    memory = store.get(WHO, add(store, text).id)
    assert memory is not None
    assert memory.content == text


def test_a_scope_selects_by_every_member(store: MemoryStore) -> None:
    """Each member of a memory's scope finds it; another value, or a pattern, does not, in lists and in searches."""
    scope = {"user_id": "u", "agent_id": "a", "app_id": "p", "session_id": "s"}
    add(store, "x", scope)
    for wanted in ({"user_id": "u"}, {"agent_id": "a"}, {"app_id": "p"}, {"session_id": "s"}, scope):
        assert listed(store, wanted) == ["x"]
        assert len(store.search(WHO, SearchQuery("x", wanted, 5))) == 1
    for other in ({"user_id": "U"}, {"user_id": "*"}, {**scope, "session_id": "t"}, {"user_id": "u "}):
        assert listed(store, other) == []
        assert store.search(WHO, SearchQuery("x", other, 5)) == []


def test_a_deleted_memory_is_gone_everywhere(store: MemoryStore) -> None:
    """Deleting is True once, then False; get, list and search, which had it, have it no more."""
    memory = add(store, "the train to Berlin")
    assert listed(store) == found(store, "train to Berlin") == ["the train to Berlin"]
    assert store.delete(WHO, memory.id) is True
    assert store.get(WHO, memory.id) is None
    assert listed(store) == found(store, "train to Berlin") == []
    assert store.delete(WHO, memory.id) is False


@pytest.mark.parametrize("memory_id", ["nope", "../../etc/passwd", "a\0b", "x" * 10_000, "5", "0" * 32])
def test_unknown_ids_are_none_and_false(store: MemoryStore, memory_id: str) -> None:
    """No id, however hostile, is an error."""
    add(store)
    assert store.get(WHO, memory_id) is None
    assert store.delete(WHO, memory_id) is False
    assert listed(store) == ["x"]


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


def test_search_ranks_by_meaning(store: MemoryStore) -> None:
    """A memory's own text comes first, `top_k` cuts, and scores fall."""
    for text in ("I like green tea", "My dog is called Rex", "Green tea is my favourite drink"):
        add(store, text)
    hits = store.search(WHO, SearchQuery("I like green tea", ANNA, 10))
    scores = [hit.score for hit in hits]
    assert hits[0].memory.content == "I like green tea"
    assert hits[0].memory == store.get(WHO, hits[0].memory.id)
    assert len(hits) == 3
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1, abs=1e-6)
    assert found(store, "I like green tea", top_k=1) == ["I like green tea"]


def test_concurrent_adds_are_all_kept(store: MemoryStore) -> None:
    """Of 60 adds from 8 threads, with reads between them, all 60 are there once."""

    def one(number: int) -> str:
        memory = add(store, f"fact {number}")
        found(store, "fact", top_k=5)
        return memory.id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(one, range(60)))
    assert len(set(ids)) == 60
    assert sorted(listed(store)) == sorted(f"fact {number}" for number in range(60))


# Where they differ


def test_what_is_newest_is_listed_first_where_the_backend_can(store: MemoryStore, backend: str) -> None:
    """In memory and Qdrant's list begins with the newest, Chroma's with the oldest, and the bridge does not turn it."""
    for number in range(5):
        add(store, f"fact {number}")
    newest_first = [f"fact {number}" for number in reversed(range(5))]
    assert listed(store) == (newest_first[::-1] if backend == "chroma" else newest_first)


def test_qdrants_walk_survives_writes_and_equal_instants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memories of one instant are each shown once, whatever is added and deleted between the pages."""
    from memconform_server.stores import langchain

    store = opened("qdrant")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(langchain, "datetime", type("Frozen", (), {"now": staticmethod(lambda _: at)}))
    memories = [add(store, f"fact {number}") for number in range(7)]
    page = store.list(WHO, ANNA, 2, None)
    seen = [each.id for each in page.items]
    store.delete(WHO, seen[0])
    while page.next is not None:
        at += timedelta(seconds=1)
        add(store, "newer")
        page = store.list(WHO, ANNA, 2, page.next)
        seen += [each.id for each in page.items]
    assert sorted(seen) == sorted(memory.id for memory in memories)
    store.close()


def test_only_what_a_backend_can_do_is_declared(store: MemoryStore, backend: str) -> None:
    """The profiles, the operators and the versions are the backend's own."""
    declared = store.capabilities()
    profiles = {
        "memory": ["core", "search"],
        "qdrant": ["core", "search", "filters"],
        "chroma": ["core", "search", "filters", "update"],
    }
    assert declared["profiles"] == profiles[backend]
    assert "exists" not in declared["search"].get("filter_operators", [])
    assert declared["service"]["version"].startswith("langchain-core 1.8.3")
    assert declared["limits"].get("metadata_depth") == (1 if backend == "chroma" else None)
    assert store.tenants is False


def test_nested_metadata_and_members_are_kept_or_refused(store: MemoryStore, backend: str) -> None:
    """Objects, null and large integers come back from memory and Qdrant; Chroma itself refuses an object."""
    metadata = {"a": {"b": [1, 2.5, None, True]}, "big": 2**70}
    if backend == "chroma":
        more: dict[str, Any]
        for more in ({"metadata": metadata}, {"ext": {"com.example": {}}}, {"source": {"method": "verbatim"}}):
            with pytest.raises(Refused) as refused:
                add(store, **more)
            assert refused.value.by_provider
        assert listed(store) == []
    else:
        memory = add(store, metadata=metadata, ext={"com.example": {"a": [1]}}, source={"method": "verbatim"})
        assert (memory.metadata, memory.ext, memory.source) == (
            metadata,
            {"com.example": {"a": [1]}},
            {"method": "verbatim"},
        )
        assert store.get(WHO, memory.id) == memory


def test_a_threshold_is_the_backends_own(store: MemoryStore, backend: str) -> None:
    """`min_score` cuts in Qdrant and Chroma; in memory LangChain does not implement it, and that is told."""
    for text in ("I like green tea", "My dog is called Rex"):
        add(store, text)
    if backend == "memory":
        with pytest.raises(Refused) as refused:
            found(store, "I like green tea", min_score=0.9)
        assert (refused.value.pointer, refused.value.by_provider) == ("/min_score", True)
    else:
        assert found(store, "I like green tea", min_score=0.9) == ["I like green tea"]


def test_chroma_drops_null_and_the_bridge_does_not_hide_it() -> None:
    """What Chroma lost is lost in the answer to the add, too."""
    store = opened("chroma")
    assert add(store, metadata={"a": None, "b": 1}).metadata == {"b": 1}


def test_chromas_relevance_is_shown_as_it_is() -> None:
    """A negative relevance stays negative: the judge is to see it."""
    store = opened("chroma")
    add(store, "Su casa tiene tres ventanas")
    assert store.search(WHO, SearchQuery("quantum zebra", ANNA, 1))[0].score < 0


# Filters


def named(field: str, operator: str, value: Json) -> dict[str, Json]:
    """Return a comparison."""
    return {"op": operator, "field": field, "value": value}


V = "/metadata/v"
CASES = [
    (named(V, "eq", 1), {"one", "one.0"}),
    (named(V, "eq", True), {"true"}),
    (named(V, "eq", "note"), {"note"}),
    (named(V, "ne", 1), {"true", "note", "two", "none"}),
    (named(V, "gt", 1), {"two"}),
    (named(V, "gte", 1), {"one", "one.0", "two"}),
    (named(V, "lt", 2), {"one", "one.0"}),
    (named(V, "lte", 1), {"one", "one.0"}),
    (named(V, "in", [1, 2]), {"one", "one.0", "two"}),
    (named("/metadata/a.b", "eq", 1), {"dotted"}),
    (named("/metadata/a~1b", "eq", 1), {"slashed"}),
    (named("/confidence", "gte", 0.5), {"sure"}),
    (named("/key", "eq", "x"), set()),
    ({"op": "and", "filters": [named(V, "gte", 1), named(V, "lt", 2)]}, {"one", "one.0"}),
    ({"op": "and", "filters": [named(V, "eq", 2)]}, {"two"}),
    ({"op": "or", "filters": [named(V, "eq", 2), named(V, "eq", "note")]}, {"two", "note"}),
]


@pytest.fixture(params=["qdrant", "chroma"])
def filled(request: pytest.FixtureRequest) -> Iterator[MemoryStore]:
    """Open a store that filters, with memories of several types."""
    store = opened(request.param)
    for name, value in {"one": 1, "one.0": 1.0, "two": 2, "true": True, "note": "note"}.items():
        add(store, name, metadata={"v": value})
    add(store, "none")
    add(store, "of Bob", {"user_id": "bob"}, metadata={"v": 1})
    yield store
    store.close()


@pytest.mark.parametrize(
    ("tree", "expected"), CASES, ids=lambda value: str(sorted(value) if isinstance(value, set) else value)
)
def test_a_filter_is_the_backends_own(filled: MemoryStore, tree: dict[str, Json], expected: set[str]) -> None:
    """Operators, pointers and combinations reach the backend; other scopes stay out."""
    if expected & {"dotted", "slashed", "sure"}:
        add(filled, "dotted", metadata={"a.b": 1})
        add(filled, "slashed", metadata={"a/b": 1})
        add(filled, "sure", confidence=0.75)
    assert set(found(filled, filter=tree)) == expected


def test_instants_are_compared_as_instants(filled: MemoryStore) -> None:
    """The record's own instants are ordered, whatever offset the filter is written with."""
    for field in ("/created_at", "/updated_at"):
        assert len(found(filled, filter=named(field, "gt", "2001-01-01T01:00:00+01:00"))) == 6
        assert found(filled, filter=named(field, "lt", "2001-01-01T01:00:00+01:00")) == []
        assert found(filled, filter=named(field, "in", ["2001-01-01T00:00:00Z"])) == []
    at = add(filled, "now").created_at.astimezone().isoformat()
    assert found(filled, filter=named("/created_at", "eq", at)) == ["now"]


def test_qdrant_knows_more() -> None:
    """NOT, null, words, elements of lists, and paths below a name are Qdrant's."""
    store = opened("qdrant")
    for name, value in {"null": None, "list": [{"a": 1}, "word"], "text": "one word", "other": 1}.items():
        add(store, name, metadata={"v": value})
    assert set(found(store, filter={"op": "not", "filter": named(V, "eq", 1)})) == {"null", "list", "text"}
    assert found(store, filter=named(V, "eq", None)) == ["null"]
    assert set(found(store, filter=named(V, "contains", "word"))) == {"list", "text"}
    assert found(store, filter=named(V, "contains", 1)) == ["other"]  # Qdrant does not tell a list from its elements
    assert found(store, filter=named("/metadata/v/0/a", "eq", 1)) == ["list"]
    assert found(store, filter=named(V, "in", [])) == []
    store.close()


@pytest.mark.parametrize(
    ("backend", "tree", "by_provider"),
    [
        ("qdrant", named(V, "eq", [1]), True),
        ("qdrant", named(V, "gt", "a"), False),
        ("qdrant", named('/metadata/"', "eq", 1), False),
        ("chroma", named(V, "eq", None), True),
        ("chroma", named(V, "in", [1, "a"]), True),
        ("chroma", named(V, "gt", "a"), True),
        ("chroma", named("/metadata/v/0", "eq", 1), False),
        ("chroma", {"op": "not", "filter": named(V, "eq", 1)}, False),
    ],
)
def test_filters_that_are_refused_say_by_whom(backend: str, tree: dict[str, Json], by_provider: bool) -> None:
    """What the backend was asked and refused is its answer; what the bridge cannot ask is the bridge's."""
    store = opened(backend)
    add(store, metadata={"v": 1})
    with pytest.raises(Refused) as refused:
        found(store, filter=tree)
    assert (refused.value.pointer, refused.value.by_provider) == ("/filter", by_provider)
    store.close()


# Update, which only Chroma has


def test_an_update_is_chromas() -> None:
    """Content and metadata are replaced, what is left out is removed, the place and the creation stay."""
    store = opened("chroma")
    memory = add(store, "green tea", metadata={"keep": 1, "drop": 2}, confidence=0.5)
    add(store, "later")
    changed = store.update(
        WHO, memory.id, lambda old: replace(old, content="black tea", metadata={"keep": True}, confidence=None)
    )
    assert changed is not None
    assert (changed.content, changed.metadata, changed.confidence) == ("black tea", {"keep": True}, None)
    assert changed.created_at == memory.created_at < changed.updated_at
    assert store.get(WHO, memory.id) == changed
    assert listed(store) == ["black tea", "later"]
    assert found(store, "black tea")[0] == "black tea"
    assert store.update(WHO, memory.id, lambda old: old) == changed
    assert store.update(WHO, "nope", lambda old: old) is None


# Opening


@pytest.mark.parametrize("backend", ["qdrant", "chroma"])
def test_data_outlives_the_store(backend: str, tmp_path: Path) -> None:
    """What was added is there when the same folder is opened again, and its cursors are good."""
    options = {"backend": backend, "collection": "kept"}
    store = open_store("langchain", Opening(str(tmp_path / "data"), options=options))
    memory = add(store)
    key = store.cursor_key
    store.close()
    again = open_store("langchain", Opening(str(tmp_path / "data"), options=options))
    assert again.get(WHO, memory.id) == memory
    assert again.cursor_key == key
    again.close()


# The client that does not get the lock leaves its file open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_folder_that_another_process_holds_is_named(tmp_path: Path) -> None:
    """Qdrant's folder has one owner; the message says what to do."""
    first = opened("qdrant", str(tmp_path / "data"))
    with pytest.raises(CannotOpen, match=r"Another process holds .*data\.qdrant: stop it, or name another --data"):
        opened("qdrant", str(tmp_path / "data"))
    first.close()


@pytest.mark.parametrize("backend", ["qdrant", "chroma"])
def test_a_folder_that_cannot_be_made_is_named(backend: str, tmp_path: Path) -> None:
    """Data below a plain file cannot be opened; the message names the folder and the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotOpen, match=rf"data\.{backend} cannot be opened .* name another --data"):
        opened(backend, str(tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backend": "pinecone"}, "no backend 'pinecone': they are memory, qdrant, chroma"),
        ({"chroma_url": "http://127.0.0.1:1"}, "goes with backend=chroma"),
        ({"backend": "chroma", "chroma_url": "127.0.0.1:8000"}, "chroma_url needs the address of a server"),
        ({"backend": "chroma", "collection": "a b"}, "another name with --option collection"),
        ({"factory": "no.such.module:make"}, "factory=no.such.module:make does not work"),
        ({"factory": "json:dumps"}, "does not work"),
        ({"factory": "time:time"}, "is no langchain_core VectorStore, but float"),
        ({"factory": "a:b", "backend": "memory"}, "leave out backend"),
    ],
)
def test_options_that_make_no_sense_are_told(options: dict[str, str], words: str) -> None:
    """Each message says what is wrong and what to do."""
    with pytest.raises(CannotOpen, match=words):
        open_store("langchain", Opening(options=options))


# Any other vector store


def plain() -> Any:
    """Make a vector store of which nothing but the interface is known; it keeps documents in LangChain's own."""
    from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

    from memconform_server.stores.langchain.backend import OfflineEmbeddings

    class Plain(VectorStore):  # type: ignore[misc]  # the base class is not there for mypy
        """Filters by equality, and rescales its cosines."""

        def __init__(self) -> None:
            self._inner = InMemoryVectorStore(OfflineEmbeddings())

        def add_documents(self, documents: list[Any], **_more: Any) -> list[str]:
            ids: list[str] = self._inner.add_documents(documents)
            return ids

        def get_by_ids(self, ids: list[str]) -> list[Any]:
            documents: list[Any] = self._inner.get_by_ids(ids)
            return documents

        def delete(self, ids: list[str] | None = None, **_more: Any) -> None:
            self._inner.delete(ids)

        def similarity_search(self, query: str, k: int = 4, **more: Any) -> list[Any]:
            return [document for document, _ in self.similarity_search_with_score(query, k, **more)]

        def similarity_search_with_score(self, query: str, k: int = 4, **more: Any) -> list[Any]:
            pairs = more["filter"].items()
            wanted = lambda document: pairs <= document.metadata.items()  # noqa: E731 - a filter of LangChain's
            hits: list[Any] = self._inner.similarity_search_with_score(query, k=k, filter=wanted)
            return hits

        @classmethod
        def from_texts(cls, *_arguments: Any, **_more: Any) -> Any:
            raise NotImplementedError

        def _select_relevance_score_fn(self) -> Any:
            return lambda cosine: (1 + cosine) / 2

    return Plain()


def memory_of_ones_own() -> Any:
    """Make a subclass of a class that is known."""
    from langchain_core.vectorstores import InMemoryVectorStore

    from memconform_server.stores.langchain.backend import OfflineEmbeddings

    return type("Own", (InMemoryVectorStore,), {})(OfflineEmbeddings())


def test_any_other_vector_store_is_asked_through_the_interface_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A life of a memory, by what every vector store has; lists are what a search finds."""
    import sys

    monkeypatch.setitem(sys.modules, "of_ones_own", sys.modules[__name__])
    store = open_store("langchain", Opening(options={"factory": "of_ones_own:plain"}))
    memories = [add(store, f"fact {number}") for number in range(5)]
    add(store, "of Bob", {"user_id": "bob"})
    assert store.capabilities()["profiles"] == ["core", "search"]
    assert store.capabilities()["service"]["name"] == "LangChain's Plain behind memconform's bridge"
    assert store.get(WHO, memories[0].id) == memories[0]
    page = store.list(WHO, ANNA, 3, None)
    rest = store.list(WHO, ANNA, 3, page.next)
    assert sorted(each.content for each in [*page.items, *rest.items]) == [f"fact {number}" for number in range(5)]
    assert rest.next is None
    assert found(store, "fact 3", min_score=0.99) == ["fact 3"]
    assert store.delete(WHO, memories[0].id) is True
    assert store.get(WHO, memories[0].id) is None


def test_a_subclass_of_a_known_class_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed as its parent is."""
    import sys

    monkeypatch.setitem(sys.modules, "of_ones_own", sys.modules[__name__])
    store = open_store("langchain", Opening(options={"factory": "of_ones_own:memory_of_ones_own"}))
    for number in range(3):
        add(store, f"fact {number}")
    assert listed(store) == ["fact 2", "fact 1", "fact 0"]


# Failures


def test_what_a_vector_store_raises_says_nothing_of_its_insides(store: MemoryStore) -> None:
    """An unknown failure is a store error that names the vector store, and no content."""

    def fail(*_arguments: Any, **_more: Any) -> None:
        raise LookupError("canary")

    store._vectors.get_by_ids = fail  # type: ignore[attr-defined]
    try:
        with pytest.raises(StoreError, match="failed with LookupError") as failed:
            store.get(WHO, "x")
        assert "canary" not in str(failed.value)
    finally:
        del store._vectors.get_by_ids  # type: ignore[attr-defined]


def test_a_document_of_somebody_else_is_told(store: MemoryStore) -> None:
    """A collection that holds documents of another application is no collection of memories."""
    (made,) = store._vectors.add_texts(["canary"], [{"user_id": "anna"}])  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="a document that the bridge did not write"):
        store.get(WHO, str(made))
