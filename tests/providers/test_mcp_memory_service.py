"""The bridge to mcp-memory-service: the real server, where what is scheduled is wanted; it maps and never repairs."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from memconform.providers import definition, started
from memconform_server.store import CannotOpen, Draft, Refused, SearchQuery, Unavailable
from memconform_server.stores import Opening, open_store

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("mcp") is None, reason="needs the extra `mcp`"),
]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memconform_server.store import MemoryStore

WHO = "public"
ANNA = {"user_id": "anna"}
SCHEDULED = "MEMCONFORM_SCHEDULED"


@pytest.fixture(scope="module")
def options() -> Iterator[dict[str, str]]:
    """Install the pinned server beside the stub of an embedder, and return the bridge's options."""
    if not os.environ.get(SCHEDULED):
        pytest.skip(f"mcp-memory-service is for now and then: set {SCHEDULED}=1")
    with started(definition("mcp-memory-service")) as provider:
        yield dict(provider.options)


@pytest.fixture
def store(options: dict[str, str]) -> Iterator[MemoryStore]:
    """Open an empty database that leaves nothing behind."""
    store = open_store("mcp-memory-service", Opening(options=options))
    yield store
    store.close()


def add(store: MemoryStore, content: str, scope: dict[str, str] = ANNA, **metadata: Any) -> str:
    """Add a memory and return its id."""
    return store.add(WHO, Draft(content=content, scope=scope, metadata=metadata)).id


def contents(store: MemoryStore, scope: dict[str, str] = ANNA) -> list[str]:
    """List a scope's texts, in the store's order."""
    return [each.content for each in store.list(WHO, scope, 100, None).items]


def found(store: MemoryStore, text: str, scope: dict[str, str] = ANNA, top_k: int = 10) -> list[str]:
    """Search and return the texts."""
    return [hit.memory.content for hit in store.search(WHO, SearchQuery(text=text, scope=scope, top_k=top_k))]


def test_an_added_memory_is_what_get_and_list_return(store: MemoryStore) -> None:
    """Content, scope and metadata come back, with a present instant, under the hash of the text."""
    scope = {"user_id": "u", "agent_id": "a", "app_id": "p", "session_id": "s"}
    metadata = {"a": {"b": [1, 2.5, None, True]}, "big": 2**70}
    added = store.add(WHO, Draft(content=" I like green tea\r\n", scope=scope, metadata=metadata))
    assert (added.content, added.scope, added.metadata) == (" I like green tea\r\n", scope, metadata)
    assert abs((added.created_at - datetime.now(UTC)).total_seconds()) < 30
    assert len(added.id) == 64
    assert store.get(WHO, added.id) == added
    assert list(store.list(WHO, {"app_id": "p", "user_id": "u"}, 10, None).items) == [added]
    assert contents(store, {**scope, "app_id": "q"}) == []


def test_search_ranks_by_meaning_within_the_scope(store: MemoryStore) -> None:
    """The nearest comes first, each scores 1.0 for want of a score, and other scopes are not seen."""
    for text in ("My dog is called Rex", "I like green tea", "Green tea is my favourite drink"):
        add(store, text)
    add(store, "Somebody else likes green tea", {"user_id": "bob"})
    hits = store.search(WHO, SearchQuery(text="I like green tea", scope=ANNA, top_k=2))
    assert [hit.memory.content for hit in hits] == ["I like green tea", "Green tea is my favourite drink"]
    assert [hit.score for hit in hits] == [1.0, 1.0]
    assert hits[0].memory == store.get(WHO, hits[0].memory.id)
    assert found(store, "tea", {"user_id": "nobody"}) == []


def test_a_deleted_memory_is_gone(store: MemoryStore) -> None:
    """Deleting is True once, then False."""
    memory_id = add(store, "x")
    assert store.delete(WHO, memory_id) is True
    assert store.get(WHO, memory_id) is None
    assert contents(store) == found(store, "x") == []
    assert store.delete(WHO, memory_id) is False


@pytest.mark.parametrize("memory_id", ["nope", "../../etc/passwd", "a\0b", "0" * 64, "x" * 10_000])
def test_unknown_ids_are_none_and_false(store: MemoryStore, memory_id: str) -> None:
    """No id, however hostile, is an error."""
    assert store.get(WHO, memory_id) is None
    assert store.delete(WHO, memory_id) is False


def test_pages_of_any_length_are_the_whole_list(store: MemoryStore) -> None:
    """Walks by one, by two, and by two after one, give each of five memories once, newest first."""
    for number in range(5):
        add(store, f"fact {number}")
    whole = contents(store)
    assert whole == [f"fact {number}" for number in reversed(range(5))]
    for limits in ([1, 1, 1, 1, 1], [2, 2, 2], [1, 2, 2], [3, 2]):
        walked, position = [], None
        for limit in limits:
            page = store.list(WHO, ANNA, limit, position)
            walked += [each.content for each in page.items]
            position = page.next
        assert (walked, position) == (whole, None), limits


def test_a_text_that_is_there_is_the_servers_refusal(store: MemoryStore) -> None:
    """The same words of somebody else are refused by the server, at the content; the bridge does not help."""
    add(store, "I like green tea")
    with pytest.raises(Refused, match="takes each text once") as refused:
        add(store, "i like GREEN tea ", {"user_id": "bob"})
    assert (refused.value.pointer, refused.value.by_provider) == ("/content", True)


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"confidence": 0.5}, "/confidence"),
        ({"valid_from": datetime(2001, 1, 1, tzinfo=UTC)}, "/valid_from"),
        ({"source": {"method": "inferred"}}, "/source"),
        ({"ext": {"com.example": {}}}, "/ext"),
        ({"metadata": {"tags": ["user_id:bob"]}}, "/metadata/tags"),
        ({"metadata": {"type": "note"}}, "/metadata/type"),
    ],
)
def test_members_without_a_place_are_refused(store: MemoryStore, members: dict[str, Any], pointer: str) -> None:
    """The bridge refuses them without asking: metadata must not become a scope."""
    with pytest.raises(Refused) as refused:
        store.add(WHO, Draft(**{"content": "x", "scope": ANNA, **members}))
    assert (refused.value.pointer, refused.value.by_provider) == (pointer, False)
    assert contents(store) == []


def test_a_database_in_a_file_is_there_again(options: dict[str, str], tmp_path: Path) -> None:
    """What was added before the process ended is read by the next one."""
    ids = []
    for _ in range(2):
        store = open_store("mcp-memory-service", Opening(str(tmp_path / "data"), options=options))
        ids.append([each.id for each in store.list(WHO, ANNA, 10, None).items] or [add(store, "x")])
        store.close()
    assert ids[0] == ids[1]


def test_a_server_that_dies_is_told(store: MemoryStore) -> None:
    """Once its process is gone every call says so; nothing is shown as empty."""
    store._client.close()  # type: ignore[attr-defined]  # the process is the bridge's own
    for call in (lambda: contents(store), lambda: found(store, "x"), lambda: add(store, "y")):
        with pytest.raises(Unavailable, match="the process of mcp-memory-service has ended"):
            call()


def test_an_embedder_that_is_not_there_is_told(options: dict[str, str]) -> None:
    """The bridge does not open on a server that cannot embed."""
    wrong = options | {"embedder": "http://127.0.0.1:1/v1/embeddings"}
    with pytest.raises(CannotOpen, match="cannot open its database"):
        open_store("mcp-memory-service", Opening(options=wrong))


def test_a_server_that_is_not_there_says_how_to_get_it() -> None:
    """Without the command the package and the option are named."""
    with pytest.raises(CannotOpen, match=r"pip install mcp-memory-service==12\.2\.1.*--option command="):
        open_store("mcp-memory-service", Opening(options={"command": "/nowhere/memory server"}))


def test_another_program_is_recognised() -> None:
    """A program that is no MCP server is told by its last words."""
    command = f"{sys.executable} -c \"raise SystemExit('no memory here')\""
    with pytest.raises(CannotOpen, match=r"does not speak MCP .* 'no memory here'"):
        open_store("mcp-memory-service", Opening(options={"command": command}))
