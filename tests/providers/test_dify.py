"""The bridge to Dify's conversations, on exchanges in the shapes of Dify 1.17.1's source; no Dify was run."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from memconform_server.app import create_app
from memconform_server.settings import Settings
from memconform_server.store import CannotOpen, Draft, Refused, Unavailable
from memconform_server.stores import Opening, open_store
from memconform_server.stores.dify import Address

from .exchange import serving
from .replay import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import MemoryStore

WHO = "public"
CONVERSATION = "0199f3c2-0000-7000-8000-00000000000c"
UNKNOWN = "0199f3c2-0000-7000-8000-0000000000ff"
SCOPE = {"user_id": "anna", "session_id": CONVERSATION}
TEXTS = ["And now?", "Noted: green tea", "I like\r\n green tea ", "Hello Anna", "My name is Anna"]
"""What the conversation holds, the newest first; its last answer failed and is empty."""


def message_id(number: int, part: str, conversation: str = CONVERSATION) -> str:
    """Return the memory's id of one half of a message."""
    return Address("anna", conversation, f"0199f3c2-0000-7000-8000-{number:012d}", part).id()  # type: ignore[arg-type]


@contextmanager
def opened(url: str, **options: str) -> Iterator[MemoryStore]:
    """Open the bridge to what listens at `url`, and close it."""
    store = open_store("dify", Opening(upstream=url, options=options, key="app-secret-0123"))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def bridge(name: str, **options: str) -> Iterator[MemoryStore]:
    """Open the bridge to the replayed Dify."""
    with recorded(f"dify/{name}") as url, opened(url, **options) as store:
        yield store


def test_a_conversation_is_a_list_of_both_halves() -> None:
    """Newest first, the app's answer before the user's text; an empty half is no memory; each member is mapped."""
    with bridge("conversation") as store:
        page = store.list(WHO, SCOPE, 50, None)
    assert [each.content for each in page.items] == TEXTS
    assert page.next is None
    answer = page.items[1]
    assert answer.id == message_id(2, "a")
    assert dict(answer.scope) == SCOPE
    assert answer.metadata == {"role": "assistant"}
    assert page.items[2].metadata == {"role": "user"}
    assert answer.created_at == answer.updated_at == datetime.fromtimestamp(1795700002, UTC)
    assert answer.source == {"method": "verbatim", "message_ids": ["0199f3c2-0000-7000-8000-000000000002"]}


def test_a_walk_goes_on_within_a_message() -> None:
    """Pages of two give every half once, in the same order, though messages are pairs."""
    walked, position = [], None
    with bridge("walk") as store:
        for _ in range(3):
            page = store.list(WHO, SCOPE, 2, position)
            walked += [each.content for each in page.items]
            position = page.next
    assert walked == TEXTS
    assert position is None


def test_a_message_is_found_by_walking_to_it() -> None:
    """Reading by id gives what the list gave; an empty half and a message of no conversation are none."""
    with bridge("reading") as store:
        listed = {each.id: each for each in store.list(WHO, SCOPE, 50, None).items}
        assert store.get(WHO, message_id(1, "q")) == listed[message_id(1, "q")]
        assert store.get(WHO, message_id(3, "a")) is None
        assert store.get(WHO, message_id(77, "a")) is None


@pytest.mark.parametrize(
    "memory_id",
    ["", "nope", "..", "a\0b", "x" * 10_000, "A" * 43, "A" * 43 + "q", "A" * 43 + "zYQ", "A" * 43 + "qYR", "Ä" * 60],
)
def test_ids_that_were_never_given_out_are_unknown(memory_id: str) -> None:
    """No hostile id is asked for."""
    with bridge("open") as store:
        assert store.get(WHO, memory_id) is None
        assert store.delete(WHO, memory_id) is False


def test_ids_are_short_enough() -> None:
    """The longest end user that is declared to be taken makes an id of 128 characters; it is read back."""
    address = Address("ü" * 31 + "x", CONVERSATION, UNKNOWN, "q")
    assert len(address.id()) == 128
    assert Address.of(address.id()) == address


def test_an_unknown_conversation_is_empty() -> None:
    """404 is an empty list and no memory; a session that is no UUID is refused by Dify."""
    with bridge("unknown") as store:
        assert list(store.list(WHO, SCOPE | {"session_id": UNKNOWN}, 50, None).items) == []
        assert store.get(WHO, message_id(1, "q", UNKNOWN)) is None
        with pytest.raises(Refused) as refused:
            store.list(WHO, SCOPE | {"session_id": "not a uuid"}, 50, None)
        assert (refused.value.pointer, refused.value.by_provider) == ("/scope/session_id", True)


@pytest.mark.parametrize(
    ("member", "scope"),
    [
        ("session_id", {"user_id": "anna"}),
        ("user_id", {"session_id": CONVERSATION}),
        ("agent_id", SCOPE | {"agent_id": "bot"}),
        ("app_id", SCOPE | {"app_id": "app"}),
    ],
)
def test_other_scopes_are_refused(member: str, scope: dict[str, str]) -> None:
    """Dify is asked with one user and one conversation, no less and no more."""
    with bridge("open") as store, pytest.raises(Refused) as refused:
        store.list(WHO, scope, 50, None)
    assert (refused.value.pointer, refused.value.by_provider) == (f"/scope/{member}", False)


def test_nothing_is_added() -> None:
    """The bridge refuses to run the app."""
    with bridge("open") as store, pytest.raises(Refused, match="by running the app") as refused:
        store.add(WHO, Draft("x", SCOPE))
    assert (refused.value.pointer, refused.value.by_provider) == ("/content", False)


def test_no_message_is_deleted() -> None:
    """A message that is there cannot be deleted by itself; one that is not is unknown."""
    with bridge("deleting") as store:
        (newest, *_) = store.list(WHO, SCOPE, 50, None).items
        with pytest.raises(Refused, match="as a whole"):
            store.delete(WHO, newest.id)
        assert store.delete(WHO, message_id(1, "q", UNKNOWN)) is False


def test_variables_are_read_and_set() -> None:
    """A variable is the memory under its name; setting it keeps id, key and creation."""
    with bridge("variables", variables="on") as store:
        memory = store.keyed(WHO, SCOPE, "diet")
        assert memory is not None
        assert (memory.content, memory.key, dict(memory.scope)) == ("vegan", "diet", SCOPE)
        assert store.keyed(WHO, SCOPE, "none") is None
        assert store.get(WHO, memory.id) == memory
        changed = store.update(WHO, memory.id, lambda present: replace(present, content="omnivore"))
        assert changed == replace(memory, content="omnivore", updated_at=datetime.fromtimestamp(1795700009, UTC))


def test_variables_are_walked() -> None:
    """Where Dify ignores the name it is asked for, as older ones do, the pages are gone through."""
    with bridge("many-variables", variables="on") as store:
        memory = store.keyed(WHO, SCOPE, "v9")
    assert memory is not None
    assert memory.content == "found"


async def ask(store: MemoryStore, method: str, **arguments: Any) -> httpx.Response:
    """Send one request about a keyed memory to the app over the bridge."""
    key = arguments.pop("key")
    transport = httpx.ASGITransport(create_app(store, Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        return await client.request(method, "/v1/keyed", params=SCOPE | {"key": key}, **arguments)


def test_variables_are_set_over_http() -> None:
    """PUT replaces a value (200), fills an empty one (201), and cannot declare a variable (422, by the bridge)."""
    import asyncio

    with bridge("set-by-key", variables="on") as store:
        replaced = asyncio.run(ask(store, "PUT", key="diet", json={"content": "omnivore"}))
        filled = asyncio.run(ask(store, "PUT", key="city", json={"content": "Paris"}))
        new = asyncio.run(ask(store, "PUT", key="new", json={"content": "x"}))
    assert (replaced.status_code, replaced.json()["content"]) == (200, "omnivore")
    assert (filled.status_code, filled.json()["content"]) == (201, "Paris")
    assert (new.status_code, new.headers["memory-answered-by"]) == (422, "bridge")


def test_values_that_a_variable_cannot_have_are_refused() -> None:
    """By the bridge: a number's text, metadata; by Dify: another type, a name with a blank."""
    with bridge("refused-values", variables="on") as store:
        number = store.keyed(WHO, SCOPE, "n")
        assert number is not None
        with pytest.raises(Refused, match="holds no text"):
            store.update(WHO, number.id, lambda present: replace(present, content="4"))
        diet = store.keyed(WHO, SCOPE, "diet")
        assert diet is not None
        with pytest.raises(Refused, match="no place for metadata"):
            store.update(WHO, diet.id, lambda present: replace(present, metadata={"a": 1}))
        with pytest.raises(Refused) as mismatch:
            store.update(WHO, diet.id, lambda present: replace(present, content="x"))
        with pytest.raises(Refused) as blank:
            store.keyed(WHO, SCOPE, "a b")
    assert mismatch.value.by_provider
    assert blank.value.by_provider


def test_only_what_dify_can_do_is_declared() -> None:
    """Core alone, read-mostly by name; keyed where the operator wants the variables."""
    with bridge("open") as store:
        document = store.capabilities()
    assert document["profiles"] == ["core"]
    assert document["service"] == {
        "name": "Dify's conversations behind memconform's bridge, read-mostly",
        "version": "1.17.1",
    }
    assert document["limits"]["page_size"] == 100
    with bridge("open", variables="on") as store:
        assert store.capabilities()["profiles"] == ["core", "keyed"]
        assert store.tenants is False


@pytest.mark.parametrize(
    ("name", "said"), [("wrong-key", r"does not accept the key \(401\)"), ("workflow", "of mode 'workflow'")]
)
def test_the_wrong_key_is_told_at_once(name: str, said: str) -> None:
    """A key that is refused, and one of an app without conversations; neither shows the key."""
    with recorded(f"dify/{name}") as url, pytest.raises(CannotOpen, match=said) as told, opened(url):
        pass
    assert "app-secret-0123" not in str(told.value)


def test_another_product_is_told() -> None:
    """What greets otherwise is not Dify."""
    hello = {"status": 200, "json": {"welcome": "OpenAPI", "api_version": "v1"}}
    with serving(lambda _: hello) as url, pytest.raises(CannotOpen, match="is not Dify"), opened(url):
        pass


def test_an_option_that_is_neither_is_told() -> None:
    """`variables` is on or off."""
    with pytest.raises(CannotOpen, match="takes on or off"), opened("http://127.0.0.1:1", variables="yes"):
        pass


def test_a_dify_that_is_not_there_or_dies_is_told() -> None:
    """Opening fails where nobody listens; a Dify that goes away later makes every call unavailable."""
    with recorded("dify/open") as url:
        store = open_store("dify", Opening(upstream=url, key="app-secret-0123"))
    with pytest.raises(Unavailable):
        store.list(WHO, SCOPE, 50, None)
    store.close()
    with pytest.raises(CannotOpen, match="cannot be reached"), opened(url):
        pass
