"""mem0's own extraction behind the bridge: the real library, which asks a model over HTTP."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.store import CannotOpen, Refused
from memconform_server.stores import Opening, open_store

from .exchange import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import Job, MemoryStore

    from .exchange import Exchange, Request

WHO = "public"
ANNA = {"user_id": "anna"}
SCRIPT = Path(__file__).parents[2] / "fixtures" / "providers" / "mem0-infer" / "model.json"

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("mem0") is None, reason="needs the extra `mem0`"),
]


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """Serve the model of the provider definition mem0-infer, and give its base URL."""
    command = [sys.executable, "-m", "memconform_server.model_stub", "--port", "0", "--script", str(SCRIPT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def opened(url: str, key: str | None = None, **options: str) -> MemoryStore:
    """Open the store with extraction on."""
    named = {"infer": "on", "llm_url": url, "llm_model": "rules", **options}
    return open_store("mem0", Opening(options=named, key=key))


def said(*contents: str, role: str = "user") -> dict[str, Any]:
    """Return an ingestion as the app hands it over."""
    messages = [{"role": role, "content": each, "id": f"m{n}", "at": None} for n, each in enumerate(contents)]
    return {"messages": messages, "metadata": {"from": "chat"}}


def ingested(store: MemoryStore, *contents: str, **more: Any) -> Job:
    """Take messages of Anna's in."""
    return store.begin(WHO, "ingestion", more.pop("scope", ANNA), said(*contents, **more))


def contents(store: MemoryStore) -> list[str]:
    """Return the texts of Anna's memories, sorted."""
    return sorted(each.content for each in store.list(WHO, ANNA, 100, None).items)


def test_messages_become_memories(model: str) -> None:
    """mem0 asks the model; what it made has the scope and the metadata, and is listed in the ended operation."""
    store = opened(model)
    assert "ingestion" in store.capabilities()["profiles"]
    job = ingested(store, "I am allergic to peanuts.", "My sister lives in Porto.")
    assert job.status == "succeeded"
    rows = job.result["memories"]
    assert [row["action"] for row in rows] == ["added", "added"]
    memories = [store.get(WHO, row["id"]) for row in rows]
    assert [(each.content, dict(each.scope), dict(each.metadata)) for each in memories if each] == [
        ("The user said: I am allergic to peanuts.", ANNA, {"from": "chat"}),
        ("The user said: My sister lives in Porto.", ANNA, {"from": "chat"}),
    ]
    assert store.job(WHO, job.id) == job
    assert store.job("other", job.id) is None
    assert store.claim() is None
    store.close()


def test_the_same_messages_twice_add_nothing(model: str) -> None:
    """mem0 compares hashes: the second operation succeeds with nothing in it."""
    store = opened(model)
    assert len(ingested(store, "I am Anna.").result["memories"]) == 1
    assert ingested(store, "I am Anna.").result == {"memories": []}
    assert contents(store) == ["The user said: I am Anna."]
    store.close()


def test_an_added_memory_is_still_verbatim(model: str) -> None:
    """With extraction on, an add asks no model."""
    from memconform_server.store import Draft

    store = opened(model)
    assert store.add(WHO, Draft(content="DECLINE this", scope=ANNA)).content == "DECLINE this"
    store.close()


def test_a_model_that_declines_is_an_empty_success(model: str) -> None:
    """Finding 25: an answer that is no JSON succeeds with nothing (INGESTION-03)."""
    store = opened(model)
    job = ingested(store, "DECLINE this, please")
    assert (job.status, job.result) == ("succeeded", {"memories": []})
    store.close()


def test_what_was_inferred_does_not_say_so(model: str) -> None:
    """Finding 25: no memory names its messages (INGESTION-02)."""
    store = opened(model)
    memory = store.get(WHO, ingested(store, "I am Anna.").result["memories"][0]["id"])
    assert memory is not None
    assert memory.source is None
    store.close()


def test_scopes_that_mem0_refuses_begin_nothing(model: str) -> None:
    """The bridge refuses an application, mem0 whitespace; each names its member."""
    store = opened(model)
    for scope, pointer, by_provider in (
        ({"app_id": "a"}, "/scope/app_id", False),
        ({"user_id": "a b"}, "/scope/user_id", True),
    ):
        with pytest.raises(Refused) as caught:
            ingested(store, "I am Anna.", scope=scope)
        assert (caught.value.pointer, caught.value.by_provider) == (pointer, by_provider)
    store.close()


class Endpoint:
    """A model's endpoint whose chat can be told to fail; it remembers who asked."""

    def __init__(self, chat_takes_s: float = 0) -> None:
        self.chat: Exchange = {"status": 401, "json": {"error": {"message": "canary in the error"}}}
        self.chat_takes_s = chat_takes_s
        self.keys: set[str] = set()

    def __call__(self, request: Request) -> Exchange:
        """Answer `/models` at once, and the chat as told."""
        self.keys.add(request.headers.get("authorization", ""))
        if request.target == "/v1/models":
            return {"status": 200, "json": {"data": []}}
        time.sleep(self.chat_takes_s)
        return self.chat


def test_a_model_that_fails_is_a_failed_operation() -> None:
    """The operation has a problem that blames the model, without what the model said; nothing is stored."""
    endpoint = Endpoint()
    with serving(endpoint) as url:
        store = opened(f"{url}/v1", key="the-key")
        job = ingested(store, "I am Anna.")
    assert (job.status, job.error["status"]) == ("failed", 502)
    assert "language model" in job.error["detail"]
    assert "canary" not in str(job.error)
    assert endpoint.keys == {"Bearer the-key"}
    assert contents(store) == []
    store.close()


def test_a_model_that_is_gone_is_a_failed_operation() -> None:
    """What dies after the start is told in the operation, too, and the store goes on."""
    with serving(Endpoint()) as url:
        store = opened(f"{url}/v1")
    job = ingested(store, "I am Anna.")
    assert (job.status, job.error["status"]) == ("failed", 502)
    assert contents(store) == []
    store.close()


def test_a_model_that_is_slow_is_a_failed_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer has a deadline: mem0's own client would wait for ten minutes."""
    from memconform_server.stores import mem0_library

    monkeypatch.setattr(mem0_library, "DEADLINE_S", 0.1)
    with serving(Endpoint(chat_takes_s=1)) as url:
        store = opened(f"{url}/v1")
        job = ingested(store, "I am Anna.")
    assert (job.status, job.error["status"]) == ("failed", 502)
    store.close()


def test_nobody_at_the_models_address_is_told_at_the_start() -> None:
    """The option is named, and nothing is opened."""
    with serving(Endpoint()) as url:
        pass
    with pytest.raises(CannotOpen, match=r"cannot be reached at http.*llm_url"):
        opened(f"{url}/v1")


def test_something_else_at_the_models_address_is_told_at_the_start() -> None:
    """A server without models is none."""
    with (
        serving(lambda _: {"status": 404, "text": "nothing here"}) as url,
        pytest.raises(CannotOpen, match=r"is not .*llm_url"),
    ):
        opened(f"{url}/v1")


def test_a_key_that_the_model_refuses_is_told_at_the_start() -> None:
    """The variable is named, the key is not shown."""
    with serving(lambda _: {"status": 401, "text": ""}) as url, pytest.raises(CannotOpen) as caught:
        opened(f"{url}/v1", key="the-key")
    assert "MEMCONFORM_UPSTREAM_API_KEY" in str(caught.value)
    assert "the-key" not in str(caught.value)


def test_openrouter_in_the_environment_is_told_at_the_start(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """mem0 would send every message there, whatever address it is given."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "x")
    with pytest.raises(CannotOpen, match="unset OPENROUTER_API_KEY"):
        opened(model)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"infer": "yes"}, "takes on or off"),
        ({"infer": "on"}, "llm_url"),
        ({"infer": "on", "llm_url": "http://127.0.0.1:9/v1"}, "llm_model"),
        ({"llm_model": "x"}, "needs --option infer=on"),
        ({"infer": "off", "llm_url": "x"}, "needs --option infer=on"),
        ({"colour": "red"}, "no option 'colour'"),
    ],
)
def test_options_that_make_no_sense_are_told(options: dict[str, str], told: str) -> None:
    """Each is a sentence for the operator, before anything is opened."""
    with pytest.raises(CannotOpen, match=told):
        open_store("mem0", Opening(options=options))
