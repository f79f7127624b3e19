"""What was acknowledged is there: after kill -9, under concurrent writers, and with a full disk."""

from __future__ import annotations

import resource
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCOPE = {"user_id": "u"}


def every_id(client: httpx.Client) -> list[str]:
    """Return all ids of the scope."""
    found: list[str] = []
    parameters: dict[str, Any] = {**SCOPE, "limit": 200}
    while True:
        page = client.get("/v1/memories", params=parameters).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        parameters["cursor"] = page["next_cursor"]


def test_acknowledged_writes_survive_kill_9(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """CORE-26: killed in the middle of writes, a new process has every acknowledged add and no deleted memory."""
    data = tmp_path / "memories.db"
    server = run_server("--data", data)
    acknowledged: list[str] = []
    deleted: list[str] = []
    enough = threading.Event()

    def write() -> None:
        with server.client() as client:
            while True:
                try:
                    answer = client.post("/v1/memories", json={"content": f"fact {len(acknowledged)}", "scope": SCOPE})
                    if answer.status_code != 201:
                        return
                    identifier = answer.json()["id"]
                    if len(acknowledged) % 5 == 4:
                        assert client.delete(f"/v1/memories/{identifier}").status_code == 204
                        deleted.append(identifier)
                    acknowledged.append(identifier)
                except httpx.TransportError:
                    return
                if len(acknowledged) > 150:
                    enough.set()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    assert enough.wait(30)
    server.kill()
    for writer in writers:
        writer.join(20)
    with run_server("--data", data).client() as client:
        present = set(every_id(client))
        assert deleted
        assert set(acknowledged) - set(deleted) <= present
        assert not present & set(deleted)
        found = client.post("/v1/search", json={"query": "fact 20", "scope": SCOPE, "top_k": 200}).json()["results"]
        assert len(found) == min(200, len(present))


def test_a_cursor_survives_a_restart(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """The key that seals cursors lives with the data."""
    first = run_server("--data", tmp_path / "m.db")
    with first.client() as client:
        for number in range(3):
            client.post("/v1/memories", json={"content": str(number), "scope": SCOPE})
        cursor = client.get("/v1/memories", params={**SCOPE, "limit": 1}).json()["next_cursor"]
    assert first.stop() == 0
    with run_server("--data", tmp_path / "m.db").client() as client:
        rest = client.get("/v1/memories", params={**SCOPE, "cursor": cursor}).json()["items"]
        assert [item["content"] for item in rest] == ["1", "0"]


@pytest.mark.parametrize("data", [":memory:", "file"])
def test_concurrent_adds_are_all_kept(run_server: Callable[..., Any], tmp_path: Path, data: str) -> None:
    """CORE-23, CORE-22: of parallel adds all are kept, none twice, and each is read at once on another connection."""
    server = run_server("--data", tmp_path / "m.db" if data == "file" else data)

    def story(worker: int) -> list[str]:
        own = []
        with server.client() as writing, server.client() as reading:
            for number in range(15):
                answer = writing.post("/v1/memories", json={"content": f"{worker}/{number}", "scope": SCOPE})
                assert answer.status_code == 201
                own.append(answer.json()["id"])
                assert reading.get(answer.headers["location"]).json() == answer.json()
                assert own[-1] in every_id(reading)
                search = {"query": f"{worker}/{number}", "scope": SCOPE}
                assert reading.post("/v1/search", json=search).json()["results"][0]["memory"]["id"] == own[-1]
        return own

    with ThreadPoolExecutor(8) as pool:
        added = [each for own in pool.map(story, range(8)) for each in own]
    with server.client() as client:
        assert sorted(every_id(client)) == sorted(added)
        assert len(set(added)) == 120


def test_a_full_disk_acknowledges_nothing(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """When a file can grow no more an add is a 507 problem without insides; what was there before stays readable."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    server = run_server("--data", tmp_path / "m.db", preexec_fn=small_files)
    acknowledged = []
    draft = {"content": "fill " * 4_000, "scope": SCOPE}
    with server.client() as client:
        while (answer := client.post("/v1/memories", json=draft)).status_code == 201:
            acknowledged.append(answer.json()["id"])
            assert len(acknowledged) < 60
        assert answer.status_code == answer.json()["status"] == 507, answer.text
        assert "sqlite" not in answer.text.lower()
        assert str(tmp_path) not in answer.text
        assert acknowledged
        assert sorted(every_id(client)) == sorted(acknowledged)
        assert client.get("/v1/health").status_code == 200
    assert server.stop() == 0
    assert not any("Traceback" in line for line in server.log)


def test_the_data_file_is_its_owners(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """Memories are personal: nobody but the operator reads the file."""
    server = run_server("--data", tmp_path / "m.db")
    with server.client() as client:
        client.post("/v1/memories", json={"content": "secret", "scope": SCOPE})
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_deleting_leaves_no_trace_in_the_file(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """Text, scope, metadata and words of a deleted memory are in no table and in no free page."""
    server = run_server("--data", tmp_path / "m.db")
    with server.client() as client:
        scope = {"user_id": "zebra", "session_id": "giraffe"}
        client.post("/v1/memories", json={"content": "elephant", "scope": scope, "metadata": {"okapi": 1}})
        path = client.post("/v1/memories", json={"content": "elephant", "scope": scope}).headers["location"]
        other = client.get("/v1/memories", params=scope).json()["items"][1]["id"]
        client.delete(path)
        client.delete(f"/v1/memories/{other}")
    server.stop()
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [word for word in (b"elephant", b"zebra", b"giraffe", b"okapi") if word in left]
    database = sqlite3.connect(tmp_path / "m.db")
    try:
        for table in ("memories", "selectors", "selections", "sources", "versions", "index_entries"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    finally:
        database.close()
