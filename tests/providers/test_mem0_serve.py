"""`memconform serve --store mem0`: the real library behind real HTTP, and a clear word where it is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from memconform_server.store import CannotOpen
from memconform_server.stores import Opening, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVE = [sys.executable, "-m", "memconform_server", "--store", "mem0"]
ANNA = {"user_id": "anna"}

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("mem0") is None, reason="needs the extra `mem0`"),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    """Serve mem0 to one principal on a free port, with its data in a folder of the test's own."""
    command = [*SERVE, "--port", "0", "--data", str(tmp_path / "data"), "--no-access-log"]
    environment = os.environ | {"MEMCONFORM_SERVER_API_KEYS": "key-1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        announced = process.stdout.readline().split()
        url = next(word for word in announced if word.startswith("http://127.0.0.1:"))
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer key-1"}) as client:
            yield client
        process.terminate()
        assert process.wait(timeout=20) == 0


def add(client: httpx.Client, **memory: Any) -> httpx.Response:
    """Post a memory."""
    return client.post("/v1/memories", json=memory)


def test_a_memory_goes_in_and_comes_out(client: httpx.Client) -> None:
    """Add, get, list, search and delete work over HTTP; the answers come from mem0, not from the bridge."""
    added = add(client, content="I like green tea", scope=ANNA, metadata={"topic": "drinks"})
    assert added.status_code == 201
    assert "memory-answered-by" not in added.headers
    memory = added.json()
    path = added.headers["location"]
    query = {"query": "tea", "scope": ANNA}

    assert client.get(path).json() == memory
    assert client.get("/v1/memories", params=ANNA).json() == {"items": [memory], "next_cursor": None}
    assert [each["memory"] for each in client.post("/v1/search", json=query).json()["results"]] == [memory]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.post("/v1/search", json=query).json()["results"] == []


def test_a_memory_is_changed_and_found_by_its_metadata(client: httpx.Client) -> None:
    """PATCH and a filtered search work over HTTP; the answers come from mem0, not from the bridge."""
    memory = add(client, content="I like green tea", scope=ANNA, metadata={"topic": "drinks"}).json()
    patch = {"content": "I like black tea", "metadata": {"cups": 3}}
    changed = client.patch(f"/v1/memories/{memory['id']}", json=patch)
    assert changed.status_code == 200
    assert "memory-answered-by" not in changed.headers
    assert changed.json()["content"] == "I like black tea"
    assert changed.json()["metadata"] == {"topic": "drinks", "cups": 3}

    for cups, found in ((2, [changed.json()]), (3, [])):
        tree = {"op": "gt", "field": "/metadata/cups", "value": cups}
        results = client.post("/v1/search", json={"query": "tea", "scope": ANNA, "filter": tree}).json()["results"]
        assert [each["memory"] for each in results] == found


@pytest.mark.parametrize(
    ("member", "tree", "by_bridge"),
    [
        ("value", {"op": "eq", "field": "/metadata/v", "value": 1.5}, False),
        ("field", {"op": "eq", "field": "/confidence", "value": 1}, True),
        ("operator", {"op": "exists", "field": "/metadata/v", "value": True}, True),
    ],
)
def test_filters_that_are_refused_say_by_whom(
    client: httpx.Client, member: str, tree: dict[str, Any], by_bridge: bool
) -> None:
    """What mem0 refuses is its answer, what the bridge cannot ask is the bridge's; both are 422 at the filter."""
    refused = client.post("/v1/search", json={"query": "x", "scope": ANNA, "filter": tree})
    assert refused.status_code == 422, member
    assert refused.json()["errors"][0]["pointer"].startswith("/filter")
    assert (refused.headers.get("memory-answered-by") == "bridge") is by_bridge


def test_only_what_mem0_can_do_is_declared(client: httpx.Client) -> None:
    """The capability document names what mem0 offers; no tenancy, though the server has credentials."""
    document = client.get("/v1/capabilities").json()
    assert document["profiles"] == ["core", "search", "filters", "update"]
    assert "exists" not in document["search"]["filter_operators"]
    assert document["search"]["deterministic"] is False
    assert document["service"]["version"] == "2.2.1"


def test_the_bridges_own_refusals_say_so(client: httpx.Client) -> None:
    """A scope that mem0 does not have is 422, names the member, and is marked as the bridge's answer."""
    refused = add(client, content="x", scope={"app_id": "a"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/scope/app_id"
    assert refused.headers["memory-answered-by"] == "bridge"


def test_mem0s_own_refusals_do_not(client: httpx.Client) -> None:
    """What mem0 was asked and refused is its own answer, though the bridge words the problem."""
    refused = add(client, content="x", scope={"user_id": "a b"})
    assert refused.status_code == 422
    assert "memory-answered-by" not in refused.headers


def test_mem0s_failures_say_nothing_of_its_insides(client: httpx.Client) -> None:
    """A scope that mem0 cannot read any more is a 500 without content, path or type of the library."""
    failed = add(client, content="canary", scope=ANNA, metadata={"created_at": 5})
    assert failed.status_code == 500
    assert not [word for word in ("canary", "mem0", "pydantic", "/", "Traceback") if word in failed.json()["detail"]]


def test_without_the_library_the_extra_is_named() -> None:
    """Opening the store where `mem0ai` is not installed says what to install."""
    code = (
        "import sys; sys.modules['mem0'] = None\n"
        "from memconform_server.store import CannotOpen\n"
        "from memconform_server.stores import Opening, open_store\n"
        "try:\n    open_store('mem0', Opening())\n"
        "except CannotOpen as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "install memconform[mem0]" in done.stdout


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Data below a plain file cannot be opened; the message names the folder and the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotOpen, match=r"data\.mem0 cannot be written .* name another --data"):
        open_store("mem0", Opening(str(tmp_path / "file" / "data")))
