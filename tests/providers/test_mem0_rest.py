"""The bridge to mem0's REST server, over exchanges recorded with the real one: it maps, refuses, and repairs nothing.

To record anew, start the server and its model as docs/providers/mem0-rest.md says, and set MEMCONFORM_RECORD and
MEMCONFORM_UPSTREAM_API_KEY. Nobody else may write to it meanwhile.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Draft, Refused, SearchQuery, StoreError, Unavailable
from memconform_server.stores import Opening, open_store
from memconform_server.upstream import UpstreamSaid

from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import Memory, MemoryStore

    from .exchange import Exchange, Request

WHO = "public"
KEY = os.environ.get("MEMCONFORM_UPSTREAM_API_KEY", "the-key")
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def opened(url: str, **options: str) -> MemoryStore:
    """Open the server at an address."""
    return open_store("mem0-rest", Opening(upstream=url, options=options, key=KEY))


@contextmanager
def real(name: str, **options: str) -> Iterator[MemoryStore]:
    """Give the store over the exchanges of that name."""
    with recorded(f"mem0-rest/{name}") as url:
        store = opened(url, **options)
        yield store
        store.close()


def added(store: MemoryStore, content: str, user: str, **more: Any) -> Memory:
    """Add a memory of a user's."""
    return store.add(WHO, Draft(content=content, scope={"user_id": user}, **more))


def contents(store: MemoryStore, scope: dict[str, str], limit: int = 200) -> list[str]:
    """List a scope's texts, in the store's order."""
    return [each.content for each in store.list(WHO, scope, limit, None).items]


def found(store: MemoryStore, text: str, user: str, **more: Any) -> list[str]:
    """Search a user's memories and return the texts."""
    query = SearchQuery(text=text, scope={"user_id": user}, top_k=more.pop("top_k", 10), **more)
    return [hit.memory.content for hit in store.search(WHO, query)]


def compare(operator: str, value: Any, field: str = "/metadata/v") -> dict[str, Any]:
    """Return a comparison."""
    return {"op": operator, "field": field, "value": value}


# What works


def test_a_memory_goes_in_and_comes_out() -> None:
    """Every member is mapped both ways: text, metadata, the three scope members, instants; get returns the same."""
    scope = {"user_id": "mapping", "agent_id": "bot", "session_id": "s1"}
    metadata = {"a": {"b": [1, 2.5, None, True, "x"]}, "big": 2**70, "": "empty key"}
    with real("memory") as store:
        memory = store.add(
            WHO, Draft(content=" e\u0301\r\n\u00e9\ufeff\U0001f468\u200d\U0001f469 ", scope=scope, metadata=metadata)
        )
        assert memory.content == " e\u0301\r\n\u00e9\ufeff\U0001f468\u200d\U0001f469 "
        assert (dict(memory.scope), dict(memory.metadata), memory.version) == (scope, metadata, 1)
        assert memory.created_at == memory.updated_at
        assert memory.created_at.utcoffset() is not None
        assert store.get(WHO, memory.id) == memory
        for selected in ({"user_id": "mapping"}, {"agent_id": "bot", "session_id": "s1"}, scope):
            assert store.list(WHO, selected, 10, None).items == [memory]
        assert contents(store, {"user_id": "mapping", "session_id": "other"}) == []
        assert store.delete(WHO, memory.id) is True
        assert store.delete(WHO, memory.id) is False
        assert store.get(WHO, memory.id) is None


def test_a_missing_memory_is_none() -> None:
    """200 with `null` is none; so are an update and a delete of what is not there."""
    with real("missing") as store:
        assert store.get(WHO, UNKNOWN) is None
        assert store.update(WHO, UNKNOWN, lambda present: present) is None
        assert store.delete(WHO, UNKNOWN) is False


def test_pages_are_cut_out_of_the_first_rows() -> None:
    """Three pages of two give each of five memories once and then end."""
    with real("pages") as store:
        for number in range(5):
            added(store, f"fact {number}", "pages")
        walked: list[str] = []
        position = None
        for _ in range(3):
            page = store.list(WHO, {"user_id": "pages"}, 2, position)
            walked += [each.content for each in page.items]
            position = page.next
        assert position is None
        assert walked == contents(store, {"user_id": "pages"})
        assert sorted(walked) == [f"fact {number}" for number in range(5)]


def test_search_has_text_scope_top_k_min_score_and_filter() -> None:
    """Each member of a query goes to the server, and the score comes back."""
    with real("search") as store:
        added(store, "I like green tea", "search", metadata={"v": "drink"})
        added(store, "My dog is called Rex", "search", metadata={"v": "pet"})
        added(store, "Green tea is my favourite drink", "search", metadata={"v": "drink"})
        query = SearchQuery(text="green tea", scope={"user_id": "search"}, top_k=10, min_score=0.0)
        hits = store.search(WHO, query)
        assert {hit.memory.content for hit in hits[:2]} == {"I like green tea", "Green tea is my favourite drink"}
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert found(store, "green tea", "search", top_k=1) == [hits[0].memory.content]
        assert len(found(store, "green tea", "search", min_score=0.95)) < len(hits)
        tree = {"op": "or", "filters": [compare("eq", "pet"), compare("contains", "pe")]}
        assert found(store, "tea", "search", filter=tree, min_score=0.0) == ["My dog is called Rex"]
        assert found(store, "tea", "nobody") == []


def test_an_update_hands_over_what_differs() -> None:
    """Text and metadata change, each alone; what changes nothing is not asked for."""
    with real("update") as store:
        memory = added(store, "x", "update", metadata={"a": 1})
        changed = store.update(WHO, memory.id, lambda present: replace(present, content="y"))
        assert changed is not None
        assert (changed.content, dict(changed.metadata)) == ("y", {"a": 1})
        assert changed.updated_at > changed.created_at == memory.created_at
        changed = store.update(WHO, memory.id, lambda present: replace(present, metadata={"a": 2}))
        assert changed is not None
        assert (changed.content, dict(changed.metadata)) == ("y", {"a": 2})
        assert store.update(WHO, memory.id, lambda present: present) == changed


def test_messages_become_memories() -> None:
    """With extraction on, the server's own makes memories of messages, in the scope and with the metadata given."""
    messages = [{"role": "user", "content": "I am allergic to peanuts.", "id": "m1", "at": None}]
    with real("ingestion", infer="on") as store:
        assert "ingestion" in store.capabilities()["profiles"]
        request = {"messages": messages, "metadata": {"from": "chat"}}
        job = store.begin(WHO, "ingestion", {"user_id": "ingestion"}, request)
        assert (job.status, [row["action"] for row in job.result["memories"]]) == ("succeeded", ["added"])
        memory = store.get(WHO, job.result["memories"][0]["id"])
        assert memory is not None
        assert memory.content == "The user said: I am allergic to peanuts."
        assert (dict(memory.scope), dict(memory.metadata)) == ({"user_id": "ingestion"}, {"from": "chat"})
        assert memory.source is None  # finding 16
        assert store.job(WHO, job.id) == job
        assert store.claim() is None


def test_only_what_the_server_can_do_is_declared() -> None:
    """No tenancy, no `exists`, no ingestion unless it is asked for; the version is the one that the server tells."""
    with real("capabilities") as store:
        declared = store.capabilities()
        assert declared["profiles"] == ["core", "search", "filters", "update"]
        assert "exists" not in declared["search"]["filter_operators"]
        assert (declared["search"]["mode"], declared["search"]["exact"]) == ("hybrid", False)
        assert declared["service"]["version"] == "1.0.0"
        assert store.tenants is False
        assert len(store.cursor_key) == 32


# What mem0 does not have is refused


@pytest.mark.parametrize(("member", "value"), [("confidence", 0.5), ("source", {}), ("ext", {"a": 1})])
def test_members_without_a_place_are_refused(member: str, value: object) -> None:
    """A member that the server would lose is refused by name, and nothing is asked."""
    with real("capabilities") as store, pytest.raises(Refused, match=f"no place for {member}") as caught:
        added(store, "x", "anna", **{member: value})
    assert (caught.value.pointer, caught.value.by_provider) == (f"/{member}", False)


def test_the_application_scope_is_refused() -> None:
    """app_id is refused on every way in, never dropped: dropping it would widen the scope."""
    scope = {"user_id": "anna", "app_id": "x"}
    with real("capabilities") as store:
        for call in (
            lambda: store.add(WHO, Draft(content="x", scope=scope)),
            lambda: store.list(WHO, scope, 10, None),
            lambda: store.search(WHO, SearchQuery(text="x", scope=scope, top_k=10)),
        ):
            with pytest.raises(Refused) as caught:
                call()
            assert (caught.value.pointer, caught.value.by_provider) == ("/scope/app_id", False)


@pytest.mark.parametrize(
    "field", ["/confidence", "/metadata/a/b", "/metadata/user_id", "/metadata/AND", "/metadata/$or"]
)
def test_fields_without_a_path_are_refused(field: str) -> None:
    """Above all metadata called like a scope's member: it would replace the scope (finding 11)."""
    with real("capabilities") as store, pytest.raises(Refused) as caught:
        found(store, "x", "anna", filter=compare("eq", "x", field))
    assert (caught.value.pointer, caught.value.by_provider) == ("/filter", False)


def test_what_the_server_refuses_is_its_refusal() -> None:
    """400 is the client's fault, and names the member where mem0 says which; 422 is, too."""
    with real("refusals") as store:
        with pytest.raises(Refused) as caught:
            added(store, "x", "a b")
        assert (caught.value.pointer, caught.value.by_provider) == ("/scope/user_id", True)
        with pytest.raises(Refused) as caught:
            found(store, " \n", "anna")
        assert (caught.value.pointer, caught.value.by_provider) == ("/query", True)
        with pytest.raises(Refused) as caught:
            found(store, "x", "anna", filter=compare("gt", "a"))
        assert (caught.value.pointer, caught.value.by_provider) == ("/filter", True)
        with pytest.raises(Refused) as caught:
            store.list(WHO, {"user_id": "anna"}, 200, [1000])
        assert caught.value.by_provider is True


# What the server does wrong stays visible: where one of these fails after recording anew, the page is stale


def test_what_is_no_uuid_is_a_failure() -> None:
    """Finding 8: 502 for an id that the server never gave out, which is no absence (CORE-11)."""
    with real("no-uuid") as store:
        for call in (lambda: store.get(WHO, "null"), lambda: store.delete(WHO, "null")):
            with pytest.raises(UpstreamSaid, match="answered 502"):
                call()


def test_a_nul_character_is_a_failure() -> None:
    """Finding 6: what PostgreSQL cannot hold is a 502 (CORE-06)."""
    with real("nul") as store, pytest.raises(UpstreamSaid, match="answered 502"):
        added(store, "a\0b", "nul")


def test_scopes_are_trimmed_and_the_wildcard_reads_everybody() -> None:
    """Findings 1 and 2: `anna` and `anna ` are one user, and `*` finds another's memory (CORE-19, SEARCH-08)."""
    with real("scopes") as store:
        assert dict(added(store, "of a trimmed user", "trimmed ").scope) == {"user_id": "trimmed"}
        assert contents(store, {"user_id": "trimmed"}) == ["of a trimmed user"]
        assert found(store, "of a trimmed user", "*", top_k=1) == ["of a trimmed user"]


def test_the_threshold_is_not_for_the_score() -> None:
    """Finding 9: a result below the least score that was asked for (SEARCH-05)."""
    with real("threshold") as store:
        added(store, "green", "threshold")
        added(store, "green tea", "threshold")
        query = SearchQuery(text="green tea", scope={"user_id": "threshold"}, top_k=10, min_score=0.5)
        assert min(hit.score for hit in store.search(WHO, query)) < 0.5


def test_comparisons_are_those_of_text() -> None:
    """Finding 10: 1 equals "1" (FILTERS-01)."""
    with real("text") as store:
        added(store, "number", "text", metadata={"v": 1})
        added(store, "string", "text", metadata={"v": "1"})
        assert sorted(found(store, "x", "text", filter=compare("eq", 1), min_score=0.0)) == ["number", "string"]


def test_an_update_cannot_remove_metadata() -> None:
    """Findings 13 and 14: what a patch removes stays, and nothing is counted (UPDATE-01, UPDATE-03)."""
    with real("removing") as store:
        memory = added(store, "x", "removing", metadata={"keep": 1, "drop": 2})
        changed = store.update(WHO, memory.id, lambda present: replace(present, metadata={"keep": 1}))
        assert changed is not None
        assert (dict(changed.metadata), changed.version) == ({"keep": 1, "drop": 2}, 1)


def test_a_model_that_declines_is_an_empty_success() -> None:
    """Finding 15: an answer of the model that is no JSON succeeds with nothing (INGESTION-03)."""
    messages = [{"role": "user", "content": "DECLINE this, please", "id": None, "at": None}]
    with real("declined", infer="on") as store:
        job = store.begin(WHO, "ingestion", {"user_id": "declined"}, {"messages": messages, "metadata": {}})
        assert (job.status, job.result) == ("succeeded", {"memories": []})


# Where there is no such server, or it dies


class Fake:
    """Answers like mem0's server where it is asked who it is, and else as told: what no recording can be had of."""

    def __init__(self, **answers: Exchange) -> None:
        paths: dict[str, Any] = {"/configure": {}, "/configure/providers": {}}
        self.answers: dict[str, Exchange] = {
            "/openapi.json": {
                "status": 200,
                "json": {"info": {"title": "Mem0 REST APIs", "version": "1"}, "paths": paths},
            },
            "/configure": {"status": 200, "json": {"vector_store": {}}},
        } | {f"/{name}": answer for name, answer in answers.items()}
        self.keys: dict[str, str | None] = {}

    def __call__(self, request: Request) -> Exchange:
        """Answer by the first name of the path; remember the key."""
        path = request.target.split("?")[0]
        self.keys[path] = request.headers.get("x-api-key")
        return self.answers["/" + path.split("/")[1]]


def failing(code: str) -> Exchange:
    """Return the 502 of mem0's server with a code."""
    return {"status": 502, "json": {"detail": "…", "code": code, "request_id": "1"}}


def test_the_key_goes_only_to_mem0() -> None:
    """It is not sent before the listener is known."""
    server = Fake(memories={"status": 200, "json": None})
    with serving(server) as url:
        store = opened(url)
        assert store.get(WHO, UNKNOWN) is None
        store.close()
    assert server.keys == {"/openapi.json": None, "/configure": KEY, f"/memories/{UNKNOWN}": KEY}


def test_another_product_is_told_and_gets_no_key() -> None:
    """What listens there is named by what it said; nothing is written."""
    server = Fake()
    server.answers["/openapi.json"] = {"status": 200, "json": {"info": {"title": "Another API"}}}
    with serving(server) as url, pytest.raises(CannotOpen, match="is not mem0's REST server"):
        opened(url)
    assert server.keys == {"/openapi.json": None}


def test_an_older_server_is_told() -> None:
    """A server without the newest of the calls that tell its configuration is too old."""
    server = Fake()
    server.answers["/openapi.json"]["json"]["paths"] = {"/configure": {}}
    with serving(server) as url, pytest.raises(CannotOpen, match="too old"):
        opened(url)


def test_a_wrong_key_is_told() -> None:
    """The variable is named, the key is not shown."""
    server = Fake(configure={"status": 401, "json": {"detail": "Invalid API key."}})
    with serving(server) as url, pytest.raises(CannotOpen, match="MEMCONFORM_UPSTREAM_API_KEY") as caught:
        opened(url)
    assert KEY not in str(caught.value)


def test_nobody_there_is_told() -> None:
    """The address is named, and what to do."""
    with serving(Fake()) as url:
        pass
    with pytest.raises(CannotOpen, match="cannot be reached"):
        opened(url)


def test_an_unknown_value_of_the_option_is_told() -> None:
    """Before anything is asked."""
    with pytest.raises(CannotOpen, match="takes on or off"):
        opened("http://127.0.0.1:9", infer="perhaps")


def test_a_server_that_dies_midway_is_unavailable() -> None:
    """Every call says so; nothing is asked twice."""
    with serving(Fake()) as url:
        store = opened(url)
    for call in (lambda: store.get(WHO, UNKNOWN), lambda: contents(store, {"user_id": "anna"})):
        with pytest.raises(Unavailable):
            call()
    store.close()


@pytest.mark.parametrize(
    ("code", "error"),
    [("datastore_unavailable", Unavailable), ("provider_timeout", Unavailable), ("unknown", UpstreamSaid)],
)
def test_what_is_wrong_behind_the_server_is_told_apart(code: str, error: type[StoreError]) -> None:
    """A database or model that does not answer is 503 for the client; what mem0 cannot name is a failure of its own."""
    with serving(Fake(memories=failing(code))) as url:
        store = opened(url)
        with pytest.raises(error):
            added(store, "x", "anna")
        store.close()


@pytest.mark.parametrize(("code", "status"), [("provider_unavailable", "failed"), ("provider_auth_failed", "failed")])
def test_a_model_that_fails_is_a_failed_operation(code: str, status: str) -> None:
    """The operation has a problem that blames the model."""
    with serving(Fake(memories=failing(code))) as url:
        store = opened(url, infer="on")
        messages = [{"role": "user", "content": "x", "id": None, "at": None}]
        job = store.begin(WHO, "ingestion", {"user_id": "anna"}, {"messages": messages, "metadata": {}})
        assert (job.status, job.error["status"]) == (status, 502)
        store.close()


@pytest.mark.parametrize("answer", [{"status": 200, "text": "no JSON"}, {"status": 200, "json": {"results": None}}])
def test_an_answer_that_makes_no_sense_is_a_failure(answer: Exchange) -> None:
    """It is never an empty list."""
    with serving(Fake(memories=answer)) as url:
        store = opened(url)
        with pytest.raises(StoreError):
            contents(store, {"user_id": "anna"})
        store.close()
