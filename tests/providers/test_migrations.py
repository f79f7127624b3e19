"""Migrations between five pairs of real providers: what each loses is what the committed receipt says.

With MEMCONFORM_MIGRATIONS=FOLDER the receipts are written there; those of docs/providers/migrations/ came so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from memconform.contract import validator
from memconform.providers import bridged, definition, started
from memconform.serving import served

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("mem0") is None, reason="needs the extra `providers`"),
]

RECEIPTS = Path(__file__).parents[2] / "docs" / "providers" / "migrations"

PAIRS = [
    ("reference", "mem0"),
    ("mem0", "langgraph-sqlite"),
    ("langgraph-sqlite", "langchain-qdrant"),
    ("langchain-qdrant", "semantic-kernel"),
    ("mcp-server-memory", "reference"),
]
"""Source and target."""

ANN = {"user_id": "ann"}
OPTIONAL = ("confidence", "expires_at", "valid_from", "valid_to", "source", "ext", "supersedes", "metadata")

MEMORIES: list[dict[str, Any]] = [
    {"content": "Ann drinks her tea black", "scope": ANN},
    {"content": "Ann lives in Lisbon", "scope": ANN, "metadata": {"topic": "home", "since": 2019}},
    {"content": "Ann has moved to Porto", "scope": ANN, "supersedes": [1], "metadata": {"topic": "home"}},
    {"content": "  two spaces before, a line feed behind\n", "scope": ANN},
    {
        "content": "Grüße, 你好, \U0001f44b\U0001f3fd e\u0301",
        "scope": ANN,
        "metadata": {"größe": [1, 2.5, None, {"a": True}]},
    },
    {"content": "Ann asked for a receipt", "scope": {**ANN, "session_id": "s-1"}},
    {"content": "Ann's assistant speaks Portuguese", "scope": {**ANN, "agent_id": "helper"}},
    {"content": "Ann uses the web app", "scope": {**ANN, "app_id": "web"}},
    {"content": "Ann prefers trains, it seems", "scope": ANN, "confidence": 0.6, "source": {"method": "inferred"}},
    {
        "content": "Ann is on holiday",
        "scope": ANN,
        "valid_from": "2026-12-20T00:00:00Z",
        "valid_to": "2027-01-03T00:00:00Z",
    },
    {"content": "A voucher, for a year", "scope": ANN, "expires_at": "2099-01-01T00:00:00Z"},
    {
        "content": "Ann has two cats",
        "scope": ANN,
        "metadata": {"id": 3, "data": "names of other things", "_tag": "pets"},
    },
]
"""What Ann's providers are asked to remember; `supersedes` names places in this list."""

KEYED = {"editor": "vim"}


@contextmanager
def at(name: str, keys: dict[str, str], variable: str) -> Iterator[httpx.Client]:
    """Serve the reference, or a provider behind its bridge, and give a client of it; its key goes into `keys`."""
    if name == "reference":
        with served() as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            yield client
        return
    with started(definition(name)) as provider, bridged(provider) as bridge:
        headers = {"Authorization": f"Bearer {bridge.keys[0]}"} if bridge.keys else {}
        keys |= {variable: bridge.keys[0]} if bridge.keys else {}
        with httpx.Client(base_url=bridge.url, headers=headers, trust_env=False, timeout=60) as client:
            yield client


def remember(client: httpx.Client) -> int:
    """Store everything, each without what is refused; return how many memories the provider took."""
    profiles = client.get("/v1/capabilities").json()["profiles"]
    ids: list[str | None] = []
    for memory in MEMORIES:
        body = dict(memory)
        if "supersedes" in body:
            body["supersedes"] = [ids[place] for place in body["supersedes"]]
        answer = client.post("/v1/memories", json=body)
        while answer.status_code == 422 and (member := _refused(answer, body)):
            del body[member]
            answer = client.post("/v1/memories", json=body)
        ids.append(answer.json()["id"] if answer.status_code == 201 else None)
    if "keyed" in profiles:
        for key, content in KEYED.items():
            client.put("/v1/keyed", params={"key": key, **ANN}, json={"content": content}).raise_for_status()
    return sum(each is not None for each in ids) + len(KEYED) * ("keyed" in profiles)


def _refused(answer: httpx.Response, body: dict[str, Any]) -> str | None:
    pointers = [str(error.get("pointer")) for error in answer.json().get("errors", [])]
    members = [pointer.split("/")[1] for pointer in pointers if pointer.count("/")]
    return next((member for member in members if member in OPTIONAL and member in body), None)


def summary(receipt: dict[str, Any]) -> dict[str, Any]:
    """Return what does not change from run to run."""
    losses = sorted((loss["member"], loss["cause"], loss["records"]) for loss in receipt["losses"])
    ways = (receipt["from"]["read_by"], receipt["to"]["written_by"])
    return {"counts": receipt["counts"], "losses": losses, "ways": ways, "doubts": receipt["doubts"]}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_is_lost_between_two_providers(source: str, target: str, tmp_path: Path) -> None:
    """The migration ends, everything is accounted for, and the losses are those of the committed receipt."""
    keys: dict[str, str] = {}
    with at(source, keys, "MEMCONFORM_API_KEY") as one, at(target, keys, "MEMCONFORM_TO_API_KEY") as two:
        taken = remember(one)
        words = ["--from", str(one.base_url), "--to", str(two.base_url), "--scope", "user_id=ann", "--json", "r.json"]
        done = subprocess.run(
            [sys.executable, "-m", "memconform", "migrate", *words],
            cwd=tmp_path,
            env={**os.environ, **keys},
            capture_output=True,
            text=True,
            timeout=300,
        )
        receipt = json.loads((tmp_path / "r.json").read_bytes())
    assert done.returncode == receipt["verdict"]["exit_code"] != 3, done.stdout + done.stderr
    assert validator("migration").errors(receipt) == []
    assert taken >= receipt["counts"]["records"] >= 5
    name = f"{source}-to-{target}.json"
    if "MEMCONFORM_MIGRATIONS" in os.environ:
        (Path(os.environ["MEMCONFORM_MIGRATIONS"]) / name).write_bytes((tmp_path / "r.json").read_bytes())
    assert summary(receipt) == summary(json.loads((RECEIPTS / name).read_bytes()))


@pytest.mark.parametrize("file", sorted(RECEIPTS.glob("*.json")), ids=lambda file: file.stem)
def test_committed_receipts_satisfy_the_schema(file: Path) -> None:
    """A receipt of the documentation is one."""
    assert validator("migration").errors(json.loads(file.read_bytes())) == []
