"""The bridge to LangGraph's stores: the real libraries in memory, on SQLite and on PostgreSQL; nothing is repaired."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from memconform.providers import services
from memconform_server.store import CannotOpen, Draft, Opening, Refused, SearchQuery, StoreError, Unavailable
from memconform_server.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from memconform_server.store import MemoryStore

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("langgraph") is None, reason="needs the extra `langgraph`"),
]

WHO = "public"
ANNA = {"user_id": "anna"}
FULL = {"user_id": "anna", "agent_id": "bot", "app_id": "chat", "session_id": "s1"}
BACKENDS = ("memory", "sqlite", "postgres")


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL with pgvector, and give its URI; its folder can be entered by the user that it runs as."""
    with tempfile.TemporaryDirectory(prefix="memconform-langgraph-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with services.postgres(folder, {"PATH": os.environ["PATH"]}) as uri:
            yield uri


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """Start a PostgreSQL for the module."""
    with postgresql() as uri:
        yield uri


@pytest.fixture(params=BACKENDS)
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Say where each backend keeps its data; PostgreSQL is started for those who ask only."""
    options = {"backend": request.param}
    if request.param == "postgres":
        options["uri"] = request.getfixturevalue("database")
        _empty(options["uri"])
    return Opening(data=str(tmp_path / "memories.db"), options=options)


@pytest.fixture
def store(opening: Opening) -> Iterator[MemoryStore]:
    """Open an empty store of each backend."""
    store = open_store("langgraph", opening)
    yield store
    store.close()


def _empty(uri: str) -> None:
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS store_vectors, store, vector_migrations, store_migrations")


def texts(store: MemoryStore, scope: Mapping[str, str], who: str = WHO) -> list[str]:
    """List a scope's texts, sorted: each backend has an order of its own."""
    return sorted(each.content for each in store.list(who, scope, 50, None).items)


def found(store: MemoryStore, text: str, **more: Any) -> list[str]:
    """Search Anna's memories and return the texts."""
    query = SearchQuery(text=text, scope=ANNA, top_k=more.pop("top_k", 10), **more)
    return [hit.memory.content for hit in store.search(WHO, query)]


def test_every_member_comes_back(store: MemoryStore) -> None:
    """Adding returns what the store holds, with present instants; GET, list and search give the same."""
    soon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    draft = Draft(
        content=" e\u0301 \r\n\U0001f468\u200d\U0001f469 ",
        scope=FULL,
        metadata={"a": {"b": [1, 2.5, None, True, "x"]}, "": 0, "content": "mine", "id": 3, "user_id": "bob"},
        confidence=0.5,
        valid_from=soon,
        valid_to=soon + timedelta(days=1),
        source={"method": "verbatim", "memory_ids": []},
        ext={"com.example": {}},
    )
    added = store.add(WHO, draft)
    for name in ("content", "scope", "metadata", "confidence", "valid_from", "valid_to", "source", "ext"):
        assert getattr(added, name) == getattr(draft, name), name
    assert abs(added.created_at - datetime.now(UTC)) < timedelta(seconds=5)
    assert store.get(WHO, added.id) == added
    assert store.list(WHO, FULL, 10, None).items == [added]
    assert [hit.memory for hit in store.search(WHO, SearchQuery(text="x", scope=FULL, top_k=10))] == [added]


def test_a_deleted_memory_is_gone_everywhere(store: MemoryStore) -> None:
    """Deleting is True once, then False; get, list and search, which had it, have it no more."""
    memory = store.add(WHO, Draft(content="the train to Berlin", scope=ANNA))
    assert texts(store, ANNA) == found(store, "train") == ["the train to Berlin"]
    assert store.delete(WHO, memory.id) is True
    assert store.get(WHO, memory.id) is None
    assert texts(store, ANNA) == found(store, "train") == []
    assert store.delete(WHO, memory.id) is False


def test_every_subset_of_a_scope_selects(store: MemoryStore) -> None:
    """Each query scope selects what has all of it, be it a prefix of the namespace or not; look-alikes are others."""
    members = list(FULL)
    for content, scope in (("full", FULL), ("user", ANNA), ("session", {"session_id": "s1"})):
        store.add(WHO, Draft(content=content, scope=scope))
    for bits in range(1, 16):
        query = {member: FULL[member] for place, member in enumerate(members) if bits >> place & 1}
        expected = (
            {"full"} | ({"user"} if query == ANNA else set()) | ({"session"} if [*query] == ["session_id"] else set())
        )
        assert texts(store, query) == sorted(expected), query
    for value in ("ann", "Anna", "anna ", "ann%", "ann_", "ann*", "ann?", "[a]nna", "*", "%"):
        assert texts(store, {"user_id": value}) == [], value
        assert texts(store, {"session_id": "s1", "user_id": value}) == [], value


def test_principals_are_kept_apart(store: MemoryStore) -> None:
    """What one principal added is neither read, changed, listed, found nor deleted by another."""
    memory = store.add("p1", Draft(content="green tea", scope=ANNA))
    assert store.get("p", memory.id) is None
    assert store.update("p", memory.id, lambda present: replace(present, content="x")) is None
    assert store.delete("p", memory.id) is False
    assert texts(store, ANNA, "p") == []
    assert store.search("p", SearchQuery(text="tea", scope=ANNA, top_k=5)) == []
    assert store.get("p1", memory.id) == memory


def test_a_key_has_one_memory_in_its_exact_scope(store: MemoryStore) -> None:
    """A keyed memory is found by its key in its scope alone; an update keeps id and key, and changes the index."""
    first = store.add(WHO, Draft(content="vim", scope=ANNA, key="a/b % \u00e9"))
    other = store.add(WHO, Draft(content="emacs", scope=FULL, key="a/b % \u00e9"))
    assert store.keyed(WHO, ANNA, "a/b % \u00e9") == first
    assert store.keyed(WHO, FULL, "a/b % \u00e9") == other
    assert store.keyed(WHO, ANNA, "a/b % e\u0301") is None
    changed = store.update(WHO, first.id, lambda memory: replace(memory, content="nano", metadata={"n": 1}))
    assert changed is not None
    assert (changed.id, changed.key, changed.content, changed.metadata) == (first.id, first.key, "nano", {"n": 1})
    assert store.keyed(WHO, ANNA, "a/b % \u00e9") == store.get(WHO, first.id) == changed
    assert found(store, "nano", top_k=1) == ["nano"]


def test_a_change_of_type_alone_is_a_change(store: MemoryStore) -> None:
    """True is not 1; where nothing changes nothing is put; an unknown id is None, and the change is not asked for."""
    memory = store.add(WHO, Draft(content="x", scope=ANNA, metadata={"flag": 1}))
    changed = store.update(WHO, memory.id, lambda present: replace(present, metadata={"flag": True}))
    assert changed is not None
    assert changed.metadata["flag"] is True
    assert store.update(WHO, memory.id, lambda present: present) == changed
    assert store.update(WHO, "unknown", lambda _: pytest.fail("asked")) is None


def test_pages_of_a_quiet_scope_are_the_whole_list(store: MemoryStore) -> None:
    """Pages of three give ten memories once each, and then end."""
    for number in range(10):
        store.add(WHO, Draft(content=f"fact {number}", scope=ANNA))
    walked: list[str] = []
    position = None
    for _ in range(4):
        page = store.list(WHO, ANNA, 3, position)
        walked += [each.content for each in page.items]
        position = page.next
    assert position is None
    assert sorted(walked) == [f"fact {number}" for number in range(10)]


def test_search_ranks_by_meaning(store: MemoryStore, opening: Opening) -> None:
    """Scores do not rise and are from 0 to 1; the nearest text is first, but on SQLite, where ids are embedded, too."""
    for text in ("I like green tea", "My dog is called Rex", "Green tea is my favourite drink"):
        store.add(WHO, Draft(content=text, scope=ANNA))
    hits = store.search(WHO, SearchQuery(text="I like green tea", scope=ANNA, top_k=10))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] < scores[0] <= 1
    if opening.options["backend"] != "sqlite":
        assert [hit.memory.content for hit in hits][0::2] == ["I like green tea", "My dog is called Rex"]
        assert scores[0] == pytest.approx(1)
        assert found(store, "dog", top_k=1) == ["My dog is called Rex"]


def test_conditions_hold_together_and_before_the_cut(store: MemoryStore) -> None:
    """An `and` of comparisons of several fields selects what satisfies all, however far it is from the query."""
    for number in range(5):
        store.add(WHO, Draft(content=f"red boat {number}", scope=ANNA, metadata={"n": number, "kind": "boat"}))
    store.add(WHO, Draft(content="opening hours", scope=ANNA, metadata={"n": 9, "kind": "office"}, confidence=0.5))
    comparisons = [
        {"op": "eq", "field": "/metadata/kind", "value": "office"},
        {"op": "and", "filters": [{"op": "gt", "field": "/metadata/n", "value": 4}]},
        {"op": "lte", "field": "/metadata/n", "value": 9},
        {"op": "ne", "field": "/metadata/kind", "value": "boat"},
        {"op": "eq", "field": "/confidence", "value": 0.5},
    ]
    assert found(store, "red boat", top_k=1, filter={"op": "and", "filters": comparisons}) == ["opening hours"]


@pytest.mark.parametrize("memory_id", ["nope", "../../etc/passwd", "'; DROP TABLE store; --", "", "x" * 10_000])
def test_unknown_ids_are_none_and_false(store: MemoryStore, memory_id: str) -> None:
    """No id, however hostile, is an error or another one's."""
    store.add(WHO, Draft(content="x", scope=ANNA))
    assert store.get(WHO, memory_id) is None
    assert store.delete(WHO, memory_id) is False
    assert texts(store, ANNA) == ["x"]


@pytest.mark.parametrize("value", ["anna@example.com", "a\0b"])
def test_a_period_in_a_scope_is_langgraphs_refusal(store: MemoryStore, value: str) -> None:
    """Neither an add nor a list nor a search takes it; the value is not repeated."""
    operations: list[Callable[[], object]] = [
        lambda: store.add(WHO, Draft(content="x", scope={"user_id": value})),
        lambda: store.list(WHO, {"user_id": value}, 10, None),
        lambda: store.search(WHO, SearchQuery(text="x", scope={"user_id": value}, top_k=1)),
    ]
    for operation in operations:
        with pytest.raises(Refused) as refused:
            operation()
        assert (refused.value.by_provider, refused.value.pointer) == (True, "/scope")
        assert value not in refused.value.detail


def test_what_a_backend_cannot_hold_is_its_refusal(store: MemoryStore, opening: Opening) -> None:
    """PostgreSQL takes no NUL and SQLite's store no integer of more than 64 bits; the others keep both."""
    drafts = {
        "postgres": Draft(content="a\0b", scope=ANNA),
        "sqlite": Draft(content="x", scope=ANNA, metadata={"n": 2**70}),
    }
    for backend, draft in drafts.items():
        if opening.options["backend"] == backend:
            with pytest.raises(Refused) as refused:
                store.add(WHO, draft)
            assert refused.value.by_provider is True
            assert texts(store, ANNA) == []
        else:
            added = store.add(f"other-{backend}", draft)
            assert (added.content, added.metadata) == (draft.content, draft.metadata)


def test_a_crash_of_langgraph_is_neither_hidden_nor_the_clients() -> None:
    """InMemoryStore's TypeError for a missing field is an error without content, not a refusal."""
    store = open_store("langgraph", Opening())
    store.add(WHO, Draft(content="secret", scope=ANNA))
    with pytest.raises(StoreError, match=r"^LangGraph failed with TypeError$") as failed:
        found(store, "x", filter={"op": "gt", "field": "/metadata/n", "value": 1})
    store.close()
    assert not isinstance(failed.value, Refused)


def test_a_name_that_sqlite_takes_not_is_refused_by_it(tmp_path: Path) -> None:
    """SqliteStore checks the names in filters: what it refuses is its refusal, at the filter."""
    store = open_store("langgraph", Opening(data=str(tmp_path / "m.db"), options={"backend": "sqlite"}))
    store.add(WHO, Draft(content="x", scope=ANNA))
    with pytest.raises(Refused) as refused:
        found(store, "x", filter={"op": "eq", "field": "/metadata/a b'", "value": 1})
    store.close()
    assert (refused.value.pointer, refused.value.by_provider) == ("/filter", True)


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_memories_survive_their_store(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What was added is there when the store is opened again; cursors keep their key."""
    options = {"backend": backend}
    if backend == "postgres":
        options["uri"] = request.getfixturevalue("database")
        _empty(options["uri"])
    opening = Opening(data=str(tmp_path / "memories.db"), options=options)
    first = open_store("langgraph", opening)
    memory = first.add(WHO, Draft(content="green tea", scope=ANNA))
    first.close()
    second = open_store("langgraph", opening)
    assert second.get(WHO, memory.id) == memory
    assert found(second, "tea") == ["green tea"]
    assert second.cursor_key == first.cursor_key
    second.close()


def test_capabilities_tell_what_each_backend_is() -> None:
    """The version is the package's; approximate is the backend with an approximate index alone."""
    store = open_store("langgraph", Opening())
    document = store.capabilities()
    store.close()
    assert document["service"] == {"name": "LangGraph's InMemoryStore behind memconform's bridge", "version": "4.3.2"}
    assert document["search"]["exact"] is True
    assert store.tenants is True


def test_approximate_is_what_has_an_approximate_index(database: str) -> None:
    """PostgresStore's default index is HNSW, so exactness is not declared."""
    store = open_store("langgraph", Opening(options={"backend": "postgres", "uri": database}))
    assert store.capabilities()["search"]["exact"] is False
    store.close()


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        (
            Opening(options={"backend": "redis"}),
            "no backend 'redis': the option backend is one of memory, sqlite, postgres",
        ),
        (Opening(options={"backend": "sqlite", "uri": "x"}), "The backend sqlite has no uri"),
        (Opening(options={"backend": "postgres"}), "needs its database: --option uri="),
        (Opening(options={"backend": "postgres", "uri": "postgresql://u@127.0.0.1:9/x"}), "cannot be used at the uri"),
        (Opening(options={"backend": "postgres", "uri": "no uri"}, key="secret"), "cannot be used at the uri"),
        (Opening(data="/nowhere/memories.db", options={"backend": "sqlite"}), "cannot be opened"),
    ],
)
def test_what_cannot_be_opened_says_why(opening: Opening, said: str) -> None:
    """Each message names the cause and what to do, and no secret."""
    with pytest.raises(CannotOpen) as failed:
        open_store("langgraph", opening)
    assert said in str(failed.value)
    assert "secret" not in str(failed.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """The file is left as it was."""
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to be read as one" * 20, "utf-8")
    with pytest.raises(CannotOpen, match="cannot be opened"):
        open_store("langgraph", Opening(data=str(file), options={"backend": "sqlite"}))
    assert file.read_text("utf-8").startswith("not a database")


def test_a_python_without_extensions_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no sqlite3 loads the vectors' extension, the message says which package has one that does."""
    import memconform_server.stores.langgraph as bridge

    class Connection:
        """A connection that cannot load extensions, as pyenv's has none that can."""

    def missing(_name: str) -> object:
        raise ModuleNotFoundError

    monkeypatch.setattr(sqlite3, "Connection", Connection)
    monkeypatch.setattr(bridge, "import_module", missing)
    with pytest.raises(CannotOpen, match="install pysqlite3-binary"):
        open_store("langgraph", Opening(data=str(tmp_path / "m.db"), options={"backend": "sqlite"}))


def test_a_database_that_dies_is_unavailable() -> None:
    """Operations on a PostgreSQL that stopped say so; the store can still be closed."""
    with postgresql() as uri:
        store = open_store("langgraph", Opening(options={"backend": "postgres", "uri": uri}))
        store.add(WHO, Draft(content="x", scope=ANNA))
    with pytest.raises(Unavailable):
        store.add(WHO, Draft(content="y", scope=ANNA))
    store.close()


def test_the_extra_is_named_where_it_is_missing() -> None:
    """Without LangGraph in the environment the message names the extra to install."""
    code = (
        "import sys; sys.modules['langgraph'] = None\n"
        "from memconform_server.stores import Opening, open_store\n"
        "try:\n    open_store('langgraph', Opening())\nexcept Exception as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "install memconform[langgraph]" in done.stdout, done.stderr
