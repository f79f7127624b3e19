"""The bridge to Memobase: slots of profiles, as a real Memobase 0.0.42 answered when the exchanges were recorded.

Recorded against an empty Memobase (`MEMCONFORM_RECORD`, and its ACCESS_TOKEN in `MEMCONFORM_UPSTREAM_API_KEY`),
whose model was the stub with fixtures/providers/memobase/model.json.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Opening, Refused, SearchQuery, StoreError, Unavailable
from memconform_server.stores import open_store
from memconform_server.stores.memobase import NAMED, MemobaseStore
from memconform_server.upstream import Upstream, UpstreamSaid

from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import Memory

    from .exchange import Exchange

WHO = "public"
KEY = os.environ.get("MEMCONFORM_UPSTREAM_API_KEY", "sk-any")
NOWHERE = "http://127.0.0.1:9"
NOBODY = "0b5c1f4e-3a1d-4b6f-9d5e-6d3f2c1b0a99"


def bridge(url: str, **options: str) -> MemobaseStore:
    """Return the bridge without asking who listens."""
    upstream = Upstream("Memobase", url, headers={"Authorization": f"Bearer {KEY}"})
    return MemobaseStore(upstream, "0.0.42", Opening(options=options))


@contextmanager
def exchanged(name: str, **options: str) -> Iterator[MemobaseStore]:
    """Give the bridge to the recorded Memobase."""
    with recorded(f"memobase/{name}") as url:
        store = bridge(url, **options)
        yield store
        store.close()


@pytest.fixture
def alone() -> Iterator[MemobaseStore]:
    """Give a bridge that must not ask anybody: nobody listens where its Memobase is said to be."""
    store = bridge(NOWHERE)
    yield store
    store.close()


def texts(store: MemobaseStore, user: str) -> list[str]:
    """List a user's texts, in the store's order."""
    return [each.content for each in store.list(WHO, {"user_id": user}, 50, None).items]


def test_a_memory_lives_as_a_slot() -> None:
    """Text, user and metadata come back; it is read, listed, deleted once, and gone."""
    scope = {"user_id": "life anna"}
    metadata = {"topic": "drinks", "n": [1, 2.5, None, {"a": True}], "big": 2**70, "": "é"}
    with exchanged("life") as store:
        added = store.add(WHO, Draft(content=" Anna likes green tea\r\n", scope=scope, metadata=metadata))
        assert (added.content, added.scope, added.metadata) == (" Anna likes green tea\r\n", scope, metadata)
        assert added.created_at == added.updated_at > datetime(2026, 11, 1, tzinfo=UTC)
        assert store.get(WHO, added.id) == added
        assert store.list(WHO, scope, 50, None).items == [added]
        assert store.delete(WHO, added.id) is True
        assert store.delete(WHO, added.id) is False
        assert store.get(WHO, added.id) is None
        assert texts(store, "life anna") == []


def test_users_are_kept_apart_by_their_whole_names() -> None:
    """Names that look alike are other users, whatever characters they have; the second memory finds its user there."""
    names = ["anna", "Anna", "anna ", "ann*", "a/../b", "anna@example.org", "Änna", "A\u0308nna"]
    with exchanged("users") as store:
        for name in names:
            for word in ("one", "two"):
                added = store.add(WHO, Draft(content=f"{word} of {name}", scope={"user_id": f"users {name}"}))
                assert added.scope == {"user_id": f"users {name}"}
        for name in names:
            assert texts(store, f"users {name}") == [f"two of {name}", f"one of {name}"]


def test_what_a_slot_needs_is_filled_in_and_not_shown() -> None:
    """A memory without metadata has neither topic; either of the two comes back where it was given."""
    with exchanged("topics") as store:
        for metadata in ({}, {"topic": "drinks"}, {"sub_topic": "tea"}, {"topic": "drinks", "sub_topic": "tea"}):
            added = store.add(WHO, Draft(content="x", scope={"user_id": "topics"}, metadata=metadata))
            assert added.metadata == metadata


def test_a_change_replaces_text_and_metadata() -> None:
    """A change is what is read afterwards; what changes nothing asks for no change; what is missing is none."""
    with exchanged("update") as store:
        added = store.add(WHO, Draft(content="green tea", scope={"user_id": "update"}, metadata={"n": 1, "old": 1}))

        def changed(**members: Any) -> Memory | None:
            return store.update(WHO, added.id, lambda present: replace(present, **members))

        after = changed(content="black tea", metadata={"n": True})
        assert after is not None
        assert (after.content, after.metadata, after.created_at) == ("black tea", {"n": True}, added.created_at)
        assert after.updated_at > added.updated_at
        assert store.get(WHO, added.id) == after
        assert changed(metadata={"n": True}) == after
        assert store.update(WHO, f"{added.id[:36]}.{NOBODY}", lambda present: present) is None


def test_a_change_from_true_to_one_is_asked_for_and_lost() -> None:
    """The bridge does not take 1 for true, and hides nothing: Memobase does, and keeps what it had."""
    with exchanged("true-to-one") as store:
        added = store.add(WHO, Draft(content="x", scope={"user_id": "true to one"}, metadata={"n": True}))
        after = store.update(WHO, added.id, lambda present: replace(present, metadata={"n": 1}))
        assert after is not None
        assert after.metadata["n"] is True


def test_a_change_moves_a_memory_to_the_front() -> None:
    """The order is Memobase's: by the last change."""
    with exchanged("order") as store:
        first = store.add(WHO, Draft(content="fact 0", scope={"user_id": "order"}))
        store.add(WHO, Draft(content="fact 1", scope={"user_id": "order"}))
        assert texts(store, "order") == ["fact 1", "fact 0"]
        store.update(WHO, first.id, lambda present: replace(present, content="fact 2"))
        assert texts(store, "order") == ["fact 2", "fact 1"]


def test_pages_are_cut_out_of_the_first_slots() -> None:
    """Pages give five memories once, newest first, and end, whatever the limits."""
    with exchanged("pages") as store:
        for number in range(5):
            store.add(WHO, Draft(content=f"fact {number}", scope={"user_id": "pages"}))
        for limits in ((2, 2, 2), (5,), (1, 3, 3)):
            walked: list[str] = []
            position = None
            for limit in limits:
                page = store.list(WHO, {"user_id": "pages"}, limit, position)
                walked += [each.content for each in page.items]
                position = page.next
            assert (walked, position) == (["fact 4", "fact 3", "fact 2", "fact 1", "fact 0"], None)


def test_ids_that_are_none_are_missing(alone: MemobaseStore) -> None:
    """What is not two UUIDs as Memobase writes them names nothing, and is not asked for."""
    for hostile in ("", "..", "x", NOBODY, f"{NOBODY}.", f"{NOBODY}.{NOBODY.upper()}", f"{NOBODY}.{NOBODY}/..", "é"):
        assert alone.get(WHO, hostile) is None
        assert alone.delete(WHO, hostile) is False
        assert alone.update(WHO, hostile, lambda present: present) is None


def test_ids_of_nobody_are_missing() -> None:
    """Two UUIDs of nobody are asked for, and are none."""
    with exchanged("nobody") as store:
        assert store.get(WHO, f"{NOBODY}.{NOBODY}") is None
        assert store.delete(WHO, f"{NOBODY}.{NOBODY}") is False
        assert texts(store, "a user that was never written to") == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("confidence", 0.5),
        ("valid_from", datetime(2026, 1, 1, tzinfo=UTC)),
        ("valid_to", datetime(2026, 1, 1, tzinfo=UTC)),
        ("expires_at", datetime(2026, 1, 1, tzinfo=UTC)),
        ("source", {"method": "verbatim"}),
        ("ext", {"org.x": {}}),
    ],
)
def test_members_without_a_place_are_refused_without_asking(alone: MemobaseStore, member: str, value: Any) -> None:
    """What a slot cannot hold is refused by the bridge, by name, and nobody is asked."""
    with pytest.raises(Refused) as refusal:
        alone.add(WHO, Draft(**{"content": "x", "scope": {"user_id": "anna"}, member: value}))
    assert (refusal.value.pointer, refusal.value.by_provider) == (f"/{member}", False)


@pytest.mark.parametrize("member", ["agent_id", "app_id", "session_id"])
def test_scopes_of_more_than_a_user_are_refused(alone: MemobaseStore, member: str) -> None:
    """Neither an add nor a list takes what Memobase does not select by, with a user or without one."""
    for scope in ({member: "x"}, {"user_id": "anna", member: "x"}):
        for call in (
            lambda scope=scope: alone.add(WHO, Draft(content="x", scope=scope)),
            lambda scope=scope: alone.list(WHO, scope, 5, None),
        ):
            with pytest.raises(Refused) as refusal:
                call()
            assert (refusal.value.pointer, refusal.value.by_provider) == (f"/scope/{member}", False)


def test_the_words_that_stand_for_no_topic_are_refused(alone: MemobaseStore) -> None:
    """A client cannot write what would be read as nothing."""
    for member, nothing in NAMED.items():
        with pytest.raises(Refused) as refusal:
            alone.add(WHO, Draft(content="x", scope={"user_id": "anna"}, metadata={member: nothing}))
        assert (refusal.value.pointer, refusal.value.by_provider) == (f"/metadata/{member}", False)


def test_a_topic_that_is_no_text_is_memobases_refusal() -> None:
    """Memobase wants texts there, and says so with an errno; nothing of the memory is repeated."""
    with exchanged("refused") as store, pytest.raises(Refused) as refusal:
        store.add(WHO, Draft(content="a private text", scope={"user_id": "refused"}, metadata={"topic": 5}))
    assert (refusal.value.pointer, refusal.value.by_provider) == ("/metadata", True)
    assert "private" not in str(refusal.value)


def test_a_failure_of_memobase_shows_its_errno_alone() -> None:
    """A NUL makes Memobase fail: that is an error with the errno, without the statement that Memobase tells."""
    with exchanged("nul") as store:
        for draft in (
            Draft(content="a private text\0", scope={"user_id": "nul"}),
            Draft(content="a private text", scope={"user_id": "nul"}, metadata={"note": "\0"}),
        ):
            with pytest.raises(UpstreamSaid, match=r"^Memobase answered 500$"):
                store.add(WHO, draft)


def test_a_user_of_another_client_has_no_name() -> None:
    """What hangs on a user without a name in its data can be deleted; a read says why it cannot be shown."""
    with recorded("memobase/nameless") as url:
        store = bridge(url)
        user = store._uuid("nameless")
        store._upstream.ask("POST", "/api/v1/users", body={"id": user, "data": {}})
        added = store.add(WHO, Draft(content="x", scope={"user_id": "nameless"}))
        assert texts(store, "nameless") == ["x"]
        with pytest.raises(StoreError, match="not made through this bridge"):
            store.get(WHO, added.id)
        assert store.delete(WHO, added.id) is True
        store.close()


def test_slots_cannot_be_searched(alone: MemobaseStore) -> None:
    """The profile search is not declared, and a search raises."""
    assert alone.capabilities()["profiles"] == ["core", "update"]
    with pytest.raises(NotImplementedError):
        alone.search(WHO, SearchQuery(text="x", scope={"user_id": "anna"}, top_k=1))


def told(*texts: str, role: str = "user") -> dict[str, Any]:
    """Return what an ingestion is asked with."""
    return {"messages": [{"role": role, "content": text} for text in texts], "metadata": {"from": "chat"}}


def test_messages_become_slots_of_their_user() -> None:
    """What Memobase extracted is listed with what happened to it, and is there; what it knows is not added again."""
    with exchanged("ingestion", infer="on") as store:
        assert store.capabilities()["profiles"] == ["core", "update", "ingestion"]
        scope = {"user_id": "ingestion"}
        job = store.begin(WHO, "ingestion", scope, told("I am allergic to peanuts.", "My cat is called Ada."))
        assert (job.status, job.scope) == ("succeeded", scope)
        assert [row["action"] for row in job.result["memories"]] == ["added", "added"]
        memories = [store.get(WHO, row["id"]) for row in job.result["memories"]]
        assert sorted(each.content for each in memories if each) == [
            "The user said: I am allergic to peanuts.",
            "The user said: My cat is called Ada.",
        ]
        assert all(each.scope == scope and each.source is None for each in memories if each)  # finding 10
        assert store.job(WHO, job.id) == job
        assert store.claim() is None
        again = store.begin(WHO, "ingestion", scope, told("I am allergic to peanuts."))
        assert (again.status, again.result) == ("succeeded", {"memories": []})


def test_more_than_a_buffer_is_listed_too() -> None:
    """A blob that fills the buffer is processed with its insertion, and what came of it is not lost."""
    with exchanged("long-ingestion", infer="on") as store:
        job = store.begin(WHO, "ingestion", {"user_id": "long ingestion"}, told("word " * 1_200 + "end"))
        assert [row["action"] for row in job.result["memories"]] == ["added"]


def test_a_changed_slot_is_listed_as_updated() -> None:
    """What Memobase appends to a slot that it has is an update of that slot."""
    with exchanged("updating-ingestion", infer="on") as store:
        scope = {"user_id": "updating ingestion"}
        first = store.begin(WHO, "ingestion", scope, told("I like tea."))
        second = store.begin(WHO, "ingestion", scope, told("I like cake."))
        assert second.result["memories"] == [{"id": first.result["memories"][0]["id"], "action": "updated"}]


def test_messages_that_memobase_refuses_begin_nothing() -> None:
    """A role that it does not know is its refusal, not a failed operation."""
    with exchanged("refused-ingestion", infer="on") as store, pytest.raises(Refused) as refusal:
        store.begin(WHO, "ingestion", {"user_id": "refused ingestion"}, told("Be kind.", role="system"))
    assert (refusal.value.pointer, refusal.value.by_provider) == ("/messages", True)


@pytest.mark.parametrize("errno", [500, 503, 520])
def test_an_extraction_that_fails_is_a_failed_operation(errno: int) -> None:
    """Whatever Memobase says of a model that failed, it ends in a problem that repeats nothing of it."""

    def answer(request: Any) -> Exchange:
        failed = request.target.startswith("/api/v1/users/buffer/")
        said = {"errno": errno, "errmsg": "a private text"} if failed else {"errno": 0, "data": {"chat_results": []}}
        return {"status": 200, "json": said}

    with serving(answer) as url:
        store = bridge(url, infer="on")
        job = store.begin(WHO, "ingestion", {"user_id": "anna"}, told("x"))
        store.close()
    assert (job.status, job.result, job.error["status"]) == ("failed", None, 502)
    assert "private" not in str(job.error)


def test_an_option_that_is_neither_on_nor_off_is_refused() -> None:
    """`infer` takes two words."""
    with pytest.raises(CannotOpen, match="takes on or off"):
        open_store("memobase", Opening(upstream=NOWHERE, options={"infer": "yes"}))


def test_two_first_writes_of_a_user_are_both_kept() -> None:
    """Memobase fails to make a user that another write made meanwhile: the bridge looks, and adds."""
    asked: list[str] = []
    user = bridge(NOWHERE)._uuid("anna")
    at = "2026-11-27T18:00:00Z"
    row = {"id": NOBODY, "content": "x", "attributes": {}, "created_at": at, "updated_at": at}

    def answer(request: Any) -> Exchange:
        asked.append(f"{request.method} {request.target}")
        said: dict[str, Any] = {"errno": 0, "data": {"id": NOBODY, "profiles": [row]}}
        if len(asked) == 1:
            said = {"errno": 404, "data": None}
        elif len(asked) == 2:
            said = {"errno": 500, "data": None}
        return {"status": 200, "json": said}

    with serving(answer) as url:
        store = bridge(url)
        assert store.add(WHO, Draft(content="x", scope={"user_id": "anna"})).id == f"{user}.{NOBODY}"
        store.close()
    there, slots = f"/api/v1/users/{user}", f"/api/v1/users/profile/{user}"
    assert asked == [f"GET {there}", "POST /api/v1/users", f"GET {there}", f"POST {slots}", f"GET {slots}"]


def test_it_opens_where_memobase_listens_and_says_its_version() -> None:
    """The OpenAPI document tells who listens; the capabilities carry its version."""
    with recorded("memobase/opened") as url:
        store = open_store("memobase", Opening(upstream=url, key=KEY))
        said = store.capabilities()
        store.close()
    assert said["service"]["version"] == "0.0.42"


def test_a_wrong_key_is_told_before_anything_is_written() -> None:
    """A Memobase that wants another key refuses this one: the message names the variable, and not the key."""
    with recorded("memobase/wrong-key") as url, pytest.raises(CannotOpen, match="MEMCONFORM_UPSTREAM_API_KEY") as said:
        open_store("memobase", Opening(upstream=url, key="sk-wrong-0123"))
    assert "sk-wrong-0123" not in str(said.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"info": {"title": "Petstore", "version": "1"}, "paths": {}}, "is not Memobase"),
        ({"info": {"title": "Memobase API", "version": "0.0.20"}, "paths": {}}, r"Memobase 0\.0\.20"),
    ],
)
def test_another_product_and_another_version_are_told(document: dict[str, Any], said: str) -> None:
    """What is not Memobase, or takes no slots of a client, is named; it is asked once, and without the key."""
    asked: list[tuple[str, bool]] = []

    def answer(request: Any) -> Exchange:
        asked.append((f"{request.method} {request.target}", "authorization" in str(request).lower()))
        return {"status": 200, "json": document}

    with serving(answer) as url, pytest.raises(CannotOpen, match=said):
        open_store("memobase", Opening(upstream=url, key=KEY))
    assert asked == [("GET /openapi.json", False)]


def test_nobody_there_is_told() -> None:
    """An address where nothing listens is named, with what to do."""
    with pytest.raises(CannotOpen, match=r"cannot be reached at http://127\.0\.0\.1:9: nothing listens there"):
        open_store("memobase", Opening(upstream=NOWHERE))


def test_a_memobase_that_dies_midway_is_unavailable() -> None:
    """Once it has gone, every call says so."""
    with recorded("memobase/dying") as url:
        store = bridge(url)
        added = store.add(WHO, Draft(content="green tea", scope={"user_id": "dying"}))
    for call in (lambda: store.get(WHO, added.id), lambda: texts(store, "dying"), lambda: store.delete(WHO, added.id)):
        with pytest.raises(Unavailable):
            call()
    store.close()
