"""The store's erasure: all of a scope, what was concluded from it, and not a byte of it left in the file."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened, walked

from memconform_server.store import Remembered, SearchQuery
from memconform_server.stores.reference import scrubbing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from memconform_server.store import Draft, Erased, Job, Memory, MemoryStore, Scope

SESSION = {"user_id": "u", "session_id": "s"}
OTHER = {"user_id": "v"}
CANARY = "canary-7f3b"


@contextmanager
def begun(store: MemoryStore, scope: Scope = USER, principal: str = PRINCIPAL) -> Iterator[list[Erased]]:
    """Begin an erasure before the block, and do it after the block; then the list has what it took away."""
    job = store.begin(principal, "erasure", scope, None)
    taken: list[Erased] = []
    yield taken
    claimed = _claimed(store, job)
    with store.transaction():
        taken.append(store.erase(claimed))
        assert store.finish(job.id, {"scope": dict(scope)}, None)


def erased(store: MemoryStore, scope: Scope = USER, principal: str = PRINCIPAL) -> Erased:
    """Erase a scope."""
    with begun(store, scope, principal) as taken:
        pass
    return taken[0]


def concluded(content: str, sources: list[Memory], scope: Scope = OTHER) -> Draft:
    """Return a draft that names its sources."""
    return draft(content, scope, source={"method": "inferred", "memory_ids": [each.id for each in sources]})


def test_everything_selected_is_gone() -> None:
    """ERASURE-01, ERASURE-02: superseded, keyed and narrower ones, from every reading; neighbours are untouched."""
    with opened(":memory:") as store:
        old = store.add(PRINCIPAL, draft("old"))
        store.add(PRINCIPAL, draft("new", supersedes=[old.id]))
        store.update(PRINCIPAL, old.id, lambda each: replace(each, metadata={"a": 1}))
        session = store.add(PRINCIPAL, draft("session", SESSION, key="k"))
        kept = [
            store.add(PRINCIPAL, draft("above", {"session_id": "s"})),
            store.add(PRINCIPAL, draft("other", OTHER)),
            store.add("q", draft("foreign")),
        ]
        taken = erased(store)
        assert (taken.memories, taken.versions, taken.operations, list(taken.derived)) == (3, 5, 0, [])
        assert walked(store, USER) == []
        assert store.get(PRINCIPAL, old.id) is None
        assert store.history(PRINCIPAL, old.id, 10, None) is None
        assert store.keyed(PRINCIPAL, SESSION, "k") is None
        assert store.search(PRINCIPAL, SearchQuery("old session", USER, top_k=10)) == []
        assert store.current(PRINCIPAL, USER, inherit=True, limit=10) == []
        assert store.scopes(PRINCIPAL, 10, None).items == [({"session_id": "s"}, 1), (OTHER, 1)]
        with store.export(PRINCIPAL, USER) as walk:
            assert list(walk()) == []
        assert [store.get(p, each.id) for p, each in zip((PRINCIPAL, PRINCIPAL, "q"), kept, strict=True)] == kept
        assert store.get(PRINCIPAL, session.id) is None


def test_an_erasure_of_nothing_takes_nothing() -> None:
    """A scope that selects nothing gives a receipt of zeros."""
    with opened(":memory:") as store:
        kept = store.add(PRINCIPAL, draft())
        taken = erased(store, {"user_id": "nobody"})
        assert (taken.memories, taken.versions, taken.operations, list(taken.derived)) == (0, 0, 0, [])
        assert store.get(PRINCIPAL, kept.id) == kept


def test_later_writes_stay() -> None:
    """ERASURE-02: what was added after the request stays; an earlier memory goes though it was changed since."""
    with opened(":memory:") as store:
        old = store.add(PRINCIPAL, draft("old"))
        with begun(store) as taken:
            later = store.add(PRINCIPAL, draft("later"))
            store.update(PRINCIPAL, old.id, lambda each: replace(each, content="changed"))
        assert taken[0].memories == 1
        assert walked(store, USER) == ["later"]
        assert store.get(PRINCIPAL, later.id) == later


def test_expired_memories_are_erased_and_not_counted() -> None:
    """What expired before the erasure leaves no trace, either."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        store.add(PRINCIPAL, draft("short", expires_at=clock.after(10)))
        store.add(PRINCIPAL, draft("long", expires_at=clock.after(10_000)))
        clock.now += 10
        assert erased(store).memories == 1
        clock.now += 10_000
        assert store.sweep() == 0


def test_what_was_superseded_outside_is_restored() -> None:
    """A derived memory that goes gives back what it superseded in its own scope."""
    with opened(":memory:") as store:
        source = store.add(PRINCIPAL, draft())
        before = store.add(PRINCIPAL, draft("before", OTHER))
        store.add(PRINCIPAL, replace(concluded("after", [source]), supersedes=[before.id]))
        erased(store)
        assert walked(store, OTHER) == ["before"]


def test_what_was_concluded_goes_with_its_last_source() -> None:
    """ERASURE-05: by one erasure or several, in whatever scope, and what was concluded from it in turn."""
    with opened(":memory:") as store:
        one, two = store.add(PRINCIPAL, draft()), store.add(PRINCIPAL, draft(scope={"user_id": "w"}))
        both = store.add(PRINCIPAL, concluded("both", [one, two]))
        only = store.add(PRINCIPAL, concluded("only", [one, one]))
        further = store.add(PRINCIPAL, concluded("further", [only], {"app_id": "a"}))
        within = store.add(PRINCIPAL, concluded("within", [one], USER))
        half = store.add(PRINCIPAL, concluded("half", [one, store.add(PRINCIPAL, draft("stays", OTHER))]))
        empty = store.add(PRINCIPAL, concluded("empty", []))
        foreign = store.add("q", concluded("foreign", [one]))
        first = erased(store)
        assert (first.memories, set(first.derived)) == (2, {only.id, further.id})
        assert store.get(PRINCIPAL, within.id) is None
        assert store.get(PRINCIPAL, both.id) == both
        second = erased(store, {"user_id": "w"})
        assert (second.memories, list(second.derived)) == (1, [both.id])
        assert walked(store, OTHER) == ["empty", "half", "stays"]
        assert store.get(PRINCIPAL, half.id) == half
        assert store.get(PRINCIPAL, empty.id) == empty
        assert store.get("q", foreign.id) == foreign


def test_a_deleted_source_is_not_an_erased_one() -> None:
    """Only erasures take along what was concluded."""
    with opened(":memory:") as store:
        deleted, gone = store.add(PRINCIPAL, draft()), store.add(PRINCIPAL, draft())
        kept = store.add(PRINCIPAL, concluded("kept", [deleted, gone]))
        store.delete(PRINCIPAL, deleted.id)
        assert list(erased(store).derived) == []
        assert store.get(PRINCIPAL, kept.id) == kept


def test_an_imported_id_counts_as_there_again() -> None:
    """What was erased and imported since is a source that is left."""
    with opened(":memory:") as store:
        one, two = store.add(PRINCIPAL, draft("one")), store.add(PRINCIPAL, draft("two", {"user_id": "w"}))
        both = store.add(PRINCIPAL, concluded("both", [one, two]))
        erased(store)
        assert store.restore(PRINCIPAL, one, "fail") == "created"
        assert list(erased(store, {"user_id": "w"}).derived) == []
        assert store.get(PRINCIPAL, both.id) == both
        assert list(erased(store).derived) == [both.id]


def test_an_interrupted_erasure_is_done_again(tmp_path: Path) -> None:
    """ERASURE-03: killed before its commit, the next process does it whole; a restart brings nothing back."""
    data = tmp_path / "memories.db"
    with opened(data) as store:
        store.add(PRINCIPAL, draft())
        job = store.begin(PRINCIPAL, "erasure", USER, None)
        with suppress(ZeroDivisionError), store.transaction():
            store.erase(_claimed(store, job))
            _ = 1 / 0
        assert walked(store, USER) == ["fact"]
    with opened(data) as store:
        claimed = _claimed(store, job)
        assert store.erase(claimed).memories == 1
        assert store.finish(job.id, {}, None)
    with opened(data) as store:
        assert walked(store, USER) == []


def test_no_byte_is_left_in_the_file(tmp_path: Path) -> None:
    """ERASURE-01: in content, metadata, key, ext, source, scope, requests, answers; now, earlier, deleted, derived."""
    data, clock = tmp_path / "memories.db", Clock()
    scope = {"user_id": f"user {CANARY}", "session_id": f"session {CANARY}"}
    query = {"user_id": scope["user_id"]}
    with opened(data, clock) as store:
        for number in range(300):
            _fill(store, number, scope)
        _say(store, clock, scope, query)
        assert _seen(data) > 1_000
        assert erased(store, query).memories > 100
        assert _seen(data) == 0
        assert len(walked(store, OTHER)) == 300
    assert _seen(data) == 0
    with opened(data) as store:
        assert len(walked(store, OTHER)) == 300
        assert len(store.search(PRINCIPAL, SearchQuery("neighbour 7", OTHER, top_k=5))) == 5


def test_a_crash_before_the_scrubbing_only_delays_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between commit and scrubbing the erasure still runs; the next process scrubs as it opens the file."""
    data = tmp_path / "memories.db"
    with opened(data) as store, monkeypatch.context() as patch:
        patch.setattr(scrubbing, "scrub", lambda _database: None)
        for number in range(300):
            _fill(store, number, {"user_id": CANARY})
        job = store.begin(PRINCIPAL, "erasure", {"user_id": CANARY}, None)
        with store.transaction():
            store.erase(_claimed(store, job))
            assert store.finish(job.id, {"done": True}, None)
        seen = store.job(PRINCIPAL, job.id)
        assert seen is not None
        assert (seen.status, seen.result) == ("running", None)
        assert _seen(data) > 0
    with opened(data) as store:
        seen = store.job(PRINCIPAL, job.id)
        assert seen is not None
        assert (seen.status, seen.result) == ("succeeded", {"done": True})
        assert _seen(data) == 0


def _claimed(store: MemoryStore, job: Job) -> Job:
    """Return the operation, claimed; those before it are claimed along."""
    while (claimed := store.claim()) is not None:
        if claimed.id == job.id:
            return claimed
    raise AssertionError("nobody can work on it")


def _fill(store: MemoryStore, number: int, scope: Scope) -> None:
    """Add a memory full of canaries, of every size, and a neighbour; change and delete some."""
    content = f"{CANARY} {number} " + "x" * (number * 13 % 700)
    memory = store.add(
        PRINCIPAL,
        draft(
            content,
            scope,
            key=f"key {CANARY} {number}",
            metadata={CANARY: [CANARY, number]},
            ext={"com.example": {CANARY: CANARY}},
            source={"method": "inferred", "message_ids": [f"{CANARY}-{number}"]},
        ),
    )
    store.add(PRINCIPAL, draft(f"neighbour {number} " + "y" * (number * 7 % 300), OTHER))
    if number % 3 == 0:
        store.update(PRINCIPAL, memory.id, lambda each: replace(each, content="changed", metadata={}))
    if number % 5 == 0:
        store.delete(PRINCIPAL, memory.id)
    if number % 50 == 1:
        store.add(PRINCIPAL, concluded(f"derived {CANARY}", [memory], {"app_id": f"app {number}"}))


def _say(store: MemoryStore, clock: Clock, scope: Scope, query: Scope) -> None:
    """Leave canaries in answers and operations."""
    for number in range(20):
        body = f'{{"content": "{CANARY}"}}'.encode()
        headers = {"Location": f"/{CANARY}"}
        kept = Remembered(CANARY.encode(), 201, headers, body, clock.after(60_000), [scope])
        store.remember(PRINCIPAL, f"idempotency {CANARY} {number}", kept)
    for _ in range(5):
        store.begin(PRINCIPAL, "ingestion", scope, {"messages": [{"content": CANARY * 100}]})
    ended = store.begin(PRINCIPAL, "ingestion", query, {"messages": [{"content": CANARY}]})
    store.claim()
    assert store.finish(_claimed(store, ended).id, {"memories": [{"id": CANARY, "action": "added"}]}, None)


def _seen(data: Path) -> int:
    """Return how often the canary stands in the bytes of the file and its companions."""
    files = [path for path in data.parent.iterdir() if path.name.startswith(data.name)]
    return sum(path.read_bytes().count(CANARY.encode()) for path in files)
