"""The bridge to OAMP, on exchanges with the protocol's reference server that were recorded on 2026-11-27.

That server ran beside the project; see docs/providers/oamp.md. `MEMCONFORM_RECORD=URL` records anew, from an empty one.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Refused, SearchQuery, StoreError, Unavailable
from memconform_server.stores import Opening, open_store

from .exchange import Exchange, Request, serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memconform_server.store import MemoryStore, Scope

WHO = "public"


@contextmanager
def opened(url: str, **more: Any) -> Iterator[MemoryStore]:
    """Open the bridge to what listens at `url`, and close it."""
    store = open_store("oamp", Opening(upstream=url, **more))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def bridge(name: str) -> Iterator[MemoryStore]:
    """Open the bridge to the recorded server."""
    with recorded(f"oamp/{name}") as url, opened(url) as store:
        yield store


def contents(store: MemoryStore, scope: Scope) -> list[str]:
    """List a scope's texts."""
    return [each.content for each in store.list(WHO, scope, 10, None).items]


def found(store: MemoryStore, text: str, scope: Scope, top_k: int = 10) -> list[str]:
    """Search and return the texts."""
    return [hit.memory.content for hit in store.search(WHO, SearchQuery(text=text, scope=scope, top_k=top_k))]


def test_a_memory_goes_in_and_comes_out() -> None:
    """Add, get, list and search give the same record, member by member; after a delete all of them give nothing."""
    scope = {"user_id": "life anna", "agent_id": "bot", "session_id": "s 1/2"}
    metadata = {"topic": "drinks", "n": [1, 2.5, None, {"a": True}], "big": 2**70}
    whose = {"user_id": "life anna"}
    with bridge("life") as store:
        added = store.add(WHO, Draft(content="I like green tea\r\n", scope=scope, metadata=metadata, confidence=0.25))
        assert (added.content, added.scope, added.metadata) == ("I like green tea\r\n", scope, metadata)
        assert added.confidence == 0.25
        assert added.updated_at == added.created_at
        assert added.created_at.utcoffset() is not None
        assert store.get(WHO, added.id) == added
        assert list(store.list(WHO, whose, 10, None).items) == [added]
        (hit,) = store.search(WHO, SearchQuery(text="green tea", scope=whose, top_k=10))
        assert (hit.memory, hit.score) == (added, 1.0)

        assert store.delete(WHO, added.id) is True
        assert store.get(WHO, added.id) is None
        assert store.delete(WHO, added.id) is False
        assert contents(store, whose) == found(store, "tea", whose) == []


def test_what_an_entry_needs_is_filled_in_and_not_shown() -> None:
    """A memory of a user alone has no session and no agent; its confidence is the one that the entry needs."""
    with bridge("bare") as store:
        added = store.add(WHO, Draft(content="x", scope={"user_id": "bare anna"}))
        assert (added.scope, added.metadata, added.confidence) == ({"user_id": "bare anna"}, {}, 1.0)


def test_users_are_apart() -> None:
    """A list and a search hold one user's memories, and nobody's who is called alike."""
    with bridge("users") as store:
        for user in ("users anna", "users Anna", "users anna "):
            store.add(WHO, Draft(content=f"tea of {user}.", scope={"user_id": user}))
        assert contents(store, {"user_id": "users anna"}) == ["tea of users anna."]
        assert found(store, "tea", {"user_id": "users Anna"}) == ["tea of users Anna."]
        assert contents(store, {"user_id": "users %"}) == []


def test_pages_are_offsets_newest_first() -> None:
    """Pages of two give each of three memories once and end; a page that is full may be followed by an empty one."""
    scope = {"user_id": "pages anna"}
    with bridge("pages") as store:
        for number in range(3):
            store.add(WHO, Draft(content=f"fact {number}", scope=scope))
        first = store.list(WHO, scope, 2, None)
        second = store.list(WHO, scope, 2, first.next)
        assert [each.content for each in (*first.items, *second.items)] == ["fact 2", "fact 1", "fact 0"]
        assert (first.next, second.next) == ([2], None)
        whole = store.list(WHO, scope, 3, None)
        assert list(store.list(WHO, scope, 3, whole.next).items) == []


def test_search_is_cut_by_the_server() -> None:
    """`top_k` is the server's limit; what does not match is not there; no query is changed on the way."""
    scope = {"user_id": "search anna"}
    with bridge("search") as store:
        for text in ("green tea", "black tea", "coffee"):
            store.add(WHO, Draft(content=text, scope=scope))
        assert found(store, "tea", scope) == ["black tea", "green tea"]
        assert found(store, "tea", scope, top_k=1) == ["black tea"]
        assert found(store, 'tea" OR * % \0', scope) == []


@pytest.mark.parametrize("memory_id", ["nope", "../health", "a/b", "a?b#c", "%2e%2e", "\u00e9"])
def test_unknown_ids_are_none_and_false(memory_id: str) -> None:
    """No id, however hostile, leaves the entries' path or is an error."""
    asked: list[str] = []

    def answer(request: Request) -> Exchange:
        asked.append(request.target)
        return _greeting() if request.target == "/v1/capabilities" else {"status": 404, "text": ""}

    with serving(answer) as url, opened(url) as store:
        assert store.get(WHO, memory_id) is None
        assert store.delete(WHO, memory_id) is False
    assert all(path.startswith("/v1/knowledge/") for path in asked[1:])


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"scope": {"session_id": "s"}}, "/scope"),
        ({"scope": {"user_id": "u", "app_id": "a"}}, "/scope/app_id"),
        ({"valid_from": datetime(2001, 1, 1, tzinfo=UTC)}, "/valid_from"),
        ({"valid_to": datetime(2101, 1, 1, tzinfo=UTC)}, "/valid_to"),
        ({"source": {"method": "inferred"}}, "/source"),
        ({"ext": {"com.example": {}}}, "/ext"),
    ],
)
def test_members_without_a_place_are_refused(members: dict[str, Any], pointer: str) -> None:
    """The bridge refuses them without asking."""
    with serving(lambda _: _greeting()) as url, opened(url) as store, pytest.raises(Refused) as refused:
        store.add(WHO, Draft(**{"content": "x", "scope": {"user_id": "u"}, **members}))
    assert (refused.value.pointer, refused.value.by_provider) == (pointer, False)


@pytest.mark.parametrize("member", ["session_id", "agent_id"])
def test_no_scope_is_widened(member: str) -> None:
    """What OAMP cannot select by is refused, and not answered with all of the user's memories."""
    scope = {"user_id": "u", member: "x"}
    with serving(lambda _: _greeting()) as url, opened(url) as store:
        calls: list[Callable[[], list[str]]] = [lambda: contents(store, scope), lambda: found(store, "tea", scope)]
        for call in calls:
            with pytest.raises(Refused) as refused:
                call()
            assert (refused.value.pointer, refused.value.by_provider) == (f"/scope/{member}", False)


def test_what_the_server_refuses_is_its_refusal() -> None:
    """A 400 is told as the provider's, without its words."""

    def answer(request: Request) -> Exchange:
        return _greeting() if request.target == "/v1/capabilities" else {"status": 400, "text": "canary"}

    with serving(answer) as url, opened(url) as store, pytest.raises(Refused) as refused:
        store.add(WHO, Draft(content="x", scope={"user_id": "u"}))
    assert refused.value.by_provider is True
    assert "canary" not in refused.value.detail


def test_a_grant_goes_in_the_header() -> None:
    """The key is sent as a bearer token, and the bridge's own text shows it nowhere."""
    seen: list[str] = []

    def answer(request: Request) -> Exchange:
        seen.append(request.headers["authorization"])
        return _greeting()

    with serving(answer) as url, opened(url, key="grant-1") as store:
        assert "grant-1" not in repr(store.capabilities())
    assert seen == ["Bearer grant-1"]


@pytest.mark.parametrize("said", ['{"status": "ok"}', '{"oamp_version": "9.0.0"}', "<html>", "[]"])
def test_another_server_is_recognised(said: str) -> None:
    """What does not say a version of OAMP that the bridge knows is not written to."""
    with (
        serving(lambda _: {"status": 200, "text": said}) as url,
        pytest.raises(CannotOpen, match=r"is not OAMP: .* nothing was written"),
    ):
        open_store("oamp", Opening(upstream=url))


def test_a_server_that_goes_away_is_told() -> None:
    """A server that is not there, and one that dies midway, are told as that."""
    with serving(lambda _: _greeting()) as url:
        store = open_store("oamp", Opening(upstream=url))
    with pytest.raises(Unavailable):
        store.get(WHO, "x")
    store.close()
    with pytest.raises(CannotOpen, match=r"OAMP cannot be reached at .* correct --upstream"):
        open_store("oamp", Opening(upstream=url))


def test_only_what_oamp_can_do_is_declared() -> None:
    """Core and a keyword search, pages of 200, the version that the server tells; one principal."""
    with serving(lambda _: _greeting()) as url, opened(url) as store:
        declared = store.capabilities()
    assert declared["profiles"] == ["core", "search"]
    assert declared["limits"]["page_size"] == declared["search"]["max_top_k"] == 200
    assert declared["service"]["version"] == "1.3.0"
    assert store.tenants is False


def test_a_timestamp_that_is_none_is_an_error() -> None:
    """The bridge invents no time for an entry whose source has none."""
    entry = (
        '{"id": "1", "user_id": "u", "content": "x", "confidence": 1, '
        '"source": {"session_id": "s", "timestamp": "yesterday"}}'
    )

    def answer(request: Request) -> Exchange:
        return _greeting() if request.target == "/v1/capabilities" else {"status": 200, "text": entry}

    with serving(answer) as url, opened(url) as store, pytest.raises(StoreError, match="a timestamp that is none"):
        store.get(WHO, "1")


def _greeting() -> Exchange:
    return {"status": 200, "text": '{"oamp_version": "1.3.0"}'}
