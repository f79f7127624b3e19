"""Whose a request is, whose key came out, and what a memory wrote into a log: on hand-made material."""

from __future__ import annotations

import base64
import json

import pytest
from tests.clients.seen_requests import request

from memconform.clients.hostile import hostile_ids, hostile_memory, logged_raw, texts
from memconform.clients.identity import scope_of, strangers
from memconform.clients.keys import holds_key, new_key, without_keys
from memconform.clients.stage import Person

ANN, BOB = Person("mcf-1-1", new_key()), Person("mcf-1-2", new_key())
PEOPLE = [ANN, BOB]


def test_the_scope_stands_where_the_contract_puts_it() -> None:
    """In the query, or in the body; {} when it is left out; None where there is no place for it."""
    assert scope_of(request("/v1/memories?user_id=a%20b&limit=1")) == {"user_id": "a b"}
    assert scope_of(request("/v1/keyed?key=k", "PUT", {})) == {}
    assert scope_of(request("/v1/search", "POST", {"scope": {"user_id": "u"}})) == {"user_id": "u"}
    assert scope_of(request("/v1/search", "POST", {"scope": "u"})) == {}
    assert scope_of(request("/v1/search", "POST", [1])) == {}
    assert scope_of(request("/v1/memories/x")) is None
    assert scope_of(request("/v1/nothing")) is None


def test_a_request_of_one_user_has_no_strangers() -> None:
    """Key, scope, text and memory of one person are one name."""
    body = {"scope": {"user_id": ANN.user}, "content": f"{ANN.user} likes tea"}
    assert strangers(request("/v1/memories", "POST", body, key=ANN.key), PEOPLE, {}) == [ANN.user]
    assert strangers(request("/v1/memories/m1", key=ANN.key), PEOPLE, {"m1": ANN}) == [ANN.user]


@pytest.mark.parametrize(
    "crossed",
    [
        request("/v1/memories", "POST", {"scope": {"user_id": ANN.user}, "content": "tea"}, key=BOB.key),
        request("/v1/memories", "POST", {"scope": {"user_id": ANN.user}, "content": f"{BOB.user} x"}, key=ANN.key),
        request(f"/v1/memories?user_id={BOB.user}", key=ANN.key),
        request("/v1/memories/m1", key=ANN.key),
    ],
)
def test_a_crossed_request_has_two(crossed: object) -> None:
    """Whatever part is another's is seen."""
    assert strangers(crossed, PEOPLE, {"m1": BOB}) == [ANN.user, BOB.user]  # type: ignore[arg-type]  # it is a Seen


@pytest.mark.parametrize("before", ["", "x", "xx", "Bearer ", "api:", "user:"])
def test_a_key_is_found_in_base64(before: str) -> None:
    """Wherever it begins, in either alphabet."""
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        assert holds_key(f"Authorization: Basic {code(f'{before}{new_key()}:'.encode()).decode()}")


def test_a_key_is_found_in_plain_text_and_hidden() -> None:
    """In JSON and in sentences; what only looks like one, or is masked, is none."""
    key = new_key()
    assert holds_key(json.dumps({"said": f"the key {key}."}))
    assert without_keys(f"the key {key}.") == "the key [redacted]."
    for harmless in ("", "mcfkey-****", f"{key[:12]}…", key.replace("-", "_"), "bWNma2V5"):
        assert not holds_key(harmless)


def test_what_a_memory_writes_into_a_log_is_seen() -> None:
    """A line of its own, or a colour of its own; escaped text is fine."""
    memory = hostile_memory("http://127.0.0.1:1")
    assert logged_raw(f"found {memory}") is not None
    assert logged_raw(f"found {memory.splitlines()[-1]}") is not None
    assert logged_raw(f"found {memory!r}") is None
    assert logged_raw(json.dumps({"message": memory})) is None


def test_hostile_material_is_there() -> None:
    """Without it the tests of CLIENT-04 and CLIENT-10 would show nothing."""
    assert len(texts()) > 12
    assert len(set(hostile_ids())) > 8
