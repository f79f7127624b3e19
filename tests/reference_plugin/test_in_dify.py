"""Every tool through Dify's real runtime, against the reference server."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from memconform.dify import Invocation, Plugin
from memconform.serving import served

from .authority import Authority
from .conftest import PLUGIN
from .scripted_server import Received, Scripted, always, memory, reply, scripted
from .test_declarations import TOOLS, declared

FIVE_MIB = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the reference server with two keys."""
    with served([], {"MEMCONFORM_SERVER_API_KEYS": "key-a,key-b"}) as found:
        yield found


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    """Start one process of the plugin; at its end it has said nothing but the protocol, and no key."""
    with Plugin.start(PLUGIN) as running:
        yield running
        assert running.stray == []
        assert running.stderr() == ""
        for key in (b"key-a", b"key-b", b"secret-key-of-a-test"):
            assert key not in running.written()


class Dify:
    """Calls tools for one user with one key."""

    def __init__(self, plugin: Plugin, url: str, key: str = "key-a", user: str | None = None) -> None:
        self.plugin, self.credentials = plugin, {"base_url": url, "api_key": key}
        self.user = user or f"user-{uuid.uuid4()}"

    def call(self, tool: str, **parameters: object) -> Invocation:
        """Call a tool."""
        bound = {"user_id": self.user, **parameters}
        return self.plugin.invoke(tool, bound, credentials=self.credentials, user_id="dify-internal-id")

    def done(self, tool: str, **parameters: object) -> dict[str, Any]:
        """Call a tool that has to succeed; its JSON, variables and text have to fit what it declares."""
        found = self.call(tool, **parameters)
        assert found.error is None, found.error
        (members,) = found.json
        assert set(found.variables) == set(declared(f"tools/{tool}.yaml")["output_schema"]["properties"])
        expected = {name: "" if value is None else value for name, value in members.items()}
        assert found.variables == expected
        assert found.text
        assert isinstance(members, dict)
        return members

    def failed(self, tool: str, **parameters: object) -> str:
        """Call a tool that has to fail; return its one line."""
        found = self.call(tool, **parameters)
        assert found.error is not None, found.json
        assert found.json == []
        assert "\n" not in found.error.message
        return found.error.message


@pytest.fixture
def dify(plugin: Plugin, url: str) -> Dify:
    """Return a new user."""
    return Dify(plugin, url)


def test_credentials(plugin: Plugin, url: str) -> None:
    """The right key is valid; a wrong one, a wrong place and nothing at all are not."""
    assert plugin.validate({"base_url": url + "/", "api_key": "key-b"}) is None
    for credentials, said in (
        ({"base_url": url, "api_key": "wrong-key-here"}, "unauthorized: "),
        ({"base_url": url}, "unauthorized: "),
        ({"base_url": url + "/elsewhere", "api_key": "key-a"}, "not_a_memory_server: "),
        ({"base_url": "http://127.0.0.1:1", "api_key": "key-a"}, "refused: "),
        ({}, "bad_settings: "),
    ):
        error = plugin.validate(credentials)
        assert error is not None
        assert error.type == "ToolProviderCredentialValidationError"
        assert error.message.startswith(said)
        assert "wrong-key-here" not in repr(error)


def test_add_and_get(dify: Dify) -> None:
    """What is added comes back as it was, with all that was given."""
    content = "  e\u0301 null\r\n😀\u202e "
    added = dify.done(
        "add_memory",
        content=content,
        metadata='{"topic": "tools", "n": 12345678901234567890}',
        confidence="0.5",
        expires_at="2100-01-01T00:00:00Z",
        agent_id="a1",
    )
    assert added["memory"]["content"] == content
    assert added["memory"]["scope"] == {"user_id": dify.user, "agent_id": "a1"}
    got = dify.done("get_memory", memory_id=added["memory_id"])
    assert got["memory"] == added["memory"]
    assert got["memory"]["metadata"] == {"topic": "tools", "n": 12345678901234567890}
    assert got["memory"]["confidence"] == 0.5
    assert got["memory"]["expires_at"]
    assert (added["version"], added["created_at"]) == (1, got["memory"]["created_at"])


def test_same_idempotency_key_adds_once(dify: Dify) -> None:
    """A repeat with a key of the author's own has one effect."""
    key = str(uuid.uuid4())
    ids = {dify.done("add_memory", content="once", idempotency_key=key)["memory_id"] for _ in range(2)}
    assert len(ids) == 1
    assert dify.done("list_memories")["count"] == 1


def test_user_falls_back_to_dify_and_is_in_the_output(plugin: Plugin, url: str) -> None:
    """Without a bound user it is Dify's own id of the person, and the output says whose memory it was."""
    user = f"user-{uuid.uuid4()}"
    for given in ({}, {"user_id": None}, {"user_id": ""}, {"user_id": "null"}):
        found = plugin.invoke(
            "add_memory", {"content": "x", **given}, credentials={"base_url": url, "api_key": "key-a"}, user_id=user
        )
        assert found.error is None
        assert found.json[0]["user_id"] == found.json[0]["memory"]["scope"]["user_id"] == user


def test_search(dify: Dify) -> None:
    """Results come ranked with their scores; number, score and filter narrow them."""
    for topic in ("pnpm", "yarn", "tea"):
        dify.done("add_memory", content=f"I like {topic} very much", metadata={"topic": topic})
    found = dify.done("search_memory", query="pnpm")
    assert found["results"][0]["memory"]["content"] == "I like pnpm very much"
    assert found["count"] == len(found["results"])
    assert dify.done("search_memory", query="like", top_k="1.0")["count"] == 1
    assert dify.done("search_memory", query="pnpm", min_score=1.01)["count"] == 0
    condition = json.dumps({"op": "eq", "field": "/metadata/topic", "value": "tea"})
    assert [
        each["memory"]["metadata"]["topic"]
        for each in dify.done("search_memory", query="pnpm", filter=condition)["results"]
    ] == ["tea"]
    assert "invalid: " in dify.failed("search_memory", query="x", filter='{"op": "like"}')


def test_recall(dify: Dify) -> None:
    """The context holds memories as they are within its characters, and names them."""
    ids = {dify.done("add_memory", content=f"tea fact {number}: " + "x" * 200)["memory_id"] for number in range(10)}
    recalled = dify.done("recall_context", query="tea", max_chars=700)
    assert len(recalled["context"]) <= 700
    assert recalled["truncated"]
    assert set(recalled["memory_ids"]) < ids
    assert recalled["count"] == len(recalled["memory_ids"]) == recalled["context"].count("tea fact")
    assert (recalled["degraded"], recalled["degraded_reason"]) == (False, "")
    assert dify.done("recall_context", query="tea", session_id="another")["context"] == ""


def test_recall_degrades_only_when_asked_to(plugin: Plugin) -> None:
    """Where the memory cannot be asked, the author's choice decides: a failure, or an empty text that says why."""
    away = Dify(plugin, "http://127.0.0.1:1")
    assert away.failed("recall_context", query="tea").startswith("refused: ")
    degraded = away.done("recall_context", query="tea", on_error="empty")
    assert (degraded["context"], degraded["degraded"]) == ("", True)
    assert degraded["degraded_reason"].startswith("refused: ")
    assert away.failed("recall_context", query="", on_error="empty").startswith("bad_parameter: ")


def test_list_in_pages(dify: Dify) -> None:
    """A walk over the pages meets each memory once; the last page has no cursor."""
    added = [dify.done("add_memory", content=f"{number}")["memory_id"] for number in range(5)]
    walked, cursor = [], None
    while True:
        page = dify.done("list_memories", limit="2", cursor=cursor)
        walked += [each["id"] for each in page["memories"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(walked) == sorted(added)
    assert dify.failed("list_memories", cursor="nonsense").startswith("invalid: ")


def test_update_and_history(dify: Dify) -> None:
    """A change raises the version, leaves alone what is not given, and stays in the history."""
    memory_id = dify.done("add_memory", content="old", metadata={"a": 1, "b": 2})["memory_id"]
    changed = dify.done("update_memory", memory_id=memory_id, content="null", metadata={"a": None}, confidence="")
    assert (changed["version"], changed["memory"]["content"], changed["memory"]["metadata"]) == (2, "null", {"b": 2})
    versions = dify.done("memory_history", memory_id=memory_id)
    assert [each["content"] for each in versions["versions"]] == ["old", "null"]
    assert versions["count"] == 2
    assert "should be given" in dify.failed("update_memory", memory_id=memory_id)


def test_delete(dify: Dify) -> None:
    """A deleted memory is gone, and deleting it again is a failure."""
    memory_id = dify.done("add_memory", content="x")["memory_id"]
    assert dify.done("delete_memory", memory_id=memory_id)["deleted"] is True
    for tool in ("delete_memory", "get_memory", "memory_history"):
        assert dify.failed(tool, memory_id=memory_id).startswith("not_found: ")


def test_other_users_memory_is_out_of_reach(plugin: Plugin, url: str, dify: Dify) -> None:
    """Whatever id a model comes up with, it reads like one that is not there, and nothing happens to it."""
    memory_id = dify.done("add_memory", content="mine")["memory_id"]
    other = Dify(plugin, url)
    for tool, more in (
        ("get_memory", {}),
        ("update_memory", {"content": "x"}),
        ("delete_memory", {}),
        ("memory_history", {}),
    ):
        there = other.failed(tool, memory_id=memory_id, **more)
        assert there.replace(memory_id, "nothing") == other.failed(tool, memory_id="nothing", **more)
    assert dify.done("get_memory", memory_id=memory_id)["memory"]["version"] == 1


@pytest.mark.parametrize("memory_id", ["../v1/export?user_id=x", "a/../b", "%2e%2e", "..", ".", "", "\n", None, 5, "ü"])
def test_hostile_id_is_a_sentence(dify: Dify, memory_id: object) -> None:
    """An id never leads anywhere but to a memory."""
    for tool in ("get_memory", "delete_memory", "memory_history"):
        assert dify.failed(tool, memory_id=memory_id).split(":")[0] in {"not_found", "bad_parameter"}


def test_set_and_get_value(dify: Dify) -> None:
    """One value a key and exact scope; an unset key is a failure unless there is a default."""
    assert dify.done("set_value", key="a b&c", value=" null ")["version"] == 1
    assert dify.done("set_value", key="a b&c", value="vim\n")["version"] == 2
    assert dify.done("get_value", key="a b&c") == {
        "key": "a b&c",
        "value": "vim\n",
        "found": True,
        "truncated": False,
        "user_id": dify.user,
    }
    assert dify.failed("get_value", key="a b&c", agent_id="x").startswith("not_found: ")
    unset = dify.done("get_value", key="unset", default="emacs")
    assert (unset["value"], unset["found"]) == ("emacs", False)


def test_ingest(dify: Dify) -> None:
    """Messages become memories; without waiting the operation is on its way."""
    done = dify.done("ingest_conversation", messages="user: I live in Lisbon.\nassistant: Nice!")
    assert done["status"] == "succeeded"
    assert [each["action"] for each in done["memories"]] == ["added"]
    assert dify.done("list_memories")["memories"][0]["source"]["method"] == "inferred"
    going = dify.done("ingest_conversation", messages=[{"role": "user", "content": "I drink tea."}], wait="false")
    assert going["status"] in {"pending", "running", "succeeded"}
    assert going["operation_id"]


def test_export(dify: Dify) -> None:
    """Records and file hold the same, and the file is an export that a server takes."""
    for number in range(3):
        dify.done("add_memory", content=f"{number} ü")
    found = dify.call("export_memories")
    (members,) = found.json
    (blob,) = found.blobs
    assert blob.meta["mime_type"] == "application/x-ndjson"
    manifest, *lines = (json.loads(line) for line in blob.data.splitlines())
    assert lines == members["records"]
    assert (members["count"], manifest["count"], members["complete"]) == (3, 3, True)
    imported = httpx.post(
        f"{dify.credentials['base_url']}/v1/import",
        content=blob.data,
        headers={"Content-Type": "application/x-ndjson", "Authorization": "Bearer key-b"},
    )
    assert imported.json()["count"] == 3
    part = dify.done("export_memories", max_records=2)
    assert (part["count"], part["complete"]) == (2, False)
    assert "2 of 3" in part["incomplete_reason"]


def test_forget_user(plugin: Plugin, url: str, dify: Dify) -> None:
    """Without confirmation nothing happens; with it everything of this user goes, and of nobody else."""
    other = Dify(plugin, url)
    for each in (dify, other):
        each.done("add_memory", content="x", agent_id="a")
    for confirm in (None, False, "false", "maybe"):
        assert dify.failed("forget_user", confirm=confirm).startswith("bad_parameter: ")
    assert dify.done("list_memories")["count"] == 1
    forgotten = dify.done("forget_user", confirm="true", agent_id="ignored")
    assert forgotten["status"] == "succeeded"
    assert forgotten["receipt"]["scope"] == {"user_id": dify.user}
    assert forgotten["receipt"]["counts"]["memories"] == 1
    assert (dify.done("list_memories")["count"], other.done("list_memories")["count"]) == (0, 1)


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_given_is_a_sentence(plugin: Plugin, url: str, tool: str) -> None:
    """A call without any parameter, or with null for each, ends in a sentence or a result, never in a KeyError."""
    names = [each["name"] for each in declared(f"tools/{tool}.yaml")["parameters"]]
    for parameters in ({}, dict.fromkeys(names), dict.fromkeys(names, ""), dict.fromkeys(names, "null")):
        found = plugin.invoke(tool, parameters, credentials={"base_url": url, "api_key": "key-a"}, user_id="nobody")
        if found.error is not None:
            assert found.error.type == "MemoryFailure"
            assert found.error.message.split(":")[0] in {"bad_parameter", "not_found", "invalid"}


def test_large_results_are_cut_and_said(plugin: Plugin) -> None:
    """Megabytes of memories stay below the line at which Dify ends a plugin, and the result says so."""
    results = [{"memory": memory("\0😀" * 10_000, id=f"m-{number}", user="u"), "score": 0.5} for number in range(30)]
    with scripted(always(reply(200, {"results": results}))) as server:
        here = Dify(plugin, f"http://127.0.0.1:{server.port}", "secret-key-of-a-test", "u")
        found = here.call("search_memory", query="x")
        assert found.json[0]["truncated"] is True
        assert 0 < found.json[0]["count"] < 30
        assert max(len(json.dumps(each)) for each in found.messages) < FIVE_MIB / 2
        one = [{"memory": memory("😀" * 1_000_000, user="u"), "score": 0.5}]
    with scripted(always(reply(200, {"results": one}))) as server:
        found = Dify(plugin, f"http://127.0.0.1:{server.port}", "secret-key-of-a-test", "u").call(
            "search_memory", query="x"
        )
        assert (found.json[0]["truncated"], found.json[0]["count"]) == (True, 1)


def test_fifty_calls_at_once_do_not_cross(plugin: Plugin, url: str) -> None:
    """Fifty users with two keys at once: each sees its own memories and nobody else's."""
    users = [Dify(plugin, url, ("key-a", "key-b")[number % 2], f"crowd-{number // 2}") for number in range(50)]

    def live(user: Dify) -> Mapping[str, Any]:
        mark = hashlib.sha256(f"{user.user} {user.credentials['api_key']}".encode()).hexdigest()
        user.done("add_memory", content=mark)
        found = user.done("search_memory", query=mark)
        assert [each["memory"]["content"] for each in found["results"]] == [mark]
        return found

    with ThreadPoolExecutor(50) as pool:
        assert all(found["count"] == 1 for found in pool.map(live, users))


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("start", [b"", HEAD + b"X: ", HEAD + b"Content-Length: 100000\r\n\r\n{"])
@pytest.mark.parametrize("encrypted", [False, True])
def test_slow_server_is_a_timeout(plugin: Plugin, authority: Authority, start: bytes, *, encrypted: bool) -> None:
    """Also where gevent has replaced sockets, and over TLS, a server that drips bytes is a timeout at the deadline."""

    def drip(sock: socket.socket, _request: Received, _server: Scripted) -> bool:
        sock.sendall(start)
        for _ in range(100):
            sock.sendall(b" ")
            time.sleep(0.1)
        return False

    context = authority.server("DNS:localhost") if encrypted else None
    with scripted(drip, context) as server:
        here = Dify(plugin, f"{'https' if encrypted else 'http'}://localhost:{server.port}")
        here.credentials |= {"deadline_s": "0.8", "ca_certificate": authority.pem.replace("\n", " ")}
        started = time.monotonic()
        assert here.failed("search_memory", query="x").startswith("timeout: ")
        assert 0.8 <= time.monotonic() - started < 4.0


def test_own_authority(plugin: Plugin, authority: Authority) -> None:
    """Over TLS calls share a connection, and trust only what the settings say."""
    with scripted(always(reply(200, {"results": []})), authority.server("DNS:localhost")) as server:
        trusting = Dify(plugin, f"https://localhost:{server.port}")
        trusting.credentials["ca_certificate"] = authority.pem
        for _ in range(5):
            assert trusting.done("search_memory", query="x")["count"] == 0
        assert server.connections == 1
        assert Dify(plugin, f"https://localhost:{server.port}").failed("search_memory", query="x").startswith("tls: ")


def test_failure_shows_no_insides(plugin: Plugin) -> None:
    """Nothing of the exception chain, of other tenants or of this machine is in the message."""
    message = Dify(plugin, "http://127.0.0.1:1").failed("list_memories")
    assert os.sep + "memory_api" not in message
    assert "Traceback" not in message
