"""Ingestion: messages in, an operation that ends, memories that say where they come from, failures that are told."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import command
from tests.server.following import added, erased, ingested, listed, settled
from tests.server.stub_model import HANGS, KEY, stub_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

MOVED = "I moved to Lisbon in May."
TEXT = {"Content-Type": "application/json"}


def test_a_plain_statement_becomes_a_memory(alice: httpx.Client, user: dict[str, str]) -> None:
    """The result lists it; it says that it was inferred, and from which message."""
    message = {"id": "m-1", "role": "user", "content": f"Hello! {MOVED} Where do I live?"}
    operation = ingested(alice, user, message, metadata={"topic": "home"})
    assert (operation["kind"], operation["status"]) == ("ingestion", "succeeded")
    (entry,) = operation["result"]["memories"]
    memory = alice.get(f"/v1/memories/{entry['id']}").json()
    assert entry["action"] == "added"
    assert (memory["content"], memory["scope"], memory["metadata"]) == (MOVED, user, {"topic": "home"})
    assert memory["source"] == {"method": "inferred", "message_ids": ["m-1"]}
    assert "key" not in memory


def test_messages_without_ids_are_not_given_any(alice: httpx.Client, user: dict[str, str]) -> None:
    """Ids of messages are the client's: of those that have none, none are made up."""
    messages = [MOVED, {"role": "user", "content": MOVED, "id": "b"}, {"role": "user", "content": MOVED, "id": None}]
    ingested(alice, user, *messages)
    (memory,) = listed(alice, user)
    assert memory["source"] == {"method": "inferred", "message_ids": ["b"]}


def test_the_same_again_adds_nothing(alice: httpx.Client, user: dict[str, str]) -> None:
    """A repeat names the memory that is there; another exact scope has its own."""
    first = ingested(alice, user, MOVED)["result"]["memories"][0]["id"]
    assert ingested(alice, user, MOVED)["result"] == {"memories": [{"id": first, "action": "unchanged"}]}
    narrower = {**user, "session_id": "s"}
    assert ingested(alice, narrower, MOVED)["result"]["memories"][0]["action"] == "added"
    assert ingested(alice, user, MOVED)["result"]["memories"] == [{"id": first, "action": "unchanged"}]
    assert len(listed(alice, user)) == 2


def test_a_verbatim_memory_counts_as_said(alice: httpx.Client, user: dict[str, str]) -> None:
    """What was added word for word is not added again by extraction."""
    memory = added(alice, user, MOVED)
    assert ingested(alice, user, MOVED)["result"]["memories"] == [{"id": memory["id"], "action": "unchanged"}]


def test_nothing_said_is_nothing_added(alice: httpx.Client, user: dict[str, str]) -> None:
    """An empty list and idle talk succeed with no memories."""
    for messages in ([], ["Hello!"], [{"role": "assistant", "content": ""}]):
        assert ingested(alice, user, *messages)["result"] == {"memories": []}
    assert listed(alice, user) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"messages": []}, ""),
        ({"scope": {}, "messages": []}, "/scope"),
        ({"scope": {"user_id": "u", "x": "y"}, "messages": []}, "/scope"),
        ({"scope": {"user_id": "u" * 257}, "messages": []}, "/scope/user_id"),
        ({"scope": {"user_id": "u"}, "messages": "text"}, "/messages"),
        ({"scope": {"user_id": "u"}, "messages": [{"role": "user"}]}, "/messages/0"),
        ({"scope": {"user_id": "u"}, "messages": [{"role": "robot", "content": "x"}]}, "/messages/0/role"),
        ({"scope": {"user_id": "u"}, "messages": [{"role": "user", "content": "é" * 32_769}]}, "/messages/0/content"),
        ({"scope": {"user_id": "u"}, "messages": [{"role": "user", "content": "x", "id": ""}]}, "/messages/0/id"),
        ({"scope": {"user_id": "u"}, "messages": [{"role": "user", "content": "x"}] * 201}, "/messages"),
        ({"scope": {"user_id": "u"}, "messages": [], "metadata": {"x": "y" * 16_384}}, "/metadata"),
        ({"scope": {"user_id": "u"}, "messages": [], "metadata": []}, "/metadata"),
    ],
)
def test_what_is_wrong_is_refused(alice: httpx.Client, body: Any, pointer: str) -> None:
    """A body that breaks schema or limits is 422 at once, and no operation begins."""
    answer = alice.post("/v1/ingestions", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_the_limit_of_messages_is_exact(alice: httpx.Client, user: dict[str, str]) -> None:
    """As many messages as advertised are taken."""
    messages = [f"Fact number {number} is true." for number in range(200)]
    assert len(ingested(alice, user, *messages)["result"]["memories"]) == 200


def test_too_many_memories_are_a_failure(alice: httpx.Client, user: dict[str, str]) -> None:
    """What cannot be stored in one step fails as a whole, and says so."""
    operation = ingested(alice, user, " ".join(f"Fact {number} holds." for number in range(1_001)))
    assert (operation["status"], operation.get("result")) == ("failed", None)
    assert operation["error"] == {
        "type": "urn:memory-api:problem:extraction-failed",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "More than 1000 memories came of the messages; send fewer messages at once.",
    }
    assert listed(alice, user) == []


def test_an_operation_is_its_principals(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Another principal's operation is unknown, in the same words as one that never was."""
    accepted = alice.post("/v1/ingestions", json={"scope": user, "messages": []})
    settled(alice, accepted)
    theirs, none = bob.get(accepted.headers["Location"]), bob.get("/v1/operations/none")
    assert theirs.status_code == none.status_code == 404
    assert theirs.json() == none.json()
    assert bob.get("/v1/operations/%00").status_code == 404


def test_a_repeat_with_a_key_begins_nothing(alice: httpx.Client, user: dict[str, str]) -> None:
    """The same key and body answer with the same operation; after an erasure they are gone."""
    body = {"scope": user, "messages": [{"role": "user", "content": MOVED}]}
    first, second = (
        alice.post("/v1/ingestions", json=body, headers={"Idempotency-Key": f"k{user}"[:200]}) for _ in range(2)
    )
    assert (second.status_code, second.content) == (202, first.content)
    assert second.headers["Location"] == first.headers["Location"]
    settled(alice, second)
    erased(alice, user)
    again = alice.post("/v1/ingestions", json=body, headers={"Idempotency-Key": f"k{user}"[:200]})
    assert again.status_code == 410
    assert listed(alice, user) == []


def test_a_model_extracts(run_server: Callable[..., Any]) -> None:
    """With an endpoint configured its answer becomes the memories."""
    facts = [{"content": "Lives in Lisbon.", "messages": [0, 1]}, {"content": "Has a dog.", "messages": [1]}]
    with stub_model({"memories": facts}) as stub:
        server = run_server(*options(stub.url), env={"MEMCONFORM_EXTRACTOR_API_KEY": KEY})
        with server.client() as client:
            messages = [{"id": name, "role": "user", "content": MOVED} for name in ("a", "b")]
            operation = ingested(client, {"user_id": "u"}, *messages)
            assert [each["action"] for each in operation["result"]["memories"]] == ["added", "added"]
            found = {memory["content"]: memory["source"]["message_ids"] for memory in listed(client, {"user_id": "u"})}
            assert found == {"Lives in Lisbon.": ["a", "b"], "Has a dog.": ["b"]}


def test_a_failing_model_is_a_failed_operation(run_server: Callable[..., Any]) -> None:
    """Never a silent success; and neither key, nor content, nor address in answer and log."""
    with stub_model(500) as stub:
        server = run_server(*options(stub.url), env={"MEMCONFORM_EXTRACTOR_API_KEY": "wrong-key-4711"})
        with server.client() as client:
            operation = ingested(client, {"user_id": "u"}, "My canary is Tweety.")
            assert (operation["status"], operation["error"]["status"]) == ("failed", 502)
            assert operation["error"]["detail"].startswith("The model's endpoint answered 401;")
            assert listed(client, {"user_id": "u"}) == []
        assert server.stop() == 0
        said = str(operation) + "".join(server.log)
        assert not [word for word in ("wrong-key", "Tweety", stub.url) if word in said]


def test_an_erasure_ends_what_is_under_way(run_server: Callable[..., Any]) -> None:
    """What a late model says after the erasure is dropped: the operation has failed by then, and nothing is stored."""
    late = threading.Event()

    class Late(list[Any]):
        def pop(self, _index: Any = 0) -> Any:
            late.wait(10)
            return {"memories": [{"content": "Too late to be true.", "messages": [0]}]}

    with stub_model() as stub:
        stub.script = Late([None, None])
        server = run_server(*options(stub.url))
        with server.client() as client:
            body = {"scope": {"user_id": "u"}, "messages": [{"role": "user", "content": MOVED}]}
            accepted = client.post("/v1/ingestions", json=body)
            wait_until(lambda: stub.asked)
            receipt = erased(client, {"user_id": "u"})
            assert receipt["counts"]["operations"] == 1
            late.set()
            assert settled(client, accepted)["status"] == "failed"
            time.sleep(0.3)
            assert listed(client, {"user_id": "u"}) == []


def test_an_operation_survives_the_death_of_the_server(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """What was accepted and not done before a kill is done by the next process."""
    data = tmp_path / "m.db"
    with stub_model(HANGS) as stub:
        server = run_server("--data", data, *options(stub.url))
        with server.client() as client:
            body = {"scope": {"user_id": "u"}, "messages": [{"role": "user", "content": MOVED}]}
            accepted = client.post("/v1/ingestions", json=body)
            wait_until(lambda: stub.asked)
            assert client.get(accepted.headers["Location"]).json()["status"] == "running"
        server.kill()
    again = run_server("--data", data)
    with again.client() as client:
        assert settled(client, accepted)["status"] == "succeeded"
        assert [memory["content"] for memory in listed(client, {"user_id": "u"})] == [MOVED]


def test_a_hanging_model_does_not_hold_up_a_stop(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """The server stops in time and without a fault; the operation waits for the next one."""
    with stub_model(HANGS) as stub:
        server = run_server("--data", tmp_path / "m.db", *options(stub.url))
        with server.client() as client:
            client.post(
                "/v1/ingestions", json={"scope": {"user_id": "u"}, "messages": [{"role": "user", "content": "x"}]}
            )
            wait_until(lambda: stub.asked)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 9
    assert not [line for line in server.log if "Traceback" in line or '"failure"' in line]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--extractor-url", "http://127.0.0.1:9/v1"], "--extractor-url and --extractor-model go together"),
        (["--summariser-model", "small"], "--summariser-url and --summariser-model go together"),
        (["--extractor-url", "127.0.0.1:9", "--extractor-model", "m"], "needs the base of an API"),
        (["--extractor-url", "http://h/v1?key=s3cret", "--extractor-model", "m"], "needs the base of an API"),
        (["--extractor-url", "http://[/v1", "--extractor-model", "m"], "needs the base of an API"),
        (["--extractor-url", "http://u:s3cret@h/v1", "--extractor-model", "m"], "MEMCONFORM_EXTRACTOR_API_KEY"),
    ],
)
def test_options_that_make_no_endpoint_are_refused(given: list[str], told: str) -> None:
    """Before anything starts, with a sentence that says what to do and shows no secret."""
    run = subprocess.run(command(*given), capture_output=True, text=True, timeout=20)
    assert (run.returncode, run.stdout) == (2, "")
    assert told in run.stderr
    assert "s3cret" not in run.stderr


def test_a_key_that_no_header_can_carry_is_refused() -> None:
    """A key with a line feed in it would end the header; the key itself is not shown."""
    given = command("--extractor-url", "http://h/v1", "--extractor-model", "m")
    env = {**os.environ, "MEMCONFORM_EXTRACTOR_API_KEY": "s3\ncret"}
    run = subprocess.run(given, capture_output=True, text=True, timeout=20, env=env)
    assert (run.returncode, "cret" in run.stderr) == (2, False)
    assert "MEMCONFORM_EXTRACTOR_API_KEY may hold printable ASCII characters only" in run.stderr


def options(url: str) -> tuple[str, ...]:
    """Return the options that name an endpoint."""
    return ("--extractor-url", url, "--extractor-model", "small")


def wait_until(holds: Callable[[], Any]) -> None:
    """Return when something holds; fail when it does not within ten seconds."""
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
