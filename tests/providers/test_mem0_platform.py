"""The bridge to mem0's hosted API, on exchanges in the shapes of its published documents; it was never asked itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Refused, SearchQuery, StoreError, Unavailable
from memconform_server.stores import Opening, mem0_platform, open_store

from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import MemoryStore

WHO = "public"
SCOPE = {"user_id": "anna", "agent_id": "bot", "app_id": "desk", "session_id": "s1"}
ANNA = {"user_id": "anna"}
DRAFT = Draft("I like green tea", SCOPE, {"topic": "drinks"})
MEMORY_ID = "0199f3c2-0000-7000-8000-00000000000a"
OTHER_ID = "0199f3c2-0000-7000-8000-00000000000b"
UNKNOWN_ID = "0199f3c2-0000-7000-8000-0000000000ff"
EVENT_ID = "0199f3c2-0000-7000-9000-000000000001"
KEY = "m0-secret-0123"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for events without a pause."""
    monkeypatch.setattr(mem0_platform, "_BETWEEN_S", 0)


@contextmanager
def bridge(name: str) -> Iterator[MemoryStore]:
    """Open the bridge to the replayed API, and close it."""
    with recorded(f"mem0-platform/{name}") as url:
        store = open_store("mem0-platform", Opening(upstream=url, key=KEY))
        try:
            yield store
        finally:
            store.close()


def test_a_memory_goes_in_and_comes_out() -> None:
    """Each member is mapped, the session under both of its names; instants are moved to UTC; a 404 is none."""
    with bridge("life") as store:
        added = store.add(WHO, DRAFT)
        assert (added.id, added.content, dict(added.scope)) == (MEMORY_ID, "I like green tea", SCOPE)
        assert added.metadata == {"topic": "drinks"}
        assert added.created_at == added.updated_at == datetime(2026, 11, 27, 17, 0, 0, 250_000, UTC)
        assert store.get(WHO, MEMORY_ID) == added
        page = store.list(WHO, SCOPE, 10, None)
        assert (list(page.items), page.next) == ([added], None)
        (hit,) = store.search(WHO, SearchQuery("tea", SCOPE, top_k=5, min_score=0.3))
        assert (hit.memory, hit.score) == (added, 0.82)
        assert store.delete(WHO, MEMORY_ID) is True
        assert store.get(WHO, MEMORY_ID) is None
        assert store.delete(WHO, MEMORY_ID) is False


def test_a_queued_add_is_waited_for() -> None:
    """Where the answer is an event, it is asked for until it has succeeded; then the memory is read."""
    with bridge("queued") as store:
        assert store.add(WHO, DRAFT).id == MEMORY_ID


@pytest.mark.parametrize(("name", "said"), [("failed-add", "failed to add"), ("empty-add", "does not show")])
def test_a_failed_add_is_no_success(name: str, said: str) -> None:
    """An event that failed, or that made no memory, is an error."""
    with bridge(name) as store, pytest.raises(StoreError, match=said):
        store.add(WHO, DRAFT)


def test_an_add_that_never_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the bridge stops asking, and says that the memory may yet come."""
    monkeypatch.setattr(mem0_platform, "ADDED_WITHIN_S", 0)
    with bridge("never-ends") as store, pytest.raises(Unavailable, match="may yet do so"):
        store.add(WHO, DRAFT)


def test_a_walk_is_cut_out_of_numbered_pages() -> None:
    """A walk goes on where it stood though the limit changes, over two pages where need be, and ends by the count."""
    with bridge("walk") as store:
        first = store.list(WHO, ANNA, 2, None)
        rest = store.list(WHO, ANNA, 3, first.next)
        assert [each.content for each in (*first.items, *rest.items)] == [f"note {n}" for n in (5, 4, 3, 2, 1)]
        assert dict(rest.items[0].scope) == ANNA
        assert (first.next, rest.next) == ([2], None)
        assert list(store.list(WHO, ANNA, 1, [5]).items) == []


def test_an_update_hands_over_what_differs() -> None:
    """Text and metadata, each where it differs; nothing where nothing does; 404 before or after is none."""
    with bridge("update") as store:
        present = store.get(WHO, MEMORY_ID)
        changed = store.update(
            WHO, MEMORY_ID, lambda memory: replace(memory, content="I like black tea", metadata={"topic": "tea"})
        )
        assert changed is not None
        assert (changed.content, changed.metadata) == ("I like black tea", {"topic": "tea"})
        assert changed.updated_at == datetime(2026, 11, 27, 17, 5, tzinfo=UTC)
        assert store.update(WHO, MEMORY_ID, lambda memory: memory) == present
        assert store.update(WHO, UNKNOWN_ID, lambda memory: memory) is None
        assert store.update(WHO, MEMORY_ID, lambda memory: replace(memory, content="x")) is None


def test_hostile_ids_are_unknown() -> None:
    """What is no UUID is 400 there, and unknown here; none leaves its segment of the path."""
    with bridge("hostile-ids") as store:
        assert store.get(WHO, "nope") is None
        assert store.delete(WHO, "nope") is False
        assert store.get(WHO, "..") is None
        assert store.get(WHO, "a/b?c\0") is None


def test_messages_become_an_event_of_mem0s() -> None:
    """An ingestion is mem0's event under mem0's id; its states and results are renamed; others are no operations."""
    messages = [
        {"id": "m1", "role": "user", "content": "My name is Anna"},
        {"id": "m2", "role": "assistant", "content": "Hello"},
    ]
    with bridge("ingestion") as store:
        job = store.begin(
            WHO, "ingestion", {"user_id": "anna", "session_id": "s1"}, {"messages": messages, "metadata": {}}
        )
        assert (job.id, job.status, job.kind, job.completed_at) == (EVENT_ID, "pending", "ingestion", None)
        assert dict(job.scope) == {"user_id": "anna", "session_id": "s1"}
        running = store.job(WHO, EVENT_ID)
        assert running is not None
        assert running.status == "running"
        ended = store.job(WHO, EVENT_ID)
        assert ended is not None
        assert (ended.status, ended.completed_at) == ("succeeded", datetime(2026, 11, 27, 17, 0, 1, tzinfo=UTC))
        assert ended.result == {
            "memories": [{"id": MEMORY_ID, "action": "added"}, {"id": OTHER_ID, "action": "updated"}]
        }
        failed = store.job(WHO, EVENT_ID)
        assert failed is not None
        assert (failed.status, failed.result, failed.error["status"]) == ("failed", None, 502)
        assert store.job(WHO, EVENT_ID) is None  # an event of a search
        assert store.job(WHO, "nope") is None
        assert store.claim() is None


@pytest.mark.parametrize(
    ("member", "value"), [("confidence", 0.5), ("source", {"method": "verbatim"}), ("ext", {"com.example": {}})]
)
def test_what_would_be_lost_is_refused(member: str, value: Any) -> None:
    """A member without a place is refused by the bridge, and nothing is sent."""
    with bridge("open") as store, pytest.raises(Refused) as refused:
        store.add(WHO, replace(DRAFT, **{member: value}))
    assert (refused.value.pointer, refused.value.by_provider) == (f"/{member}", False)


def test_what_mem0_refuses_is_its_own_answer() -> None:
    """A 400 is a refusal by the provider; a 429 is unavailable, and not tried again."""
    with bridge("refused") as store:
        with pytest.raises(Refused) as refused:
            store.add(WHO, Draft("x", {"user_id": "*"}))
        assert refused.value.by_provider
        with pytest.raises(Unavailable, match="answered 429"):
            store.add(WHO, Draft("x", {"user_id": "*"}))


def test_only_what_is_documented_is_declared() -> None:
    """No read is called strong; ingestion is mem0's own; there is one principal."""
    with bridge("open") as store:
        document = store.capabilities()
        assert document["profiles"] == ["core", "search", "update", "ingestion"]
        assert {each["model"] for each in document["consistency"].values()} == {"bounded"}
        assert document["limits"] == {"page_size": 200}
        assert store.tenants is False


def test_a_key_is_wanted() -> None:
    """Without one nothing is asked at all."""
    with pytest.raises(CannotOpen, match="wants a key"):
        open_store("mem0-platform", Opening(upstream="http://127.0.0.1:1"))


def test_a_wrong_key_is_told_at_once() -> None:
    """A 401 says so, and does not show the key."""
    with pytest.raises(CannotOpen, match=r"does not accept the key \(401\)") as told, bridge("wrong-key"):
        pass
    assert KEY not in str(told.value)


def test_another_product_is_told() -> None:
    """What answers a ping otherwise is not mem0."""
    with (
        serving(lambda _: {"status": 200, "json": {"status": "ok"}}) as url,
        pytest.raises(CannotOpen, match="is not mem0's hosted API"),
    ):
        open_store("mem0-platform", Opening(upstream=url, key=KEY))


def test_an_api_that_is_not_there_or_dies_is_told() -> None:
    """Opening fails where nobody listens; an API that goes away later makes every call unavailable."""
    with recorded("mem0-platform/open") as url:
        store = open_store("mem0-platform", Opening(upstream=url, key=KEY))
    with pytest.raises(Unavailable):
        store.get(WHO, MEMORY_ID)
    with pytest.raises(Unavailable):
        store.add(WHO, DRAFT)
    store.close()
    with pytest.raises(CannotOpen, match="cannot be reached"):
        open_store("mem0-platform", Opening(upstream=url, key=KEY))
