"""`memconform serve --store langchain`: real HTTP, one principal, and a clear word where the extra is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVE = [sys.executable, "-m", "memconform_server", "--port", "0", "--no-access-log", "--store"]
ANNA = {"user_id": "anna"}
STORES = {"langchain": "langchain_core", "semantic-kernel": "semantic_kernel"}

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(
        not all(map(find_spec, STORES.values())), reason="needs the extras `langchain` and `semantic-kernel`"
    ),
]


@pytest.fixture(params=STORES)
def client(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Serve a store to one principal on a free port; it says nothing on stderr meanwhile."""
    environment = os.environ | {"MEMCONFORM_SERVER_API_KEYS": "key-1"}
    with subprocess.Popen(
        [*SERVE, request.param], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        announced = process.stdout.readline().split()
        url = next(word for word in announced if word.startswith("http://127.0.0.1:"))
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer key-1"}) as client:
            yield client
        process.terminate()
        assert process.wait(timeout=20) == 0
        assert "canary" not in process.stderr.read()


def test_a_memory_goes_in_and_comes_out(client: httpx.Client) -> None:
    """Add, get, list, search and delete work over HTTP; the answers come from the provider, not from the bridge."""
    body = {"content": "I like green tea, canary", "scope": ANNA, "metadata": {"topic": "drinks"}}
    added = client.post("/v1/memories", json=body)
    assert added.status_code == 201
    assert "memory-answered-by" not in added.headers
    memory = added.json()
    query = {"query": "tea", "scope": ANNA}

    assert client.get(added.headers["location"]).json() == memory
    assert client.get("/v1/memories", params=ANNA).json() == {"items": [memory], "next_cursor": None}
    assert [each["memory"] for each in client.post("/v1/search", json=query).json()["results"]] == [memory]
    assert client.delete(added.headers["location"]).status_code == 204
    assert client.get(added.headers["location"]).status_code == 404
    assert client.post("/v1/search", json=query).json()["results"] == []


@pytest.mark.parametrize("store", STORES)
def test_two_principals_are_refused(store: str) -> None:
    """A vector store cannot keep them apart, so `serve` does not begin."""
    done = subprocess.run(
        [*SERVE, store, "--api-key", "a", "--api-key", "b"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "cannot keep principals apart" in done.stderr


@pytest.mark.parametrize("store", STORES)
def test_without_the_library_the_extra_is_named(store: str) -> None:
    """Opening the store where its library is not installed says what to install."""
    code = (
        f"import sys; sys.modules['{STORES[store]}'] = None\n"
        "from memconform_server.store import CannotOpen\n"
        "from memconform_server.stores import Opening, open_store\n"
        f"try:\n    open_store('{store}', Opening())\n"
        "except CannotOpen as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert f"install memconform[{store}]" in done.stdout
