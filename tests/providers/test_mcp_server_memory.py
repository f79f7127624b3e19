"""The bridge to MCP's server-memory: the real server; it maps, refuses and shows, and never repairs."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import combinations
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

    from memconform_server.stores.mcp_server_memory import ServerMemoryStore

WHO = "public"
ANNA = {"user_id": "anna"}
FULL = {"user_id": "u", "agent_id": "a", "app_id": "p", "session_id": "s"}


@pytest.fixture(scope="module")
def command() -> Iterator[str]:
    """Install the pinned server, and return how it is started."""
    with started(definition("mcp-server-memory")) as provider:
        yield provider.options["command"]


@pytest.fixture
def store(command: str) -> Iterator[ServerMemoryStore]:
    """Open an empty graph that leaves nothing behind."""
    from memconform_server.stores.mcp_server_memory import ServerMemoryStore

    store = ServerMemoryStore(":memory:", command)
    yield store
    store.close()


def add(store: ServerMemoryStore, content: str, **scope: str) -> str:
    """Add a memory of Anna's, or of another scope, and return its id."""
    return store.add(WHO, Draft(content=content, scope=scope or ANNA)).id


def contents(store: ServerMemoryStore, **scope: str) -> list[str]:
    """List a scope's texts, in the store's order."""
    return [each.content for each in store.list(WHO, scope or ANNA, 200, None).items]


def found(store: ServerMemoryStore, text: str, **scope: str) -> list[str]:
    """Search a scope, Anna's if no other, and return the texts."""
    hits = store.search(WHO, SearchQuery(text=text, scope=scope or ANNA, top_k=10))
    return [hit.memory.content for hit in hits]


def graph(store: ServerMemoryStore, tool: str, **arguments: Any) -> Any:
    """Ask the server itself, past the bridge."""
    return store._client.call(tool, **arguments).structured


def test_an_added_memory_is_what_get_list_and_search_return(store: ServerMemoryStore) -> None:
    """Content and scope come back everywhere; there is no metadata, and no time is invented."""
    added = store.add(WHO, Draft(content="I like green tea", scope=FULL))
    assert (added.content, added.scope, added.metadata) == ("I like green tea", FULL, {})
    assert added.created_at == added.updated_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert store.get(WHO, added.id) == added
    assert list(store.list(WHO, FULL, 10, None).items) == [added]
    (hit,) = store.search(WHO, SearchQuery(text="green", scope=FULL, top_k=10))
    assert (hit.memory, hit.score) == (added, 1.0)


def test_what_is_written_is_a_graph(store: ServerMemoryStore) -> None:
    """Another client of the server sees an entity with the text, a node for the scope, and a relation to it."""
    name = add(store, "I like green tea")
    assert graph(store, "read_graph") == {
        "entities": [
            {"name": "user_id:anna", "entityType": "user_id", "observations": []},
            {"name": name, "entityType": "memory", "observations": ["I like green tea"]},
        ],
        "relations": [{"from": name, "to": "user_id:anna", "relationType": "belongs_to"}],
    }


@pytest.mark.parametrize("text", [" x ", "a\0b", "\r\n", "e\u0301", "\u00e9", "\ufeffx", "\U0001f468\u200d\U0001f469"])
def test_content_is_kept_code_point_for_code_point(store: ServerMemoryStore, text: str) -> None:
    """The server neither trims nor normalises."""
    memory = store.get(WHO, add(store, text))
    assert memory is not None
    assert memory.content == text


def test_a_scope_selects_by_every_pair(store: ServerMemoryStore) -> None:
    """Each subset of the four members lists and finds a memory; one differing value, or one more member, does not."""
    add(store, "x", **FULL)
    add(store, "y", user_id="u")
    for size in (1, 2, 3, 4):
        for members in combinations(FULL, size):
            scope = {member: FULL[member] for member in members}
            wanted = ["x", "y"] if scope == {"user_id": "u"} else ["x"]
            assert contents(store, **scope) == wanted
            assert found(store, "memory", **scope) == wanted
    for member in FULL:
        scope = {**FULL, member: "other"}
        assert contents(store, **scope) == found(store, "memory", **scope) == []


@pytest.mark.parametrize("other", ["Anna", "anna ", "ann", "anna:", "*", "anna%", "\uff41nna"])
def test_scope_values_are_opaque(store: ServerMemoryStore, other: str) -> None:
    """A value that looks like another is another one, also with a colon in it."""
    add(store, "x", user_id=other)
    assert contents(store, user_id=other) == ["x"]
    assert contents(store, user_id="anna") == found(store, "x", user_id="anna") == []


def test_a_deleted_memory_is_gone_with_its_relations(store: ServerMemoryStore) -> None:
    """Deleting is True once, then False, although the server calls both a success; the scope's node stays."""
    name = add(store, "x")
    assert store.delete(WHO, name) is True
    assert store.get(WHO, name) is None
    assert contents(store) == found(store, "x") == []
    assert graph(store, "read_graph")["relations"] == []
    assert store.delete(WHO, name) is False


def test_what_is_no_memory_is_neither_shown_nor_deleted(store: ServerMemoryStore) -> None:
    """A scope's node, and what other clients of the server keep in the graph, are no memories."""
    add(store, "x")
    graph(store, "create_entities", entities=[{"name": "Bob", "entityType": "person", "observations": ["x"]}])
    graph(store, "create_entities", entities=[{"name": "loose", "entityType": "memory", "observations": ["x"]}])
    relation = {"from": "Bob", "to": "user_id:anna", "relationType": "belongs_to"}
    graph(store, "create_relations", relations=[relation, {**relation, "from": "loose", "relationType": "knows"}])
    for name in ("user_id:anna", "Bob", "loose", "../../etc/passwd", "a\0b", "x" * 10_000):
        assert store.get(WHO, name) is None
        assert store.delete(WHO, name) is False
    assert contents(store) == found(store, "x") == ["x"]


def test_pages_of_a_quiet_scope_are_the_whole_list(store: ServerMemoryStore) -> None:
    """Pages of three give each of seven memories once, in the order of the undivided list, and then end."""
    for number in range(7):
        add(store, f"fact {number}")
    walked: list[str] = []
    position = None
    for _ in range(3):
        page = store.list(WHO, ANNA, 3, position)
        walked += [each.content for each in page.items]
        position = page.next
    assert position is None
    assert walked == contents(store) == [f"fact {number}" for number in range(7)]


def test_search_is_a_substring_in_the_order_of_the_graph(store: ServerMemoryStore) -> None:
    """What holds the query is found, in any case; what holds its words apart is not; `top_k` cuts."""
    for text in ("Green tea", "tea, green", "More green tea"):
        add(store, text)
    assert found(store, "green tea") == ["Green tea", "More green tea"]
    (first,) = store.search(WHO, SearchQuery(text="green tea", scope=ANNA, top_k=1))
    assert first.memory.content == "Green tea"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("metadata", {"topic": "tools"}),
        ("confidence", 0.5),
        ("valid_from", datetime(2001, 1, 1, tzinfo=UTC)),
        ("valid_to", datetime(2101, 1, 1, tzinfo=UTC)),
        ("source", {"method": "inferred"}),
        ("ext", {"com.example": {}}),
    ],
)
def test_members_without_a_place_are_refused(store: ServerMemoryStore, member: str, value: Any) -> None:
    """The bridge refuses them without asking, and nothing is stored."""
    with pytest.raises(Refused, match=f"server-memory has no place for {member}") as refused:
        store.add(WHO, Draft(content="x", scope=ANNA, **{member: value}))
    assert (refused.value.pointer, refused.value.by_provider) == (f"/{member}", False)
    assert contents(store) == []


def test_a_graph_in_a_file_is_there_again(command: str, tmp_path: Path) -> None:
    """What was added before the process ended is read by the next one, and cursors of the first are good."""
    first = open_store("mcp-server-memory", Opening(str(tmp_path / "data"), options={"command": command}))
    memory = first.add(WHO, Draft(content="x", scope=ANNA))
    first.close()
    second = open_store("mcp-server-memory", Opening(str(tmp_path / "data"), options={"command": command}))
    try:
        assert second.get(WHO, memory.id) == memory
        assert second.cursor_key == first.cursor_key
    finally:
        second.close()


def test_only_what_the_server_can_do_is_declared(store: ServerMemoryStore) -> None:
    """Core and a keyword search; room for no metadata; the version that the server tells; one principal."""
    declared = store.capabilities()
    assert declared["profiles"] == ["core", "search"]
    assert declared["search"]["mode"] == "keyword"
    assert declared["limits"]["metadata_depth"] == 1
    assert declared["service"]["version"] == "0.6.3"
    assert store.tenants is False


def test_a_server_that_dies_is_told(store: ServerMemoryStore) -> None:
    """Once its process is gone every call is `Unavailable` and says what died; nothing is shown as empty."""
    add(store, "x")
    store._client.close()
    for call in (lambda: contents(store), lambda: add(store, "y"), lambda: store.get(WHO, "x")):
        with pytest.raises(Unavailable, match="the process of server-memory has ended"):
            call()


def test_a_server_that_is_not_there_says_how_to_get_it() -> None:
    """Without the command on the PATH the package and the option are named."""
    with pytest.raises(
        CannotOpen, match=r"npm install @modelcontextprotocol/server-memory@2026\.8\.31.*--option command="
    ):
        open_store("mcp-server-memory", Opening(options={"command": "/nowhere/mcp-server-memory"}))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Data below a plain file cannot be opened; the message names the folder and the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotOpen, match=r"data\.server-memory cannot be written .* name another --data"):
        open_store("mcp-server-memory", Opening(str(tmp_path / "file" / "data")))


def test_without_the_client_the_extra_is_named() -> None:
    """Opening the store where `mcp` is not installed says what to install."""
    code = (
        "import sys; sys.modules['mcp'] = None\n"
        "from memconform_server.store import CannotOpen\n"
        "from memconform_server.stores import Opening, open_store\n"
        "try:\n    open_store('mcp-server-memory', Opening())\n"
        "except CannotOpen as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "install memconform[mcp]" in done.stdout
