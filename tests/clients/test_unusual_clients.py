"""What is unusual but legal is understood, and what is wrong in an unusual way is seen: on hand-made material."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from tests.clients.seen_requests import request

from memconform.clients.called import merged
from memconform.clients.failures import says_enough, without_names
from memconform.clients.hostile import carried_raw, hostile_memory
from memconform.clients.identity import key_of, others_in, scopes_of
from memconform.clients.keys import holds_key, new_key, without_keys
from memconform.clients.repeats import early, unsafe_repeat
from memconform.clients.texts_sent import contents_sent, cursor_sent, id_sent
from memconform.clients.wire import Seen


def authorized(value: str | None) -> Seen:
    """Return a request with this Authorization."""
    seen = request("/v1/memories/m1")
    seen.authorization = value
    return seen


@pytest.mark.parametrize(
    ("value", "key"),
    [("Bearer k", "k"), ("bearer k", "k"), ("BEARER  k ", "k"), ("Basic azpr", None), ("k", None), (None, None)],
)
def test_the_scheme_is_a_word_in_any_case(value: str | None, key: str | None) -> None:
    """Only bearer tokens are keys."""
    assert key_of(authorized(value)) == key


def test_a_batch_has_a_scope_and_a_content_for_each_add() -> None:
    """Other operations of it have none."""
    adds = [{"op": "add", "memory": {"scope": {"user_id": name}, "content": f"{name}!"}} for name in ("a", "b")]
    batch = request("/v1/batch", "POST", {"operations": [*adds, {"op": "delete", "id": "m1"}, 7]})
    assert scopes_of(batch) == [{"user_id": "a"}, {"user_id": "b"}]
    assert contents_sent(batch) == ["a!", "b!"]
    assert scopes_of(request("/v1/memories/m1")) == []
    assert scopes_of(request("/v1/memories?user_id=u")) == [{"user_id": "u"}]


def test_what_is_sent_is_found_where_it_stands() -> None:
    """The content of a memory and of each message; an id in the path, a cursor in the query, both decoded."""
    assert contents_sent(request("/v1/memories", "POST", {"content": " x "})) == [" x "]
    talk = {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}
    assert contents_sent(request("/v1/ingestions", "POST", talk)) == ["a", "b"]
    assert contents_sent(request("/v1/search", "POST", {"query": "q"})) == []
    assert id_sent(request("/v1/memories/A%2Fb/history?cursor=c%3D")) == "A/b"
    assert cursor_sent(request("/v1/memories/A/history?cursor=c%3D%3D")) == "c=="
    assert id_sent(request("/v1/memories?user_id=u")) is None
    assert cursor_sent(request("/v1/memories?user_id=u")) is None


def test_a_request_under_way_cannot_know() -> None:
    """One that was sent before the answer came is not early."""
    wait = request("/v1/search", "POST", {}, at=0.0, answer=429, answer_headers=(("Retry-After", "1"),))
    assert early([wait, request("/v1/search", "POST", {}, at=0.05)], 0.0) is None
    assert early([wait, request("/v1/search", "POST", {}, at=0.5)], 0.0) is not None


def test_an_add_in_other_words_is_the_same_add() -> None:
    """What is said decides, not what else the body has; another text, or another user, is another add."""

    def add(**more: object) -> Seen:
        return request("/v1/memories", "POST", {"content": "tea", "scope": {"user_id": "u"}, **more})

    assert unsafe_repeat([add(), add(metadata={"attempt": 2})]) is not None
    assert unsafe_repeat([add(), add(content="coffee"), add(scope={"user_id": "v"})]) is None


@pytest.mark.parametrize(
    ("message", "enough"),
    [
        ("密钥无效,请更正密钥。", True),
        ("APIキーが違います。", True),
        ("failed", False),
        ("失败", False),
        ("", False),
        (None, False),
    ],
)
def test_a_message_is_weighed_by_what_it_can_say(message: str | None, enough: bool) -> None:
    """A dozen Chinese characters are a sentence."""
    assert says_enough(message) is enough


def test_messages_are_compared_without_what_is_made_for_the_occasion() -> None:
    """A number, or the id of a trace, makes no other message; another sentence does."""
    one, other = "Failed (7, trace 01a2-4bc9-77de).", "Failed (8, trace 77fe-0001-bcd2)."
    assert without_names(one) == without_names(other)
    assert without_names("The key is wrong.") != without_names("The server is busy.")
    assert without_names("dead beef cafe") == "dead beef cafe"


def test_half_a_key_is_a_key() -> None:
    """Whatever its case; a mask that leaves a few letters at both ends is none."""
    key = new_key()
    for shown in (key[:-4] + "****", key[:-16], key.upper()):
        assert holds_key(shown)
        assert "[redacted]" in without_keys(shown)
    assert not holds_key(f"{key[:11]}…{key[-4:]}")


def test_lists_in_pieces_are_joined() -> None:
    """Other members are as they were told last; JSON counts more than variables."""
    pieces = [{"results": [1], "count": 0}, {"results": [2]}, {"count": 2}]
    assert merged(pieces, {"count": 9, "user": "u"}) == {"results": [1, 2], "count": 2, "user": "u"}
    assert merged([[1]], {}) == [1]
    assert merged([], {"a": 1}) == {"a": 1}


def test_users_in_a_text_are_found() -> None:
    """Whole ids only, of whatever test; the person's own is no other."""
    text = 'mcf-0a1b2c3d-1 keeps tea, "mcf-0a1b2c3d-12" coffee, mcf-ffffffff-3 nothing'
    assert others_in(text, "mcf-0a1b2c3d-1") == ["mcf-0a1b2c3d-12", "mcf-ffffffff-3"]
    assert others_in("nobody", "mcf-0a1b2c3d-1") == []


def test_a_memory_in_a_header_field_is_seen_unless_it_is_escaped() -> None:
    """In its value, in its name; percent-encoded it is only text."""
    memory = hostile_memory("http://127.0.0.1:1")
    visible = "".join(letter for letter in memory if letter.isprintable())
    assert carried_raw("Idempotency-Key", visible[:60])
    assert carried_raw("X-Mcf-Forged".lower(), "1")
    assert not carried_raw("Idempotency-Key", quote(memory[:60], safe=""))
    assert not carried_raw("Idempotency-Key", "0b3f")
