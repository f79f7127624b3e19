"""The bridge to Letta: agents, archives, passages and blocks, as a real Letta 0.16.8 answered when they were recorded.

Recorded against an empty Letta (`MEMCONFORM_RECORD`); the answers are cut down to what the bridge reads, without the
4,096 numbers of each passage's vector.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import (
    AlreadyThere,
    CannotOpen,
    Draft,
    Opening,
    Refused,
    SearchQuery,
    StoreError,
    Unavailable,
)
from memconform_server.stores import open_store
from memconform_server.stores.letta import EPOCH, LettaStore

from .asking import ANNA, NOWHERE, WHO, found
from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .exchange import Exchange

FULL = {"user_id": "anna", "agent_id": "bot", "app_id": "shop: a", "session_id": "s1"}
HANDLES = {"model": "openai-proxy/rules", "embedding": "openai/text-embedding-3-small"}
UNKNOWN_ID = (
    "archive-00000000-0000-4000-8000-00000000abcd.1789000000000000.passage-00000000-0000-4000-8000-00000000abcd"
)


def bridge(url: str) -> LettaStore:
    """Return the bridge, opened as `serve` opens it."""
    store = open_store("letta", Opening(upstream=url, options=HANDLES))
    assert isinstance(store, LettaStore)
    return store


def texts(store: LettaStore, scope: dict[str, str], who: str = WHO) -> list[str]:
    """List a scope's texts page by page, in the store's order."""
    page = store.list(who, scope, 50, None)
    items = list(page.items)
    while page.next is not None:
        page = store.list(who, scope, 50, page.next)
        items += page.items
    return [each.content for each in items]


def test_a_memory_lives_as_a_passage() -> None:
    """All four members of its scope and its metadata come back; it is read, listed, found, deleted once, and gone."""
    with recorded("letta/life") as url:
        store = bridge(url)
        draft = Draft(content=" Anna likes green tea\r\n", scope=FULL, metadata={"cups": [1, None, 2.5]})
        added = store.add("life", draft)
        assert (added.content, added.scope, added.metadata) == (draft.content, FULL, draft.metadata)
        assert added.created_at == added.updated_at > datetime(2026, 11, 1, tzinfo=UTC)
        assert store.get("life", added.id) == added
        assert list(store.list("life", FULL, 50, None).items) == [added]
        [hit] = store.search("life", SearchQuery(text="green tea", scope=FULL, top_k=10))
        assert (hit.memory, hit.score) == (added, 0.0)
        assert store.delete("life", added.id) is True
        assert store.delete("life", added.id) is False
        assert store.get("life", added.id) is None
        assert texts(store, FULL, "life") == found(store, "green tea", FULL, "life") == []
        store.close()


def test_letta_selects_the_scopes_that_hold_the_querys() -> None:
    """A query lists what any scope with its members holds, agent after agent, and searches them all by their tags."""
    with recorded("letta/scopes") as url:
        store = bridge(url)
        for scope in (ANNA, FULL, {"session_id": "s1"}, {"agent_id": "anna"}):
            assert store.add("scopes", Draft(content=f"of {' '.join(scope)}", scope=scope)).scope == scope
        assert texts(store, ANNA, "scopes") == ["of user_id agent_id app_id session_id", "of user_id"]
        assert texts(store, {"session_id": "s1"}, "scopes") == [
            "of session_id",
            "of user_id agent_id app_id session_id",
        ]
        assert texts(store, {"agent_id": "anna"}, "scopes") == ["of agent_id"]
        assert texts(store, {"user_id": "bot"}, "scopes") == found(store, "of", {"user_id": "bot"}, "scopes") == []
        assert sorted(found(store, "of", ANNA, "scopes")) == ["of user_id", "of user_id agent_id app_id session_id"]
        assert found(store, "of", FULL, "scopes") == ["of user_id agent_id app_id session_id"]
        store.close()


def test_pages_go_on_where_the_last_one_ended() -> None:
    """Pages of two give each memory once, newest first, through both agents; each agent ends with a page of its own."""
    with recorded("letta/pages") as url:
        store = bridge(url)
        for number in range(3):
            store.add("pages", Draft(content=f"fact {number}", scope=ANNA))
        store.add("pages", Draft(content="fact of a session", scope={**ANNA, "session_id": "s1"}))
        walked: list[list[str]] = []
        position = None
        while not walked or position is not None:
            page = store.list("pages", ANNA, 2, position)
            walked.append([each.content for each in page.items])
            position = page.next
        assert walked == [["fact of a session"], ["fact 2", "fact 1"], ["fact 0"]]
        store.close()


def test_principals_are_organisations() -> None:
    """What one principal added is neither read, listed nor deleted by another; each keeps its user."""
    with recorded("letta/principals") as url:
        store = bridge(url)
        added = store.add("p1", Draft(content="green tea", scope=ANNA))
        store.add("p2", Draft(content="black tea", scope=ANNA))
        assert store.get("p2", added.id) is None
        assert store.delete("p2", added.id) is False
        assert texts(store, ANNA, "p2") == ["black tea"]
        assert store.get("p1", added.id) == added
        store.close()
        again = bridge(url)
        assert texts(again, ANNA, "p1") == ["green tea"]
        again.close()


def test_a_keyed_memory_lives_as_a_block() -> None:
    """It is set, read by key and by id, replaced under its id, deleted, and set anew; Letta tells no time of it."""
    with recorded("letta/keyed") as url:
        store = bridge(url)
        assert store.keyed("keyed", ANNA, "editor") is None
        first = store.add("keyed", Draft(content="vim", scope=ANNA, key="editor", metadata={"since": 1999}))
        assert (first.key, first.content, first.scope, first.metadata) == ("editor", "vim", ANNA, {"since": 1999})
        assert first.created_at == first.updated_at == EPOCH
        assert store.keyed("keyed", ANNA, "editor") == store.get("keyed", first.id) == first
        assert store.keyed("keyed", {**ANNA, "session_id": "s1"}, "editor") is None
        replaced = store.update("keyed", first.id, lambda memory: _set(memory, "nano", {}), "replace")
        assert replaced == store.keyed("keyed", ANNA, "editor")
        assert (replaced.id, replaced.content, replaced.metadata) == (first.id, "nano", {})  # type: ignore[union-attr]  # it is equal to a memory
        assert texts(store, ANNA, "keyed") == []
        assert store.delete("keyed", first.id) is True
        assert store.get("keyed", first.id) is store.keyed("keyed", ANNA, "editor") is None
        assert store.update("keyed", first.id, lambda memory: memory) is None
        store.close()


def _set(memory: Any, content: str, metadata: dict[str, Any]) -> Any:
    from dataclasses import replace

    return replace(memory, content=content, metadata=metadata)


def test_a_label_that_is_taken_by_now_is_a_conflict_and_leaves_no_block() -> None:
    """The second block of a label is refused by Letta and deleted again; the first one stays."""
    with recorded("letta/taken") as url:
        store = bridge(url)
        store.add("taken", Draft(content="vim", scope=ANNA, key="editor"))
        with pytest.raises(AlreadyThere):
            store.add("taken", Draft(content="nano", scope=ANNA, key="editor"))
        kept = store.keyed("taken", ANNA, "editor")
        assert kept is not None
        assert kept.content == "vim"
        store.close()


@pytest.mark.parametrize("key", [".", "..", "a b", "a%2Fb", "ключ", "a?b#c"])
def test_keys_reach_letta_as_they_are(key: str) -> None:
    """A key of dots, a percent sign, a question mark or other letters is the block's label, letter for letter."""
    name = "-".join(f"{ord(letter):x}" for letter in key)
    with recorded(f"letta/key-{name}") as url:
        store = bridge(url)
        added = store.add("key", Draft(content="x", scope={"user_id": f"key {name}"}, key=key))
        assert added.key == key
        assert store.keyed("key", {"user_id": f"key {name}"}, key) == added
        store.close()


def test_an_id_of_another_moment_is_nobodys() -> None:
    """An id is read and deleted only as it was given out: with another time of creation in it there is no memory."""
    with recorded("letta/ids") as url:
        store = bridge(url)
        added = store.add("ids", Draft(content="green tea", scope=ANNA))
        archive, microseconds, passage = added.id.split(".")
        for wrong in (f"{archive}.{int(microseconds) + 1}.{passage}", UNKNOWN_ID):
            assert store.get("ids", wrong) is None
            assert store.delete("ids", wrong) is False
        assert store.get("ids", added.id) == added
        assert added.created_at == EPOCH + timedelta(microseconds=int(microseconds))
        store.close()


def test_hostile_ids_ask_nobody() -> None:
    """What has not the form of an id is no memory: nothing of it gets into a path of Letta's."""
    with recorded("letta/opened") as url:
        store = bridge(url)
    for hostile in ("..", "x", UNKNOWN_ID.upper(), f"{UNKNOWN_ID}/..", f"{UNKNOWN_ID}\n", "block-1", "a\0b"):
        assert store.get(WHO, hostile) is None
        assert store.delete(WHO, hostile) is False
    store.close()


@pytest.fixture
def alone() -> Iterator[LettaStore]:
    """Give a bridge whose Letta has gone after it was asked who it is."""
    with recorded("letta/opened") as url:
        store = bridge(url)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("confidence", 0.5),
        ("valid_from", datetime(2026, 1, 1, tzinfo=UTC)),
        ("valid_to", datetime(2026, 1, 1, tzinfo=UTC)),
        ("source", {"method": "verbatim"}),
        ("ext", {"org.x": {}}),
    ],
)
def test_members_without_a_place_are_refused_without_asking(alone: LettaStore, member: str, value: Any) -> None:
    """What neither a passage nor a block can hold is refused by the bridge, by name, and nobody is asked."""
    for key in (None, "editor"):
        with pytest.raises(Refused) as refusal:
            alone.add(WHO, Draft(**{"content": "x", "scope": ANNA, "key": key, member: value}))
        assert (refusal.value.pointer, refusal.value.by_provider) == (f"/{member}", False)


def test_a_threshold_is_refused_without_asking(alone: LettaStore) -> None:
    """Letta has no threshold and its scores are all 0.0: the bridge does not cut in its place."""
    with pytest.raises(Refused) as refusal:
        found(alone, "x", ANNA, min_score=0.5)
    assert (refusal.value.pointer, refusal.value.by_provider) == ("/min_score", False)


def test_a_letta_that_has_gone_is_unavailable(alone: LettaStore) -> None:
    """Every call says so, also the first one of a principal."""
    for call in (
        lambda: alone.add(WHO, Draft(content="x", scope=ANNA)),
        lambda: alone.get(WHO, UNKNOWN_ID),
        lambda: alone.delete(WHO, UNKNOWN_ID),
        lambda: texts(alone, ANNA),
        lambda: found(alone, "x", ANNA),
        lambda: alone.keyed(WHO, ANNA, "editor"),
    ):
        with pytest.raises(Unavailable):
            call()


def test_a_failure_of_letta_shows_its_status_alone() -> None:
    """A tag with a NUL makes Letta fail: an error with the status, without the scope or what Letta says of its SQL."""
    with recorded("letta/failure") as url:
        store = bridge(url)
        with pytest.raises(StoreError, match=r"^Letta answered \d{3}$"):
            store.add("failure", Draft(content="x", scope={"user_id": "an\0na"}))
        store.close()


@pytest.mark.parametrize("name", ["model", "embedding"])
def test_a_model_that_letta_does_not_have_is_told(name: str) -> None:
    """A handle that Letta does not list is named before anything is written, with those that it lists."""
    with recorded(f"letta/no-{name}") as url, pytest.raises(CannotOpen, match=f"Letta has no {name} 'x/none'.* openai"):
        open_store("letta", Opening(upstream=url, options={**HANDLES, name: "x/none"}))


def test_a_letta_without_a_default_model_says_which_options_to_give() -> None:
    """Without handles, and with none in Letta's own settings, the first add fails, and not as the client's fault."""
    with recorded("letta/no-default") as url:
        store = open_store("letta", Opening(upstream=url))
        with pytest.raises(StoreError, match="--option model=… and --option embedding=…"):
            store.add("nobody", Draft(content="x", scope={"user_id": "anna"}))
        store.close()


def test_it_says_its_version_and_what_letta_offers() -> None:
    """The capabilities carry Letta's version, and only what passages and blocks offer."""
    with recorded("letta/opened") as url:
        store = bridge(url)
        said = store.capabilities()
        store.close()
    assert said["service"]["version"] == "0.16.8"
    assert said["profiles"] == ["core", "search", "keyed", "tenancy"]
    assert said["search"]["max_top_k"] == 100


def test_a_wrong_password_is_told_before_anything_is_written() -> None:
    """A Letta with a password refuses another one: the message names the variable, and not the password."""
    with (
        recorded("letta/wrong-password") as url,
        pytest.raises(CannotOpen, match="MEMCONFORM_UPSTREAM_API_KEY") as said,
    ):
        open_store("letta", Opening(upstream=url, key="wrong-0123"))
    assert "wrong-0123" not in str(said.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"status": "ok"}, "is not Letta"),
        ({"version": "0.32.13", "status": "ok"}, r"is version 0\.32\.13"),
        ([], "is not Letta"),
    ],
)
def test_another_product_and_another_version_are_told(document: Any, said: str) -> None:
    """What is not Letta, or another Letta, is named; one question is all that it is asked."""
    asked: list[str] = []

    def answer(request: Any) -> Exchange:
        asked.append(f"{request.method} {request.target}")
        return {"status": 200, "json": document}

    with serving(answer) as url, pytest.raises(CannotOpen, match=said):
        open_store("letta", Opening(upstream=url))
    assert asked == ["GET /v1/health/"]


def test_nobody_there_is_told() -> None:
    """An address where nothing listens is named, with what to do."""
    with pytest.raises(CannotOpen, match=r"cannot be reached at http://127\.0\.0\.1:9: nothing listens there"):
        open_store("letta", Opening(upstream=NOWHERE))
