"""The store's answers: kept under an idempotency key for their time, for whoever brings the key, until erased."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.server.at_hand import PRINCIPAL, USER, Clock, draft, opened

from memconform_server.store import Remembered

if TYPE_CHECKING:
    from pathlib import Path

    from memconform_server.store import MemoryStore, Scope

SESSION = {"user_id": "u", "session_id": "s"}


def answer(clock: Clock, *scopes: Scope, body: bytes = b'{"a": "\xc3\xa9\\n"}\n\n') -> Remembered:
    """Return an answer about some scopes, for a minute."""
    headers = {"Location": "/v1/memories/1", "ETag": '"x"'}
    return Remembered(b"fingerprint", 201, headers, body, clock.after(60_000), scopes)


def erase(store: MemoryStore, scope: Scope, principal: str = PRINCIPAL) -> None:
    """Erase a scope."""
    job = store.begin(principal, "erasure", scope, None)
    claimed = store.claim()
    assert claimed is not None
    with store.transaction():
        store.erase(claimed)
        assert store.finish(job.id, {}, None)


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    """IDEMPOTENCY-01: status, headers, body and fingerprint, also after a restart; to nobody else."""
    data, clock = tmp_path / "memories.db", Clock()
    kept = answer(clock, USER)
    with opened(data, clock) as store:
        store.remember(PRINCIPAL, "kéy", kept)
        assert store.recall(PRINCIPAL, "kéy") == replace(kept, scopes=())
    with opened(data, clock) as store:
        assert store.recall(PRINCIPAL, "kéy") == replace(kept, scopes=())
        assert store.recall("q", "kéy") is None
        assert store.recall(PRINCIPAL, "key") is None


def test_an_empty_body_and_no_headers_are_kept() -> None:
    """A 204 comes back as it was, too."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        kept = Remembered(b"", 204, {}, b"", clock.after(1))
        store.remember(PRINCIPAL, "k", kept)
        assert store.recall(PRINCIPAL, "k") == kept


def test_an_answer_lives_for_its_time() -> None:
    """At `until` it is forgotten, swept or not; then the key is free for another."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        store.remember(PRINCIPAL, "k", answer(clock, USER))
        clock.now += 59_999
        store.sweep()
        assert store.recall(PRINCIPAL, "k") is not None
        clock.now += 1
        assert store.recall(PRINCIPAL, "k") is None
        another = answer(clock, SESSION, body=b"another")
        store.remember(PRINCIPAL, "k", another)
        store.sweep()
        assert store.recall(PRINCIPAL, "k") == replace(another, scopes=())


def test_an_answer_is_undone_with_its_transaction() -> None:
    """What failed is not remembered."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        with suppress(ZeroDivisionError), store.transaction():
            store.remember(PRINCIPAL, "k", answer(clock, USER))
            _ = 1 / 0
        assert store.recall(PRINCIPAL, "k") is None


def test_erasing_a_scope_erases_the_answers_about_it() -> None:
    """ERASURE-03: of what the scope selects the fingerprint stays, without body; others and later ones are whole."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        for name, scope in {"user": USER, "session": SESSION, "above": {"session_id": "s"}}.items():
            store.remember(PRINCIPAL, name, answer(clock, scope))
        store.remember(PRINCIPAL, "several", answer(clock, {"user_id": "v"}, SESSION))
        store.remember("q", "user", answer(clock, USER))
        job = store.begin(PRINCIPAL, "erasure", USER, None)
        store.remember(PRINCIPAL, "later", answer(clock, USER))
        claimed = store.claim()
        assert claimed is not None
        store.erase(claimed)
        assert store.finish(job.id, {}, None)
        for name in ("user", "session", "several"):
            found = store.recall(PRINCIPAL, name)
            assert found is not None
            assert (found.erased, found.fingerprint, found.body, found.headers) == (True, b"fingerprint", b"", {})
        for name in ("above", "later"):
            found = store.recall(PRINCIPAL, name)
            assert found is not None
            assert not found.erased
        foreign = store.recall("q", "user")
        assert foreign is not None
        assert not foreign.erased


def test_an_answer_that_shows_a_derived_memory_is_erased_with_it() -> None:
    """ERASURE-05: what was concluded from an erased scope does not come back by a repeat in another scope."""
    clock = Clock()
    with opened(":memory:", clock) as store:
        source = store.add(PRINCIPAL, draft())
        elsewhere = {"user_id": "v"}
        concluded = store.add(PRINCIPAL, draft("so", elsewhere, source={"memory_ids": [source.id]}))
        kept = replace(answer(clock, elsewhere), memories=[concluded.id])
        store.remember(PRINCIPAL, "derived", kept)
        store.remember(PRINCIPAL, "other", answer(clock, elsewhere))
        erase(store, USER)
        assert store.get(PRINCIPAL, concluded.id) is None
        derived, other = (store.recall(PRINCIPAL, name) for name in ("derived", "other"))
        assert derived is not None
        assert derived.erased
        assert other is not None
        assert not other.erased
