"""The bridge to Redis agent-memory-server: long-term memories, as a real 0.14.0 answered when they were recorded."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from memconform_server.store import CannotOpen, Draft, Opening, Refused, SearchQuery, Unavailable
from memconform_server.stores import agent_memory_server, open_store
from memconform_server.stores.agent_memory_server import LAG_MS, AgentMemoryStore

from .exchange import serving
from .replay import RECORD_VARIABLE, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .exchange import Exchange

WHO = "public"
NOWHERE = "http://127.0.0.1:9"
NOON = datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC)


class Clock(datetime):
    """A clock that stands still: what the bridge sends has to be the same in every run."""

    @classmethod
    def now(cls, tz: Any = None) -> Clock:
        """Return noon."""
        return cls.fromtimestamp(NOON.timestamp(), tz)


@pytest.fixture(autouse=True)
def _known_ids_and_instants(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the bridge ids of the test's own and one instant: here the client of the provider chooses both."""
    first = int.from_bytes(request.node.name.encode()[-6:])
    numbers = iter(range(first, first + 100))
    monkeypatch.setattr(agent_memory_server, "uuid4", lambda: UUID(int=next(numbers), version=4))
    monkeypatch.setattr(agent_memory_server, "datetime", Clock)


def bridge(url: str, **options: str) -> AgentMemoryStore:
    """Return the bridge, opened as `serve` opens it."""
    store = open_store("redis-agent-memory", Opening(upstream=url, options=options))
    assert isinstance(store, AgentMemoryStore)
    return store


def add(store: AgentMemoryStore, content: str, **scope: str) -> Any:
    """Add a memory; while recording, wait until the server has done it."""
    memory = store.add(WHO, Draft(content=content, scope=scope))
    if os.environ.get(RECORD_VARIABLE):
        time.sleep(LAG_MS / 1000)
    return memory


def found(store: AgentMemoryStore, text: str, scope: dict[str, str], **more: Any) -> list[str]:
    """Search and return the texts."""
    query = SearchQuery(text=text, scope=scope, top_k=more.pop("top_k", 10), **more)
    return [hit.memory.content for hit in store.search(WHO, query)]


def test_a_memory_lives() -> None:
    """User, agent and session come back; it is read, listed, found, changed, deleted once, and gone."""
    scope = {"user_id": "anna", "agent_id": "bot", "session_id": "s1"}
    with recorded("redis-agent-memory/life") as url:
        store = bridge(url)
        added = add(store, " Anna likes green tea\r\n", **scope)
        assert (added.content, added.scope) == (" Anna likes green tea\r\n", scope)
        assert added.created_at == added.updated_at == NOON.replace(microsecond=120000)
        assert store.get(WHO, added.id) == added
        assert list(store.list(WHO, {"user_id": "anna"}, 50, None).items) == [added]
        [hit] = store.search(WHO, SearchQuery(text="green tea", scope=scope, top_k=10))
        assert hit.memory == added
        assert 0.5 < hit.score < 1
        changed = store.update(WHO, added.id, lambda memory: replace(memory, content="Anna likes black tea"))
        assert changed is not None
        assert (changed.id, changed.content, changed.scope) == (added.id, "Anna likes black tea", scope)
        assert changed.updated_at > changed.created_at == added.created_at
        assert store.delete(WHO, added.id) is True
        assert store.delete(WHO, added.id) is False
        assert store.get(WHO, added.id) is None
        assert store.update(WHO, added.id, lambda memory: memory) is None
        store.close()


def test_a_change_of_nothing_asks_for_none() -> None:
    """Where the text stays the bridge hands nothing over: the server refuses to be asked for nothing."""
    with recorded("redis-agent-memory/unchanged") as url:
        store = bridge(url)
        added = add(store, "green tea", user_id="unchanged")
        assert store.update(WHO, added.id, lambda memory: memory) == added
        store.close()


def test_the_namespace_is_an_application_where_that_is_said() -> None:
    """With the option a scope's application comes back, and its agent is refused."""
    with recorded("redis-agent-memory/namespace") as url:
        store = bridge(url, namespace="app_id")
        added = add(store, "green tea", user_id="berta", app_id="shop")
        read = store.get(WHO, added.id)
        assert read is not None
        assert read.scope == {"user_id": "berta", "app_id": "shop"}
        assert [each.content for each in store.list(WHO, {"app_id": "shop"}, 5, None).items] == ["green tea"]
        with pytest.raises(Refused) as refusal:
            store.add(WHO, Draft(content="x", scope={"agent_id": "bot"}))
        assert (refusal.value.pointer, refusal.value.by_provider) == ("/scope/agent_id", False)
        store.close()


def test_pages_are_counted() -> None:
    """Pages of two give three memories once, and end."""
    with recorded("redis-agent-memory/pages") as url:
        store = bridge(url)
        for number in range(3):
            add(store, f"fact {number}", user_id="pages")
        first = store.list(WHO, {"user_id": "pages"}, 2, None)
        second = store.list(WHO, {"user_id": "pages"}, 2, first.next)
        walked = [each.content for page in (first, second) for each in page.items]
        assert sorted(walked) == ["fact 0", "fact 1", "fact 2"]
        assert (first.next, second.next) == ([2], None)
        store.close()


def test_min_score_is_a_greatest_distance() -> None:
    """A threshold near 1 keeps the text itself and cuts the rest; `top_k` cuts too."""
    with recorded("redis-agent-memory/distance") as url:
        store = bridge(url)
        for text in ("Anna likes green tea", "The train to Berlin leaves at nine"):
            add(store, text, user_id="distance")
        scope = {"user_id": "distance"}
        assert found(store, "Anna likes green tea", scope, top_k=1) == ["Anna likes green tea"]
        assert found(store, "Anna likes green tea", scope, min_score=0.9) == ["Anna likes green tea"]
        assert len(found(store, "Anna likes green tea", scope)) == 2
        store.close()


@pytest.fixture
def alone() -> Iterator[AgentMemoryStore]:
    """Give a bridge whose server has gone after it was asked who it is."""
    with recorded("redis-agent-memory/opened") as url:
        store = bridge(url)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("confidence", 0.5),
        ("valid_from", NOON),
        ("valid_to", NOON),
        ("source", {"method": "verbatim"}),
        ("ext", {"org.x": {}}),
        ("metadata", {"a": 1}),
    ],
)
def test_members_without_a_place_are_refused_without_asking(alone: AgentMemoryStore, member: str, value: Any) -> None:
    """What a record cannot hold is refused by the bridge, by name, and nobody is asked."""
    with pytest.raises(Refused) as refusal:
        alone.add(WHO, Draft(**{"content": "x", "scope": {"user_id": "anna"}, member: value}))
    assert (refusal.value.pointer, refusal.value.by_provider) == (f"/{member}", False)


def test_an_application_is_refused_without_asking(alone: AgentMemoryStore) -> None:
    """The namespace is the agent's unless the option says otherwise: an app_id has no place in any call."""
    for call in (
        lambda: alone.add(WHO, Draft(content="x", scope={"app_id": "shop"})),
        lambda: alone.list(WHO, {"user_id": "anna", "app_id": "shop"}, 5, None),
        lambda: found(alone, "x", {"app_id": "shop"}),
    ):
        with pytest.raises(Refused) as refusal:
            call()
        assert (refusal.value.pointer, refusal.value.by_provider) == ("/scope/app_id", False)


def test_a_server_that_has_gone_is_unavailable(alone: AgentMemoryStore) -> None:
    """Every call says so."""
    for call in (
        lambda: alone.add(WHO, Draft(content="x", scope={"user_id": "anna"})),
        lambda: alone.get(WHO, "x"),
        lambda: alone.delete(WHO, "x"),
        lambda: alone.list(WHO, {"user_id": "anna"}, 5, None),
        lambda: found(alone, "x", {"user_id": "anna"}),
    ):
        with pytest.raises(Unavailable):
            call()


def test_what_the_server_refuses_is_its_refusal() -> None:
    """More than a hundred results are refused by the server; nothing of the query is repeated."""
    with recorded("redis-agent-memory/refusal") as url:
        store = bridge(url)
        with pytest.raises(Refused) as refusal:
            found(store, "a secret", {"user_id": "anna"}, top_k=101)
        assert refusal.value.by_provider is True
        assert "secret" not in str(refusal.value)
        store.close()


def test_it_says_its_version_and_that_its_writes_lag() -> None:
    """The capabilities carry the server's version, a bound for each read, no room for metadata, and no tenancy."""
    with recorded("redis-agent-memory/opened") as url:
        store = bridge(url)
        said = store.capabilities()
        store.close()
    assert said["service"]["version"] == "0.14.0"
    assert said["profiles"] == ["core", "search", "update"]
    assert {each["max_staleness_ms"] for each in said["consistency"].values()} == {LAG_MS}
    assert said["limits"]["metadata_bytes"] == 2
    assert store.tenants is False


def test_a_namespace_of_something_else_is_told() -> None:
    """The option takes two names, and says which."""
    with pytest.raises(CannotOpen, match="agent_id or app_id"):
        open_store("redis-agent-memory", Opening(upstream=NOWHERE, options={"namespace": "user_id"}))


@pytest.mark.parametrize("document", [{"info": {"title": "Petstore", "version": "1"}}, {}, []])
def test_another_product_is_told(document: Any) -> None:
    """What is not the server is named; one question is all that it is asked."""
    asked: list[str] = []

    def answer(request: Any) -> Exchange:
        asked.append(f"{request.method} {request.target}")
        return {"status": 200, "json": document}

    with serving(answer) as url, pytest.raises(CannotOpen, match="is not Redis agent-memory-server"):
        open_store("redis-agent-memory", Opening(upstream=url))
    assert asked == ["GET /openapi.json"]


def test_a_wrong_token_is_told_before_anything_is_written() -> None:
    """A server that wants a token refuses another one: the message names the variable, and not the token."""
    name = "redis-agent-memory/wrong-token"
    with recorded(name) as url, pytest.raises(CannotOpen, match="MEMCONFORM_UPSTREAM_API_KEY") as said:
        open_store("redis-agent-memory", Opening(upstream=url, key="wrong-0123"))
    assert "wrong-0123" not in str(said.value)


def test_nobody_there_is_told() -> None:
    """An address where nothing listens is named, with what to do."""
    with pytest.raises(CannotOpen, match=r"cannot be reached at http://127\.0\.0\.1:9: nothing listens there"):
        open_store("redis-agent-memory", Opening(upstream=NOWHERE))
