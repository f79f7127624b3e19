"""The bridge to Cognee: documents in datasets, as a real Cognee 1.6.5 answered when the exchanges were recorded.

Recorded against `memconform providers start cognee` while it was empty (`MEMCONFORM_RECORD`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from memconform_server.store import CannotOpen, Draft, Opening, Refused, Unavailable
from memconform_server.stores import open_store
from memconform_server.stores.cognee import CogneeStore, CogneeUpstream
from memconform_server.upstream import UpstreamSaid

from .asking import ANNA, NOWHERE, WHO, texts
from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .exchange import Exchange

FULL = {"user_id": "anna b.", "agent_id": "bot-1", "app_id": "désk", "session_id": "*"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NO_IDS = ("..", ".", "a_b", f"{UNKNOWN}_..", f"{UNKNOWN}/{UNKNOWN}", UNKNOWN, f"{UNKNOWN}_{UNKNOWN}\n")


@pytest.fixture(autouse=True)
def numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give file names and boundaries in order, so that every run sends the same."""
    numbers = count(1)
    monkeypatch.setattr("memconform_server.stores.cognee.uuid4", lambda: UUID(int=next(numbers)))


def bridge(url: str, datasets: str) -> CogneeStore:
    """Return the bridge in datasets of its own, without asking who listens."""
    return CogneeStore(CogneeUpstream("Cognee", url), "1.6.5", Opening(options={"datasets": datasets}))


@pytest.fixture
def alone() -> Iterator[CogneeStore]:
    """Give a bridge that must not ask anybody: nobody listens where its Cognee is said to be."""
    store = bridge(NOWHERE, "alone")
    yield store
    store.close()


def test_a_memory_lives_as_a_document() -> None:
    """All four members of a scope and JSON metadata come back; it is read, listed, deleted once, and gone."""
    metadata = {"topic": "tea", "n": 1, "deep": {"a": [True, None, 1.5]}, "_cognee": "mine", "node_set": 7}
    with recorded("cognee/life") as url:
        store = bridge(url, "life")
        added = store.add(WHO, Draft(content=" Anna likes\n--grün\0tea\t", scope=FULL, metadata=metadata))
        assert (added.content, added.scope, added.metadata) == (" Anna likes\n--grün\0tea\t", FULL, metadata)
        assert datetime(2026, 11, 1, tzinfo=UTC) < added.created_at <= added.updated_at
        assert store.get(WHO, added.id) == added
        assert store.list(WHO, {"user_id": "anna b."}, 50, None).items == [added]
        assert store.delete(WHO, added.id) is True
        assert store.delete(WHO, added.id) is False
        assert store.get(WHO, added.id) is None
        assert texts(store, FULL) == []


def test_a_scope_selects_by_every_pair() -> None:
    """A list walks the datasets that have all pairs of the scope, and none that lacks one or differs in one."""
    with recorded("cognee/scopes") as url:
        store = bridge(url, "scopes")
        store.add(WHO, Draft(content="of user and agent", scope={"user_id": "anna", "agent_id": "bot"}))
        store.add(WHO, Draft(content="of the user", scope={"user_id": "anna"}))
        store.add(WHO, Draft(content="of the agent", scope={"agent_id": "anna"}))
        assert sorted(texts(store, {"user_id": "anna"})) == ["of the user", "of user and agent"]
        assert texts(store, {"user_id": "anna", "agent_id": "bot"}) == ["of user and agent"]
        assert texts(store, {"agent_id": "anna"}) == ["of the agent"]
        assert texts(store, {"user_id": "ANNA"}) == texts(store, {"user_id": "ann"}) == []


def test_other_datasets_are_none_of_ours() -> None:
    """A bridge of another name, though it begins alike, shares nothing."""
    with recorded("cognee/names") as url:
        ours, theirs = bridge(url, "names"), bridge(url, "names-user_id")
        theirs.add(WHO, Draft(content="theirs", scope=ANNA))
        assert texts(ours, ANNA) == []
        assert texts(theirs, ANNA) == ["theirs"]


def test_pages_are_offsets_within_datasets() -> None:
    """Pages of two and of changing limits walk five memories in two datasets once, each dataset newest first."""
    with recorded("cognee/pages") as url:
        store = bridge(url, "pages")
        for number in range(5):
            scope = ANNA if number < 3 else {**ANNA, "agent_id": "bot"}
            store.add(WHO, Draft(content=f"fact {number}", scope=scope))
        whole = texts(store, ANNA)
        assert whole in (
            ["fact 2", "fact 1", "fact 0", "fact 4", "fact 3"],
            ["fact 4", "fact 3", "fact 2", "fact 1", "fact 0"],
        )
        for limits in ((2, 2, 2), (1, 3, 2), (3, 3)):
            walked: list[str] = []
            position = None
            for limit in limits:
                page = store.list(WHO, ANNA, limit, position)
                assert len(page.items) <= limit
                walked += [each.content for each in page.items]
                position = page.next
            assert walked == whole
            assert position is None


def test_an_equal_text_is_the_document_that_is_there() -> None:
    """In the same exact scope the first one comes back, unchanged; in another one it is another document."""
    with recorded("cognee/equal") as url:
        store = bridge(url, "equal")
        first = store.add(WHO, Draft(content="green tea", scope=ANNA, metadata={"n": 1}))
        again = store.add(WHO, Draft(content="green tea", scope=ANNA, metadata={"n": 2}))
        other = store.add(WHO, Draft(content="green tea", scope={"user_id": "bob"}))
        assert (again.id, again.metadata) == (first.id, {"n": 1})
        assert other.id != first.id
        assert store.delete(WHO, first.id) is True
        assert store.get(WHO, other.id) == other


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
def test_members_without_a_place_are_refused_without_asking(alone: CogneeStore, member: str, value: Any) -> None:
    """What a document cannot hold is refused by the bridge, by name, and nobody is asked."""
    with pytest.raises(Refused) as refusal:
        alone.add(WHO, Draft(**{"content": "x", "scope": ANNA, member: value}))
    assert (refusal.value.pointer, refusal.value.by_provider) == (f"/{member}", False)


@pytest.mark.parametrize("hostile", NO_IDS)
def test_what_is_no_id_is_nowhere(alone: CogneeStore, hostile: str) -> None:
    """An id that is not two UUIDs reaches no path: what is above a document is its whole dataset."""
    assert alone.get(WHO, hostile) is None
    assert alone.delete(WHO, hostile) is False


def test_unknown_ids_are_absent() -> None:
    """Cognee says 403 for a dataset that it does not have and 404 for a document; both are absent."""
    with recorded("cognee/unknown") as url:
        store = bridge(url, "unknown")
        added = store.add(WHO, Draft(content="green tea", scope=ANNA))
        dataset = added.id.partition("_")[0]
        for unknown in (f"{UNKNOWN}_{UNKNOWN}", f"{dataset}_{UNKNOWN}"):
            assert store.get(WHO, unknown) is None
            assert store.delete(WHO, unknown) is False
        assert texts(store, ANNA) == ["green tea"]


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_what_cognee_refuses_is_its_refusal(status: int) -> None:
    """A document that Cognee does not take is refused by the provider, without its words."""
    with serving(lambda _: {"status": status, "json": {"error": "green tea"}}) as url:
        store = bridge(url, "refusals")
        with pytest.raises(Refused, match=f"^Cognee refused it with {status}$") as refusal:
            store.add(WHO, Draft(content="green tea", scope=ANNA))
        assert refusal.value.by_provider is True
        store.close()


def test_a_failure_of_cognee_shows_its_status_alone() -> None:
    """A pipeline that fails is an error with the status, and no content."""
    with serving(lambda _: {"status": 500, "json": {"error": "Pipeline run errored", "detail": "green tea"}}) as url:
        store = bridge(url, "failure")
        with pytest.raises(UpstreamSaid, match=r"^Cognee answered 500$"):
            store.add(WHO, Draft(content="green tea", scope=ANNA))
        store.close()


def test_it_opens_where_cognee_listens_and_says_its_version() -> None:
    """Description, datasets and health tell who listens; only what is offered is declared."""
    with recorded("cognee/opened") as url:
        store = open_store("cognee", Opening(upstream=url))
        said = store.capabilities()
        store.close()
    assert said["service"]["version"] == "1.6.5"
    assert said["profiles"] == ["core"]
    assert said["write"] == {"dedupe": "exact"}
    assert store.tenants is False


def described(title: str, *paths: str) -> Exchange:
    """Return an OpenAPI document, as far as it tells the product."""
    return {"status": 200, "json": {"info": {"title": title, "version": "1"}, "paths": {path: {} for path in paths}}}


def test_another_product_is_told() -> None:
    """What is not Cognee is named; one question is all that it is asked."""
    asked: list[str] = []

    def answer(request: Any) -> Exchange:
        asked.append(f"{request.method} {request.target}")
        return described("something else")

    with serving(answer) as url, pytest.raises(CannotOpen, match="is not Cognee"):
        open_store("cognee", Opening(upstream=url))
    assert asked == ["GET /openapi.json"]


def test_an_older_cognee_is_told() -> None:
    """One whose documents cannot be read is of no use, and told so."""
    with (
        serving(lambda _: described("Cognee API", "/api/v1/add")) as url,
        pytest.raises(CannotOpen, match=r"needs Cognee 1\.6"),
    ):
        open_store("cognee", Opening(upstream=url))


def test_a_wrong_key_is_told() -> None:
    """The key goes as X-Api-Key, and a refused one is no failure of the server."""
    seen: list[str | None] = []

    def answer(request: Any) -> Exchange:
        seen.append(request.headers.get("x-api-key"))
        if request.target == "/openapi.json":
            return described("Cognee API", "/api/v1/datasets/{dataset_id}/data/{data_id}/raw")
        return {"status": 401, "json": {"detail": "Unauthorized"}}

    with serving(answer) as url, pytest.raises(CannotOpen, match="does not accept the key") as told:
        open_store("cognee", Opening(upstream=url, key="a-secret"))
    assert seen[-1] == "a-secret"
    assert "a-secret" not in str(told.value)


def test_nobody_there_is_told() -> None:
    """An address where nothing listens is named, with what to do."""
    with pytest.raises(CannotOpen, match=r"cannot be reached at http://127\.0\.0\.1:9: nothing listens there"):
        open_store("cognee", Opening(upstream=NOWHERE))


def test_a_cognee_that_dies_midway_is_unavailable() -> None:
    """Once it has gone, every call says so."""
    with recorded("cognee/dying") as url:
        store = bridge(url, "dying")
        added = store.add(WHO, Draft(content="green tea", scope=ANNA))
    for call in (
        lambda: store.add(WHO, Draft(content="black tea", scope=ANNA)),
        lambda: store.get(WHO, added.id),
        lambda: texts(store, ANNA),
        lambda: store.delete(WHO, added.id),
    ):
        with pytest.raises(Unavailable):
            call()
    store.close()
