"""The bridge to Honcho: conclusions, as a real Honcho 3.0.12 answered when the exchanges were recorded.

Recorded against an empty Honcho (`MEMCONFORM_RECORD`); its OpenAPI document is cut down to what the bridge reads.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Opening, Refused, SearchQuery, Unavailable
from memconform_server.stores import open_store
from memconform_server.stores.honcho import LIMITS, NO_SCORE, HonchoStore
from memconform_server.upstream import Upstream, UpstreamSaid

from .asking import ANNA, NOWHERE, WHO, found, texts
from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .exchange import Exchange

FULL = {"user_id": "anna", "agent_id": "bot", "session_id": "s1"}


def bridge(url: str, workspace: str) -> HonchoStore:
    """Return the bridge in workspaces of its own, without asking who listens."""
    return HonchoStore(Upstream("Honcho", url), "3.0.12", Opening(options={"workspace": workspace}))


@pytest.fixture
def alone() -> Iterator[HonchoStore]:
    """Give a bridge that must not ask anybody: nobody listens where its Honcho is said to be."""
    store = bridge(NOWHERE, "alone")
    yield store
    store.close()


def test_a_memory_lives_as_a_conclusion() -> None:
    """User, agent and session come back as peers and session; it is read, listed, found, deleted once, and gone."""
    with recorded("honcho/life") as url:
        store = bridge(url, "life")
        added = store.add(WHO, Draft(content=" Anna likes green tea\r\n", scope=FULL))
        assert (added.content, added.scope, added.metadata) == (" Anna likes green tea\r\n", FULL, {})
        assert added.created_at == added.updated_at > datetime(2026, 11, 1, tzinfo=UTC)
        assert store.get(WHO, added.id) == added
        assert store.list(WHO, ANNA, 50, None).items == [added]
        [hit] = store.search(WHO, SearchQuery(text="green tea", scope=FULL, top_k=10))
        assert (hit.memory, hit.score) == (added, NO_SCORE)
        assert store.delete(WHO, added.id) is True
        assert store.delete(WHO, added.id) is False
        assert store.get(WHO, added.id) is None
        assert texts(store, ANNA) == found(store, "green tea", FULL) == []


def test_scopes_of_fewer_members_come_back_as_they_were() -> None:
    """No user, no agent, no session: each such scope comes back, and a list selects by what it names."""
    scopes = [{"user_id": "anna"}, {"agent_id": "anna"}, {"session_id": "s1"}, {"user_id": "anna", "agent_id": "anna"}]
    with recorded("honcho/scopes") as url:
        store = bridge(url, "scopes")
        for scope in scopes:
            added = store.add(WHO, Draft(content=f"of {' '.join(scope)}", scope=scope))
            assert added.scope == scope
        assert texts(store, {"user_id": "anna"}) == ["of user_id agent_id", "of user_id"]
        assert texts(store, {"agent_id": "anna"}) == ["of user_id agent_id", "of agent_id"]
        assert texts(store, {"session_id": "s1"}) == ["of session_id"]
        assert found(store, "of", {"user_id": "anna"}) == ["of user_id"]


def test_principals_are_workspaces() -> None:
    """What one principal added is neither read nor deleted by another."""
    with recorded("honcho/principals") as url:
        store = bridge(url, "principals")
        added = store.add("p1", Draft(content="green tea", scope=ANNA))
        store.add("p2", Draft(content="black tea", scope=ANNA))
        assert store.get("p2", added.id) is None
        assert store.delete("p2", added.id) is False
        assert [each.content for each in store.list("p2", ANNA, 50, None).items] == ["black tea"]
        assert store.get("p1", added.id) == added


def test_pages_are_cut_out_of_numbered_pages() -> None:
    """Pages of two give five memories once, newest first, and end; so they do where the limit changes on the way."""
    with recorded("honcho/pages") as url:
        store = bridge(url, "pages")
        for number in range(5):
            store.add(WHO, Draft(content=f"fact {number}", scope=ANNA))
        whole = texts(store, ANNA)
        assert whole == ["fact 4", "fact 3", "fact 2", "fact 1", "fact 0"]
        for limits in ((2, 2, 2), (2, 3), (3, 2), (1, 2, 3)):
            walked: list[str] = []
            position = None
            for limit in limits:
                page = store.list(WHO, ANNA, limit, position)
                walked += [each.content for each in page.items]
                position = page.next
            assert walked == whole, limits


def test_min_score_is_a_greatest_distance() -> None:
    """A threshold near 1 keeps the text itself and cuts the rest; `top_k` cuts too."""
    with recorded("honcho/distance") as url:
        store = bridge(url, "distance")
        for text in ("Anna likes green tea", "The train to Berlin leaves at nine"):
            store.add(WHO, Draft(content=text, scope=ANNA))
        assert found(store, "Anna likes green tea", ANNA, top_k=1) == ["Anna likes green tea"]
        assert found(store, "Anna likes green tea", ANNA, min_score=0.9) == ["Anna likes green tea"]
        assert len(found(store, "Anna likes green tea", ANNA)) == 2


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("confidence", 0.5),
        ("valid_from", datetime(2026, 1, 1, tzinfo=UTC)),
        ("valid_to", datetime(2026, 1, 1, tzinfo=UTC)),
        ("source", {"method": "verbatim"}),
        ("ext", {"org.x": {}}),
        ("metadata", {"a": 1}),
    ],
)
def test_members_without_a_place_are_refused_without_asking(alone: HonchoStore, member: str, value: Any) -> None:
    """What a conclusion cannot hold is refused by the bridge, by name, and nobody is asked."""
    with pytest.raises(Refused) as refusal:
        alone.add(WHO, Draft(**{"content": "x", "scope": ANNA, member: value}))
    assert (refusal.value.pointer, refusal.value.by_provider) == (f"/{member}", False)


def test_the_application_and_the_peer_that_stands_for_nobody_are_refused(alone: HonchoStore) -> None:
    """Neither an app_id nor the placeholder's name gets into an add, a list or a search."""
    for scope, pointer in (
        ({"user_id": "anna", "app_id": "x"}, "/scope/app_id"),
        ({"user_id": "memconform-no-peer"}, "/scope/user_id"),
        ({"agent_id": "memconform-no-peer"}, "/scope/agent_id"),
    ):
        for call in (
            lambda scope=scope: alone.add(WHO, Draft(content="x", scope=scope)),
            lambda scope=scope: alone.list(WHO, scope, 5, None),
            lambda scope=scope: found(alone, "x", scope),
        ):
            with pytest.raises(Refused) as refusal:
                call()
            assert (refusal.value.pointer, refusal.value.by_provider) == (pointer, False)


def test_what_honcho_refuses_is_its_refusal() -> None:
    """A name with a blank, and a text with a token's name in it, are refused by Honcho; nothing of them is repeated."""
    with recorded("honcho/refusals") as url:
        store = bridge(url, "refusals")
        for draft, pointer in (
            (Draft(content="x", scope={"user_id": "anna smith"}), "/scope/user_id"),
            (Draft(content="x", scope={"session_id": "s 1"}), "/scope/session_id"),
            (Draft(content="<|endoftext|>", scope=ANNA), "/content"),
        ):
            with pytest.raises(Refused) as refusal:
                store.add(WHO, draft)
            assert (refusal.value.pointer, refusal.value.by_provider) == (pointer, True)
            assert "smith" not in str(refusal.value)
            assert "endoftext" not in str(refusal.value)


def test_an_id_of_dots_deletes_no_workspace() -> None:
    """`..` reaches Honcho as an id: httpx would resolve it on the way, and what is above is the whole workspace."""
    with recorded("honcho/dots") as url:
        store = bridge(url, "dots")
        store.add(WHO, Draft(content="green tea", scope=ANNA))
        for hostile in ("..", ".", "../.."):
            assert store.delete(WHO, hostile) is False
            assert store.get(WHO, hostile) is None
        assert texts(store, ANNA) == ["green tea"]


def test_a_failure_of_honcho_shows_its_status_alone() -> None:
    """A NUL in an id makes Honcho fail: that is an error with the status, and no content."""
    with recorded("honcho/nul") as url:
        store = bridge(url, "nul")
        with pytest.raises(UpstreamSaid, match=r"^Honcho answered 500$"):
            store.delete(WHO, "a\0b")


def test_it_opens_where_honcho_listens_and_says_its_version() -> None:
    """The OpenAPI document tells who listens; the capabilities carry its version and only what conclusions offer."""
    with recorded("honcho/opened") as url:
        store = open_store("honcho", Opening(upstream=url))
        said = store.capabilities()
        store.close()
    assert said["service"]["version"] == "3.0.12"
    assert said["profiles"] == ["core", "search", "tenancy"]
    assert said["limits"] == LIMITS


def test_a_wrong_key_is_told_before_anything_is_written() -> None:
    """A Honcho that wants a key refuses another one: the message names the variable, and not the key."""
    with recorded("honcho/wrong-key") as url, pytest.raises(CannotOpen, match="MEMCONFORM_UPSTREAM_API_KEY") as said:
        open_store("honcho", Opening(upstream=url, key="sk-wrong-0123"))
    assert "sk-wrong-0123" not in str(said.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"info": {"title": "Petstore", "version": "1"}, "paths": {}}, "is not Honcho"),
        ({"info": {"title": "Honcho API", "version": "2.5.1"}, "paths": {"/v2/workspaces": {}}}, "Honcho 2.5.1"),
    ],
)
def test_another_product_and_another_version_are_told(document: dict[str, Any], said: str) -> None:
    """What is not Honcho, or a Honcho without conclusions under /v3, is named; one question is all that it is asked."""
    asked: list[str] = []

    def answer(request: Any) -> Exchange:
        asked.append(f"{request.method} {request.target}")
        return {"status": 200, "json": document}

    with serving(answer) as url, pytest.raises(CannotOpen, match=said):
        open_store("honcho", Opening(upstream=url))
    assert asked == ["GET /openapi.json"]


def test_nobody_there_is_told() -> None:
    """An address where nothing listens is named, with what to do."""
    with pytest.raises(CannotOpen, match=r"cannot be reached at http://127\.0\.0\.1:9: nothing listens there"):
        open_store("honcho", Opening(upstream=NOWHERE))


def test_a_honcho_that_dies_midway_is_unavailable() -> None:
    """Once it has gone, every call says so."""
    with recorded("honcho/dying") as url:
        store = bridge(url, "dying")
        added = store.add(WHO, Draft(content="green tea", scope=ANNA))
    for call in (lambda: store.get(WHO, added.id), lambda: texts(store, ANNA), lambda: store.delete(WHO, added.id)):
        with pytest.raises(Unavailable):
            call()
    store.close()
