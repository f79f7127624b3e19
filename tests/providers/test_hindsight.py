"""The bridge to Hindsight: documents of one chunk, as a real Hindsight 1.1.0 answered when the exchanges were recorded.

Recorded against `memconform providers start hindsight` while it was empty (`MEMCONFORM_RECORD`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from memconform_server.store import CannotOpen, Draft, Opening, Refused, SearchQuery, Unavailable
from memconform_server.stores import open_store
from memconform_server.stores.hindsight import CHUNK_CHARACTERS, HindsightStore
from memconform_server.upstream import Upstream, UpstreamSaid

from .asking import ANNA, NOWHERE, WHO, found, texts
from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .exchange import Exchange

FULL = {"user_id": "anna", "agent_id": "bot", "app_id": "desk", "session_id": "s1"}


@pytest.fixture(autouse=True)
def numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the ids that the bridge chooses in order, so that every run sends the same."""
    numbers = count(1)
    monkeypatch.setattr("memconform_server.stores.hindsight.uuid4", lambda: UUID(int=next(numbers)))


def bridge(url: str, bank: str) -> HindsightStore:
    """Return the bridge in banks of its own, without asking who listens."""
    return HindsightStore(Upstream("Hindsight", url), "1.1.0", Opening(options={"bank": bank}))


@pytest.fixture
def alone() -> Iterator[HindsightStore]:
    """Give a bridge that must not ask anybody: nobody listens where its Hindsight is said to be."""
    store = bridge(NOWHERE, "alone")
    yield store
    store.close()


def test_a_memory_lives_as_a_document_of_one_chunk() -> None:
    """All four members of a scope and metadata of strings come back; it is read, listed, found, deleted once, gone."""
    with recorded("hindsight/life") as url:
        store = bridge(url, "life")
        added = store.add(WHO, Draft(content=" Anna likes green tea\r\n", scope=FULL, metadata={"topic": "tea"}))
        assert (added.content, added.scope, added.metadata) == (" Anna likes green tea\r\n", FULL, {"topic": "tea"})
        assert added.id == str(UUID(int=1))
        assert added.created_at == added.updated_at > datetime(2026, 11, 1, tzinfo=UTC)
        assert store.get(WHO, added.id) == added
        assert store.list(WHO, ANNA, 50, None).items == [added]
        [hit] = store.search(WHO, SearchQuery(text="green tea", scope=FULL, top_k=10))
        assert hit.memory == added
        assert 0 < hit.score <= 1
        assert store.delete(WHO, added.id) is True
        assert store.delete(WHO, added.id) is False
        assert store.get(WHO, added.id) is None
        assert texts(store, ANNA) == found(store, "green tea", FULL) == []


def test_a_scope_selects_by_every_pair() -> None:
    """A list and a search select what carries all tags of the scope, and nothing that lacks one or differs in one."""
    with recorded("hindsight/scopes") as url:
        store = bridge(url, "scopes")
        store.add(WHO, Draft(content="the kettle of user and agent", scope={"user_id": "anna", "agent_id": "bot"}))
        store.add(WHO, Draft(content="the kettle of the user", scope={"user_id": "anna"}))
        store.add(WHO, Draft(content="the kettle of the agent", scope={"agent_id": "anna"}))
        assert texts(store, {"user_id": "anna"}) == ["the kettle of the user", "the kettle of user and agent"]
        assert texts(store, {"user_id": "anna", "agent_id": "bot"}) == ["the kettle of user and agent"]
        assert texts(store, {"user_id": "ANNA"}) == []
        assert sorted(found(store, "kettle", {"agent_id": "anna"})) == ["the kettle of the agent"]
        assert len(found(store, "kettle", {"user_id": "anna"})) == 2


def test_principals_are_banks() -> None:
    """What one principal added is neither read nor deleted by another, whose bank is not there before it adds."""
    with recorded("hindsight/principals") as url:
        store = bridge(url, "principals")
        added = store.add("p1", Draft(content="green tea", scope=ANNA))
        assert store.get("p2", added.id) is None
        assert store.delete("p2", added.id) is False
        assert list(store.list("p2", ANNA, 50, None).items) == []
        assert list(store.search("p2", SearchQuery(text="tea", scope=ANNA, top_k=5))) == []
        assert store.get("p1", added.id) == added


def test_pages_are_offsets() -> None:
    """Pages of two, and of changing limits, give five memories once, newest first, and end."""
    with recorded("hindsight/pages") as url:
        store = bridge(url, "pages")
        for number in range(5):
            store.add(WHO, Draft(content=f"fact {number}", scope=ANNA))
        whole = texts(store, ANNA)
        assert whole == ["fact 4", "fact 3", "fact 2", "fact 1", "fact 0"]
        for limits in ((2, 2, 2), (1, 3, 2)):
            walked: list[str] = []
            position = None
            for limit in limits:
                page = store.list(WHO, ANNA, limit, position)
                walked += [each.content for each in page.items]
                position = page.next
            assert walked == whole
            assert position is None


def test_top_k_and_min_score_cut_the_ranking() -> None:
    """`top_k` takes the first results, `min_score` is Hindsight's own floor on its final score."""
    with recorded("hindsight/ranking") as url:
        store = bridge(url, "ranking")
        for text in ("the blue kettle", "the red kettle", "the kettle is blue"):
            store.add(WHO, Draft(content=text, scope=ANNA))
        hits = store.search(WHO, SearchQuery(text="blue kettle", scope=ANNA, top_k=10))
        scores = [hit.score for hit in hits]
        assert len(hits) == 3
        assert scores == sorted(scores, reverse=True)
        names = [hit.memory.content for hit in hits]
        assert found(store, "blue kettle", ANNA, top_k=1) == names[:1]
        assert found(store, "blue kettle", ANNA, min_score=(scores[1] + scores[2]) / 2) == names[:2]


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
def test_members_without_a_place_are_refused_without_asking(alone: HindsightStore, member: str, value: Any) -> None:
    """What Hindsight cannot hold is refused by the bridge, by name, and nobody is asked."""
    with pytest.raises(Refused) as refusal:
        alone.add(WHO, Draft(**{"content": "x", "scope": ANNA, member: value}))
    assert (refusal.value.pointer, refusal.value.by_provider) == (f"/{member}", False)


def test_what_hindsight_refuses_is_its_refusal() -> None:
    """Metadata that is no string, a text of blanks, and a query without a word are refused by Hindsight."""
    with recorded("hindsight/refusals") as url:
        store = bridge(url, "refusals")
        for call, pointer in (
            (lambda: store.add(WHO, Draft(content="x", scope=ANNA, metadata={"n": 1})), "/metadata"),
            (lambda: store.add(WHO, Draft(content=" \n", scope=ANNA)), "/content"),
            (lambda: found(store, "?!", ANNA), "/query"),
        ):
            with pytest.raises(Refused) as refusal:
                call()
            assert (refusal.value.pointer, refusal.value.by_provider) == (pointer, True)


def test_an_id_of_dots_deletes_one_document_and_never_the_bank() -> None:
    """`..` reaches Hindsight as an id: httpx would resolve it on the way, and what is above is the whole bank."""
    with recorded("hindsight/dots") as url:
        store = bridge(url, "dots")
        store.add(WHO, Draft(content="green tea", scope=ANNA))
        for hostile in ("..", ".", "../..", "../memories"):
            assert store.delete(WHO, hostile) is False
            assert store.get(WHO, hostile) is None
        assert texts(store, ANNA) == ["green tea"]


def test_a_failure_of_hindsight_shows_its_status_alone() -> None:
    """A NUL in an id makes Hindsight fail: that is an error with the status, and no content."""
    with recorded("hindsight/nul") as url:
        store = bridge(url, "nul")
        store.add(WHO, Draft(content="green tea", scope=ANNA))
        with pytest.raises(UpstreamSaid, match=r"^Hindsight answered 500$"):
            store.get(WHO, "a\0b")


def test_it_opens_where_hindsight_listens_and_says_its_version() -> None:
    """Version and banks tell who listens; the capabilities carry the version and only what is offered."""
    with recorded("hindsight/opened") as url:
        store = open_store("hindsight", Opening(upstream=url))
        said = store.capabilities()
        store.close()
    assert said["service"]["version"] == "1.1.0"
    assert said["profiles"] == ["core", "search", "tenancy"]
    assert said["limits"] == {"content_bytes": CHUNK_CHARACTERS, "metadata_depth": 1}


def test_another_product_is_told() -> None:
    """What is not Hindsight is named; one question is all that it is asked."""
    asked: list[str] = []

    def answer(request: Any) -> Exchange:
        asked.append(f"{request.method} {request.target}")
        return {"status": 200, "json": {"api_version": "1.0", "name": "something else"}}

    with serving(answer) as url, pytest.raises(CannotOpen, match="is not Hindsight"):
        open_store("hindsight", Opening(upstream=url))
    assert asked == ["GET /version"]


def test_nobody_there_is_told() -> None:
    """An address where nothing listens is named, with what to do."""
    with pytest.raises(CannotOpen, match=r"cannot be reached at http://127\.0\.0\.1:9: nothing listens there"):
        open_store("hindsight", Opening(upstream=NOWHERE))


def test_a_hindsight_that_dies_midway_is_unavailable() -> None:
    """Once it has gone, every call says so."""
    with recorded("hindsight/dying") as url:
        store = bridge(url, "dying")
        added = store.add(WHO, Draft(content="green tea", scope=ANNA))
    for call in (lambda: store.get(WHO, added.id), lambda: texts(store, ANNA), lambda: store.delete(WHO, added.id)):
        with pytest.raises(Unavailable):
            call()
    store.close()
