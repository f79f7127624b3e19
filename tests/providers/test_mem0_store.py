"""The bridge to mem0: the real library, offline; it maps, refuses and shows, and never repairs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from memconform_server.store import Draft, Refused, SearchQuery, StoreError

pytestmark = [
    pytest.mark.provider,
    # not importorskip: importing mem0 before the store would switch its telemetry on
    pytest.mark.skipif(find_spec("mem0") is None, reason="needs the extra `mem0`"),
]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memconform_server.store import Memory
    from memconform_server.stores.mem0 import Mem0Store

WHO = "public"
ANNA = {"user_id": "anna"}


@pytest.fixture
def store() -> Iterator[Mem0Store]:
    """Open an empty store that leaves nothing behind."""
    from memconform_server.stores.mem0 import Mem0Store

    store = Mem0Store(":memory:")
    yield store
    store.close()


def contents(store: Mem0Store, scope: dict[str, str], limit: int = 200) -> list[str]:
    """List a scope's texts, in the store's order."""
    return [each.content for each in store.list(WHO, scope, limit, None).items]


def texts_found(store: Mem0Store, text: str, **more: Any) -> list[str]:
    """Search Anna's memories and return the texts."""
    query = SearchQuery(text=text, scope=ANNA, top_k=more.pop("top_k", 10), **more)
    return [hit.memory.content for hit in store.search(WHO, query)]


# What works


def test_an_added_memory_is_what_get_returns(store: Mem0Store) -> None:
    """Adding returns mem0's record: content, scope, metadata, a present instant; GET returns the same."""
    metadata = {"a": {"b": [1, 2.5, None, True, "x"]}, "big": 2**70, "": "empty key"}
    scope = {"user_id": "anna", "agent_id": "bot", "session_id": "s1"}

    added = store.add(WHO, Draft(content="green tea", scope=scope, metadata=metadata))

    assert (added.content, dict(added.scope), added.metadata) == ("green tea", scope, metadata)
    assert abs(added.created_at - datetime.now(UTC)) < timedelta(seconds=5)
    assert added.updated_at >= added.created_at
    assert store.get(WHO, added.id) == added


@pytest.mark.parametrize(
    "text", [" x ", "\n", "a\0b", "\r\n", "e\u0301", "\u00e9", "\ufeffx", "\U0001f468\u200d\U0001f469"]
)
def test_content_is_kept_code_point_for_code_point(store: Mem0Store, text: str) -> None:
    """mem0 neither trims nor normalises content."""
    memory = store.add(WHO, Draft(content=text, scope=ANNA))
    found = store.get(WHO, memory.id)
    assert found is not None
    assert found.content == text


def test_a_deleted_memory_is_gone_everywhere(store: Mem0Store) -> None:
    """Deleting is True once, then False; get, list and search, which had it, have it no more."""
    memory = store.add(WHO, Draft(content="the train to Berlin", scope=ANNA))
    assert contents(store, ANNA) == texts_found(store, "train to Berlin") == ["the train to Berlin"]

    assert store.delete(WHO, memory.id) is True

    assert store.get(WHO, memory.id) is None
    assert contents(store, ANNA) == texts_found(store, "train to Berlin") == []
    assert store.delete(WHO, memory.id) is False


@pytest.mark.parametrize("memory_id", ["nope", "../../etc/passwd", "a\0b", "", "x" * 10_000, "0" * 32])
def test_unknown_ids_are_none_and_false(store: Mem0Store, memory_id: str) -> None:
    """No id, however hostile, is an error."""
    assert store.get(WHO, memory_id) is None
    assert store.delete(WHO, memory_id) is False


def test_a_scope_selects_by_every_pair(store: Mem0Store) -> None:
    """Each subset of a memory's scope finds it; one differing value does not."""
    store.add(WHO, Draft(content="x", scope={"user_id": "u", "agent_id": "a", "session_id": "s"}))
    for scope in (
        {"user_id": "u"},
        {"agent_id": "a"},
        {"session_id": "s"},
        {"user_id": "u", "session_id": "s"},
    ):
        assert contents(store, scope) == ["x"]
    assert contents(store, {"user_id": "u", "session_id": "other"}) == []
    assert contents(store, {"user_id": "U"}) == []


def test_pages_of_a_quiet_scope_are_the_whole_list(store: Mem0Store) -> None:
    """Pages of three give each of ten memories once, in the order of the undivided list, and then end."""
    for number in range(10):
        store.add(WHO, Draft(content=f"fact {number}", scope=ANNA))
    walked: list[str] = []
    position = None
    for _ in range(4):
        page = store.list(WHO, ANNA, 3, position)
        walked += [each.content for each in page.items]
        position = page.next
    assert position is None
    assert walked == contents(store, ANNA)
    assert sorted(walked) == [f"fact {number}" for number in range(10)]


def test_search_ranks_by_meaning_and_obeys_min_score_and_top_k(store: Mem0Store) -> None:
    """A memory's own text comes first at about 1; `min_score` and `top_k` cut the same ranking."""
    for text in ("I like green tea", "My dog is called Rex", "Green tea is my favourite drink"):
        store.add(WHO, Draft(content=text, scope=ANNA))
    hits = store.search(WHO, SearchQuery(text="I like green tea", scope=ANNA, top_k=10))
    scores = [hit.score for hit in hits]
    assert hits[0].memory.content == "I like green tea"
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1, abs=1e-6)
    assert all(0 <= score <= 1 for score in scores)
    middle = (scores[0] + scores[1]) / 2
    assert texts_found(store, "I like green tea", min_score=middle) == ["I like green tea"]
    assert texts_found(store, "I like green tea", top_k=1) == ["I like green tea"]


def test_concurrent_adds_are_all_kept(store: Mem0Store) -> None:
    """Of 60 adds from 8 threads, with reads between them, all 60 are there once."""

    def add(number: int) -> str:
        store.list(WHO, ANNA, 5, None)
        return store.add(WHO, Draft(content=f"fact {number}", scope=ANNA)).id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(add, range(60)))
    assert len(set(ids)) == 60
    assert sorted(contents(store, ANNA)) == sorted(f"fact {number}" for number in range(60))


def test_an_update_changes_text_and_metadata(store: Mem0Store) -> None:
    """Text and metadata are replaced as the change says; id, scope and creation stay, `updated_at` goes on."""
    memory = store.add(WHO, Draft(content="green tea", scope=ANNA, metadata={"a": {"b": 1}, "keep": "x"}))

    changed = store.update(
        WHO, memory.id, lambda present: replace(present, content="black tea", metadata={**present.metadata, "a": 2})
    )

    assert changed is not None
    assert (changed.content, changed.metadata) == ("black tea", {"a": 2, "keep": "x"})
    assert (changed.id, changed.scope, changed.created_at) == (memory.id, memory.scope, memory.created_at)
    assert changed.updated_at > memory.updated_at
    assert store.get(WHO, memory.id) == changed
    assert texts_found(store, "black tea") == ["black tea"]


def test_an_update_of_metadata_alone_keeps_the_text(store: Mem0Store) -> None:
    """Only what differs is handed over: the text is as it was, and still found."""
    memory = store.add(WHO, Draft(content="green tea", scope=ANNA))
    changed = store.update(WHO, memory.id, lambda present: replace(present, metadata={"a": 1}))
    assert changed is not None
    assert (changed.content, changed.metadata) == ("green tea", {"a": 1})
    assert texts_found(store, "green tea") == ["green tea"]


def test_a_change_without_effect_is_none(store: Mem0Store) -> None:
    """Nothing is handed to mem0 where nothing differs: it refuses to be asked for nothing."""
    memory = store.add(WHO, Draft(content="green tea", scope=ANNA))
    assert store.update(WHO, memory.id, lambda present: present) == memory
    assert store.get(WHO, memory.id) == memory


def test_a_change_that_raises_changes_nothing(store: Mem0Store) -> None:
    """What the change raises comes through as it is, and the memory is as it was."""
    memory = store.add(WHO, Draft(content="green tea", scope=ANNA))

    def refuse(_: Memory) -> NoReturn:
        raise KeyError("not this one")

    with pytest.raises(KeyError, match="not this one"):
        store.update(WHO, memory.id, refuse)
    assert store.get(WHO, memory.id) == memory


def test_an_update_of_nothing_is_none(store: Mem0Store) -> None:
    """An unknown id, and another principal's, are None, and nothing appears."""
    memory = store.add("p1", Draft(content="green tea", scope=ANNA))
    for who, memory_id in ((WHO, "nope"), ("p2", memory.id)):
        assert store.update(who, memory_id, lambda present: replace(present, content="x")) is None
    assert store.get("p1", memory.id) == memory


def compare(operator: str, value: object, field: str = "/metadata/v") -> dict[str, Any]:
    """Return a comparison of the contract's filter grammar."""
    return {"op": operator, "field": field, "value": value}


@pytest.mark.parametrize(
    ("tree", "selected"),
    [
        (compare("eq", 2), ["two"]),
        (compare("ne", 2), ["one", "three"]),
        (compare("gt", 1), ["three", "two"]),
        (compare("gte", 2), ["three", "two"]),
        (compare("lt", 2), ["one"]),
        (compare("lte", 2), ["one", "two"]),
        (compare("in", [1, 3, 9]), ["one", "three"]),
        (compare("contains", "word", "/metadata/text"), ["one"]),
        (compare("eq", "x", "/metadata/o/p"), ["two"]),
        (compare("eq", "b", "/metadata/list/1"), ["three"]),
        (compare("eq", 1, "/metadata/a.b~1c"), ["one"]),
        (compare("gt", "2001-01-01T00:00:00Z", "/created_at"), ["one", "three", "two"]),
        (compare("lt", "2001-01-01T00:00:00Z", "/updated_at"), []),
        ({"op": "and", "filters": [compare("gt", 1), compare("lt", 3)]}, ["two"]),
        ({"op": "or", "filters": [compare("eq", 1), compare("eq", 3)]}, ["one", "three"]),
        ({"op": "not", "filter": compare("eq", 1)}, ["none", "three", "two"]),
        ({"op": "not", "filter": {"op": "or", "filters": [compare("eq", 1), compare("eq", 3)]}}, ["none", "two"]),
    ],
)
def test_filters_select_by_metadata(store: Mem0Store, tree: dict[str, Any], selected: list[str]) -> None:
    """Each operator reaches mem0 under its name, each pointer as a path, and selects what mem0 says."""
    rows: dict[str, dict[str, Any]] = {
        "one": {"v": 1, "text": "a word here", "a.b/c": 1},
        "two": {"v": 2, "o": {"p": "x"}},
        "three": {"v": 3, "list": ["a", "b"]},
        "none": {},
    }
    for name, metadata in rows.items():
        store.add(WHO, Draft(content=f"fact {name}", scope=ANNA, metadata=metadata))
    found = texts_found(store, "fact", filter=tree)
    if tree.get("field", "").endswith("_at") and found:
        found.remove("fact none")
    assert sorted(found) == [f"fact {name}" for name in selected]


@pytest.mark.parametrize("name", ["user_id", "AND", "$or"])
def test_a_filter_never_leaves_the_scope(store: Mem0Store, name: str) -> None:
    """Metadata named like a scope or an operator of mem0 are names: nothing of another user is found."""
    for user in ("anna", "bob"):
        store.add(WHO, Draft(content="a secret", scope={"user_id": user}))
    tree = compare("eq", "bob", f"/metadata/{name}")
    for each in (tree, {"op": "and", "filters": [tree]}, {"op": "or", "filters": [tree]}):
        assert texts_found(store, "secret", filter=each) == []
    bobs = SearchQuery(text="secret", scope={"user_id": "bob"}, top_k=10)
    assert [hit.memory.content for hit in store.search(WHO, bobs)] == ["a secret"]


# Separation, durability, silence


def test_principals_have_folders_of_their_own(store: Mem0Store) -> None:
    """One principal's memory is neither read, listed, found nor deleted by another in the same scope."""
    memory = store.add("p1", Draft(content="mine", scope=ANNA))
    query = SearchQuery(text="mine", scope=ANNA, top_k=10)
    assert [hit.memory.id for hit in store.search("p1", query)] == [memory.id]

    assert store.get("p2", memory.id) is None
    assert store.list("p2", ANNA, 10, None).items == []
    assert list(store.search("p2", query)) == []
    assert store.delete("p2", memory.id) is False
    assert store.get("p1", memory.id) == memory


def test_memories_survive_closing_and_opening(tmp_path: Path) -> None:
    """A file store keeps its memories in the folder beside; the same process can open it again at once."""
    from memconform_server.stores.mem0 import Mem0Store

    first = Mem0Store(tmp_path / "data")
    memory = first.add(WHO, Draft(content="kept", scope=ANNA, metadata={"a": 1}))
    first.close()
    second = Mem0Store(tmp_path / "data")
    assert second.get(WHO, memory.id) == memory
    assert texts_found(second, "kept") == ["kept"]
    second.close()
    assert [path.name for path in tmp_path.iterdir()] == ["data.mem0"]


def test_a_temporary_store_removes_its_folder(store: Mem0Store) -> None:
    """`:memory:` leaves no folder after close."""
    store.add(WHO, Draft(content="x", scope=ANNA))
    folder = store._root
    assert folder.exists()
    store.close()
    assert not folder.exists()


ACKNOWLEDGE_UNTIL_KILLED = """
import sys
from memconform_server.store import Draft
from memconform_server.stores.mem0 import Mem0Store

store = Mem0Store(sys.argv[1])
for number in range(10_000):
    print(store.add("public", Draft(content=f"fact {number}", scope={"user_id": "anna"})).id, flush=True)
"""


def test_acknowledged_memories_survive_kill_9(tmp_path: Path) -> None:
    """Every id printed before SIGKILL is there afterwards."""
    from memconform_server.stores.mem0 import Mem0Store

    command = [sys.executable, "-c", ACKNOWLEDGE_UNTIL_KILLED, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as writer:
        assert writer.stdout is not None
        ids = [writer.stdout.readline().strip() for _ in range(30)]
        writer.kill()
        ids += [line.strip() for line in writer.stdout if line.endswith("\n")]
    store = Mem0Store(tmp_path / "data")
    assert all(ids)
    assert [each for each in ids if store.get(WHO, each) is None] == []
    store.close()


READ_AS_A_SECOND_PROCESS = """
import sys
from memconform_server.stores.mem0 import Mem0Store

try:
    Mem0Store(sys.argv[1]).get("public", "any")
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_folder_held_by_another_process_is_unavailable(tmp_path: Path) -> None:
    """Qdrant's lock becomes a 503 that says what to do, without the path."""
    from memconform_server.stores.mem0 import Mem0Store

    holder = Mem0Store(tmp_path / "data")
    holder.add(WHO, Draft(content="x", scope=ANNA))
    command = [sys.executable, "-c", READ_AS_A_SECOND_PROCESS, str(tmp_path / "data")]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.stdout == "Unavailable another process holds mem0's folder: stop it, or name another --data\n"
    holder.close()


def test_the_cursor_key_lives_as_long_as_the_data(tmp_path: Path) -> None:
    """The key is the same after opening again and another one for other data."""
    from memconform_server.stores.mem0 import Mem0Store

    keys = []
    for name in ("data", "data", "other"):
        store = Mem0Store(tmp_path / name)
        keys.append(store.cursor_key)
        store.close()
    assert len(keys[0]) == 32
    assert keys[0] == keys[1] != keys[2]


def test_nothing_is_sent(store: Mem0Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither telemetry nor a notice, a download or a language model opens a connection."""
    attempts: list[object] = []

    def refuse(*args: object, **_kwargs: object) -> NoReturn:
        attempts.append(args[-1])
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(OSError, match="no network here"):
        socket.create_connection(("127.0.0.1", 9))
    assert attempts
    attempts.clear()

    for _ in range(6):  # mem0 has a notice for the fifth delete, and for words about time
        memory = store.add(WHO, Draft(content="on 2024-01-01 it rained", scope=ANNA))
        texts_found(store, "what happened yesterday?", top_k=200)
        store.list(WHO, ANNA, 200, None)
        store.delete(WHO, memory.id)
    assert attempts == []


def test_nothing_is_written_to_the_users_home(tmp_path: Path) -> None:
    """mem0's settings file goes to a temporary folder, which goes with the process."""
    code = (
        "from memconform_server.store import Draft\n"
        "from memconform_server.stores.mem0 import Mem0Store\n"
        "import os\n"
        "store = Mem0Store(':memory:')\n"
        "store.add('public', Draft(content='x', scope={'user_id': 'u'}))\n"
        "store.close()\n"
        "print(os.environ['MEM0_DIR'])\n"
    )
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(temporary))
    assert list(home.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_content_does_not_reach_mem0s_log(store: Mem0Store, caplog: pytest.LogCaptureFixture) -> None:
    """mem0 logs what it is given; nothing of it comes through."""
    with caplog.at_level("DEBUG"):
        memory = store.add(WHO, Draft(content="canary-7f3a", scope=ANNA, metadata={"user_id": "canary-7f3a"}))
        texts_found(store, "canary-7f3a")
        store.delete(WHO, memory.id)
    assert "canary-7f3a" not in caplog.text


# What mem0 does not have is refused


@pytest.mark.parametrize("member", ["confidence", "valid_from", "source", "ext"])
def test_members_without_a_place_are_refused(store: Mem0Store, member: str) -> None:
    """A member that mem0 would lose is refused by name, and nothing is stored."""
    values: dict[str, Any] = {
        "confidence": 0.5,
        "valid_from": datetime.now(UTC),
        "source": {},
        "ext": {"a": 1},
    }
    with pytest.raises(Refused, match=f"no place for {member}") as caught:
        store.add(WHO, Draft(content="x", scope=ANNA, **{member: values[member]}))
    assert caught.value.pointer == f"/{member}"
    assert contents(store, ANNA) == []


@pytest.mark.parametrize(("member", "value"), [("confidence", 0.5), ("valid_to", datetime.now(UTC)), ("ext", {"a": 1})])
def test_patches_of_members_without_a_place_are_refused(store: Mem0Store, member: str, value: object) -> None:
    """A patch of a member that mem0 would lose is refused by name, and changes nothing."""
    memory = store.add(WHO, Draft(content="x", scope=ANNA))
    changes: dict[str, Any] = {"content": "y", member: value}
    with pytest.raises(Refused, match=f"no place for {member}"):
        store.update(WHO, memory.id, lambda present: replace(present, **changes))
    assert store.get(WHO, memory.id) == memory


@pytest.mark.parametrize("field", ["/confidence", "/key", "/expires_at", '/metadata/a"b'])
def test_fields_that_mem0_cannot_name_are_refused(store: Mem0Store, field: str) -> None:
    """A filter by what mem0 has not, or has no path to, is refused by the bridge, never ignored."""
    with pytest.raises(Refused) as caught:
        texts_found(store, "x", filter=compare("eq", "x", field))
    assert (caught.value.pointer, caught.value.by_provider) == ("/filter", False)


@pytest.mark.parametrize(
    "tree",
    [
        compare("eq", 1.5),
        compare("eq", None),
        compare("ne", [1]),
        compare("in", [1, "note"]),
        compare("gt", "a"),
        compare("contains", 1),
        {"op": "and", "filters": [compare("eq", 1), compare("gt", 0)]},
    ],
)
def test_filters_that_mem0_refuses_are_refused_by_it(store: Mem0Store, tree: dict[str, Any]) -> None:
    """A value or a combination that mem0 does not take is its own refusal (422), not a failure."""
    with pytest.raises(Refused) as caught:
        texts_found(store, "x", filter=tree)
    assert (caught.value.pointer, caught.value.by_provider) == ("/filter", True)


def test_the_application_scope_is_refused(store: Mem0Store) -> None:
    """app_id is refused on every way in, never dropped: dropping it would widen the scope."""
    scope = {"user_id": "anna", "app_id": "x"}
    query = SearchQuery(text="x", scope=scope, top_k=10)
    for call in (
        lambda: store.add(WHO, Draft(content="x", scope=scope)),
        lambda: store.list(WHO, scope, 10, None),
        lambda: store.search(WHO, query),
    ):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.pointer == "/scope/app_id"


@pytest.mark.parametrize(("member", "value"), [("user_id", "a b"), ("agent_id", "a\u00a0b"), ("session_id", "\t")])
def test_whitespace_that_mem0_refuses_is_the_clients_fault(store: Mem0Store, member: str, value: str) -> None:
    """mem0's refusal of inner whitespace names the contract's member, and not the value."""
    with pytest.raises(Refused) as caught:
        store.add(WHO, Draft(content="x", scope={member: value}))
    assert caught.value.pointer == f"/scope/{member}"
    assert value not in caught.value.detail


def test_a_query_of_whitespace_is_the_clients_fault(store: Mem0Store) -> None:
    """mem0 refuses a blank query; the store names the member."""
    with pytest.raises(Refused) as caught:
        texts_found(store, " \n")
    assert caught.value.pointer == "/query"


# What mem0 does wrong stays visible: where one of these fails, mem0 got better and its page is stale


def test_the_wildcard_scope_reads_everybody(store: Mem0Store) -> None:
    """Finding 1: `user_id: "*"` lists and finds other users' memories (CORE-17, CORE-19, SEARCH-08)."""
    store.add(WHO, Draft(content="Anna's secret", scope=ANNA))
    star = SearchQuery(text="Anna's secret", scope={"user_id": "*"}, top_k=10)
    assert contents(store, {"user_id": "*"}) == ["Anna's secret"]
    assert [hit.memory.content for hit in store.search(WHO, star)] == ["Anna's secret"]


@pytest.mark.parametrize("value", [" anna", "anna\n"])
def test_scope_values_are_trimmed(store: Mem0Store, value: str) -> None:
    """Finding 2: mem0 trims ids, so two users become one (CORE-19)."""
    assert dict(store.add(WHO, Draft(content="x", scope={"user_id": value})).scope) == ANNA
    assert contents(store, ANNA) == ["x"]


def test_lists_are_ordered_by_id_not_by_time(store: Mem0Store) -> None:
    """Finding 4: a list is ordered by random id (CORE-14)."""
    added = [store.add(WHO, Draft(content=str(number), scope=ANNA)) for number in range(12)]
    listed = [each.id for each in store.list(WHO, ANNA, 200, None).items]
    assert listed == sorted(each.id for each in added)
    assert listed != [each.id for each in reversed(added)]


@pytest.mark.parametrize(
    "key",
    [
        "data",
        "hash",
        "id",
        "user_id",
        "agent_id",
        "run_id",
        "actor_id",
        "role",
        "attributed_to",
        "updated_at",
        "text_lemmatized",
    ],
)
def test_metadata_keys_that_mem0_uses_itself_are_lost(store: Mem0Store, key: str) -> None:
    """Finding 5: such a key is silently dropped or overwritten, while its neighbour is kept (CORE-07)."""
    added = store.add(WHO, Draft(content="x", scope=ANNA, metadata={key: "mine", "other": 1}))
    assert added.metadata == {"other": 1}


def test_metadata_can_forge_the_time_of_creation(store: Mem0Store) -> None:
    """Finding 6: `created_at` in the metadata becomes the record's (CORE-07, CORE-20)."""
    forged = {"created_at": "2001-01-01T00:00:00+00:00"}
    added = store.add(WHO, Draft(content="x", scope=ANNA, metadata=forged))
    assert added.created_at == datetime(2001, 1, 1, tzinfo=UTC)
    assert added.metadata == {}


@pytest.mark.parametrize("value", [5, "junk", None])
def test_one_poisoned_memory_breaks_its_whole_scope(store: Mem0Store, value: object) -> None:
    """Finding 7: one add with a bad `created_at` in its metadata, and the scope cannot be listed."""
    store.add(WHO, Draft(content="innocent", scope=ANNA))
    with pytest.raises(StoreError, match=r"mem0 (failed|returned)"):
        store.add(WHO, Draft(content="poison", scope=ANNA, metadata={"created_at": value}))
    with pytest.raises(StoreError, match=r"mem0 (failed|returned)"):
        contents(store, ANNA)


def test_metadata_can_hide_a_memory(store: Mem0Store) -> None:
    """Finding 8: `expiration_date` in the metadata hides a memory from list and search, not from get."""
    added = store.add(WHO, Draft(content="x", scope=ANNA, metadata={"expiration_date": "2020-01-01"}))
    assert store.get(WHO, added.id) == added
    assert contents(store, ANNA) == texts_found(store, "x") == []


def test_a_delete_during_a_walk_skips_a_memory(store: Mem0Store) -> None:
    """Finding 9: without a cursor, deleting what was already read makes the next page skip one (CORE-16)."""
    for number in range(6):
        store.add(WHO, Draft(content=f"fact {number}", scope=ANNA))
    whole = list(store.list(WHO, ANNA, 6, None).items)
    first = store.list(WHO, ANNA, 3, None)
    store.delete(WHO, first.items[0].id)
    second = store.list(WHO, ANNA, 3, first.next)
    assert [each.id for each in second.items] == [each.id for each in whole[4:]]


def test_queries_are_trimmed(store: Mem0Store) -> None:
    """Finding 10: a text is embedded with its outer whitespace, a query without: it hardly finds itself."""
    store.add(WHO, Draft(content=" a ", scope=ANNA))
    store.add(WHO, Draft(content="a", scope=ANNA))
    assert texts_found(store, " a ")[0] == "a"


def test_other_spellings_of_an_id_are_served(store: Mem0Store) -> None:
    """Finding 13: an id that was never given out, the same UUID in capitals, finds the memory (CORE-11)."""
    memory = store.add(WHO, Draft(content="x", scope=ANNA))
    assert memory.id != memory.id.upper()
    assert store.get(WHO, memory.id.upper()) == memory


def test_a_conjunction_forgets_conditions(store: Mem0Store) -> None:
    """Finding 18: of two conditions on one field with one operator only the last one counts (FILTERS-01)."""
    store.add(WHO, Draft(content="red", scope=ANNA, metadata={"v": "red"}))
    store.add(WHO, Draft(content="red and blue", scope=ANNA, metadata={"v": "blue"}))
    tree = {"op": "and", "filters": [compare("eq", "red"), compare("eq", "blue")]}
    assert texts_found(store, "red", filter=tree) == ["red and blue"]


def test_an_update_cannot_remove_metadata(store: Mem0Store) -> None:
    """Finding 20: what a patch removes on the first level stays (UPDATE-01)."""
    memory = store.add(WHO, Draft(content="x", scope=ANNA, metadata={"keep": 1, "drop": 2}))
    changed = store.update(WHO, memory.id, lambda present: replace(present, metadata={"keep": 1}))
    assert changed is not None
    assert changed.metadata == {"keep": 1, "drop": 2}


def test_updates_are_not_counted(store: Mem0Store) -> None:
    """Finding 21: mem0 has no versions, so the number stays (UPDATE-03)."""
    memory = store.add(WHO, Draft(content="x", scope=ANNA))
    changed = store.update(WHO, memory.id, lambda present: replace(present, content="y"))
    assert changed is not None
    assert changed.version == memory.version == 1
