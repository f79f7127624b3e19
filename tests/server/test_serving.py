"""`memconform serve`: one line when it listens, clear refusals, a graceful stop, a log without content."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVE = [sys.executable, "-m", "memconform_server", "--port", "0"]


def refused(*options: str | Path, **popen: Any) -> tuple[int, str]:
    """Run a command line that must not start a server; return its status and what it said."""
    run = subprocess.run([*SERVE, *map(str, options)], capture_output=True, text=True, timeout=20, **popen)
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    return run.returncode, run.stderr


def test_it_says_once_where_it_listens(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """One line on stdout names address, store, data and principals; it answers from then on."""
    data = tmp_path / "m.db"
    server = run_server("--data", data, "--api-key", "a", "--api-key", "b", "--api-key", "a")
    assert server.announcement.endswith(f"(store sqlite, data {data}, principals 2)\n")
    with server.client() as client:
        assert client.get("/v1/health").json() == {"status": "ok"}
        assert client.get("/v1/capabilities").json()["profiles"][:3] == ["core", "tenancy", "search"]
    server.stop()
    assert server.process.stdout.read() == ""


def test_an_open_server_declares_no_tenancy(run_server: Callable[..., Any]) -> None:
    """Without keys there is one principal, no 401 and no tenancy; credentials that come anyway do no harm."""
    server = run_server()
    with server.client("whatever") as client:
        document = client.get("/v1/capabilities").json()
        assert ("core" in document["profiles"], "tenancy" in document["profiles"]) == (True, False)
        assert document["auth"] == []
        assert client.get("/v1/memories?user_id=u").status_code == 200


def test_keys_come_from_a_file_and_the_environment(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """Secrets need not be on the command line."""
    keys = tmp_path / "keys"
    keys.write_text("one\n\n  two  \n")
    server = run_server("--api-key-file", keys, env={"MEMCONFORM_SERVER_API_KEYS": "three, four"})
    assert "principals 4)" in server.announcement
    for key, status in (("one", 200), ("two", 200), ("three", 200), ("four", 200), ("five", 401)):
        with server.client(key) as client:
            assert client.get("/v1/memories?user_id=u").status_code == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_gracefully(run_server: Callable[..., Any], number: int) -> None:
    """What is in flight is answered, then it ends with status 0 and frees its port."""
    server = run_server()
    host, port = server.url.removeprefix("http://").split(":")
    body = b'{"content":"x","scope":{"user_id":"u"}}'
    head = f"POST /v1/memories HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + body[:10])
        with server.client() as client:
            client.get("/v1/health")
        server.process.send_signal(number)
        threading.Event().wait(0.3)
        connection.sendall(body[10:])
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")
    assert server.process.wait(15) == 0
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, int(port)), timeout=2):
        pass


def test_the_log_has_no_content(run_server: Callable[..., Any]) -> None:
    """Each request is one JSON line with a route template; content, queries, scopes, ids and keys are in none."""
    server = run_server("--api-key", "s3cr3t-key")
    trace = "0af7651916cd43dd8448eb211c80319c"
    with server.client("s3cr3t-key") as client:
        client.headers["traceparent"] = f"00-{trace}-b7ad6b7169203331-01"
        draft = {
            "content": "canary-text",
            "scope": {"user_id": "canary-user"},
            "metadata": {"canary-name": "canary-value"},
        }
        added = client.post("/v1/memories", json=draft)
        client.get(added.headers["location"])
        client.get("/v1/memories", params={"user_id": "canary-user", "canary": "1"})
        client.post("/v1/search", json={"query": "canary-query", "scope": {"user_id": "canary-user"}})
        client.get("/canary-path")
        client.post("/v1/memories", content=b'{"content": canary', headers={"Content-Type": "application/json"})
    server.stop()
    text = "".join(server.log)
    lines = [json.loads(line) for line in server.log]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/memories", 201),
        ("GET", "/v1/memories/{id}", 200),
        ("GET", "/v1/memories", 422),
        ("POST", "/v1/search", 200),
        ("GET", "-", 404),
        ("POST", "/v1/memories", 400),
    ]
    assert {line["trace_id"] for line in lines} == {trace}
    assert all(line["principal"].startswith("p") and line["ms"] >= 0 for line in lines)
    assert lines[0]["request_id"] == added.headers["x-request-id"]
    for secret in ("canary", "s3cr3t", added.json()["id"]):
        assert secret not in text


def test_the_access_log_can_be_switched_off(run_server: Callable[..., Any]) -> None:
    """With --no-access-log a request writes nothing."""
    server = run_server("--no-access-log")
    with server.client() as client:
        client.get("/v1/health")
    server.stop()
    assert server.log == []


def test_an_open_server_on_a_public_address_warns(run_server: Callable[..., Any]) -> None:
    """Everybody on the network could read it: that is worth a line on stderr."""
    server = run_server("--host", "0.0.0.0", "--no-access-log")
    server.stop()
    assert "without an API key everybody who reaches 0.0.0.0" in "".join(server.log)


def test_a_port_in_use(tmp_path: Path) -> None:
    """It names the port and the way out, and touches no data."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = refused("--port", str(port), "--data", tmp_path / "m.db")
    assert status == 1
    assert f"Port {port} on 127.0.0.1 is in use; choose another with --port" in said
    assert not (tmp_path / "m.db").exists()


def test_data_that_is_no_database(tmp_path: Path) -> None:
    """A file of something else is refused and left as it was."""
    file = tmp_path / "notes.txt"
    file.write_text("these are my notes, not a database " * 40)
    status, said = refused("--data", file)
    assert status == 1
    assert "it is not a database; name another file" in said
    assert file.read_text().startswith("these are my notes")


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """A database of another program is refused and not changed by a byte."""
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE mine (a)")
    database.close()
    before = file.read_bytes()
    status, said = refused("--data", file)
    assert status == 1
    assert "a database of another program" in said
    assert file.read_bytes() == before


def test_data_of_a_later_format(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """Data of a later release is refused rather than misread."""
    file = tmp_path / "m.db"
    run_server("--data", file).stop()
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    status, said = refused("--data", file)
    assert status == 1
    assert "it has format 99" in said


def test_damaged_data(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """A file whose pages were overwritten is refused with the way out."""
    file = tmp_path / "m.db"
    run_server("--data", file).stop()
    content = bytearray(file.read_bytes())
    content[100:4096] = os.urandom(3996)
    file.write_bytes(content)
    status, said = refused("--data", file)
    assert status == 1
    assert "restore it from a copy" in said


@pytest.mark.parametrize("place", ["missing/m.db", "."])
def test_data_where_no_file_can_be(tmp_path: Path, place: str) -> None:
    """A missing folder and a folder in the file's place are named."""
    status, said = refused("--data", tmp_path / place)
    assert status == 1
    assert "name a file in a folder that exists and is writable" in said


def test_data_in_a_read_only_place() -> None:
    """A read-only file system (here /sys) is named."""
    status, said = refused("--data", "/sys/memconform.db")
    assert status == 1
    assert "name a file in a folder that exists and is writable" in said


def test_a_full_disk_at_the_start(tmp_path: Path) -> None:
    """Where the tables find no room it does not start."""
    status, said = refused(
        "--data", tmp_path / "m.db", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, 8_192))
    )
    assert status == 1
    assert "full" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--store", "sqlit"], "There is no store 'sqlit'. Near names: sqlite, letta."),
        (["--limit", "content_byte=1"], "There is no limit 'content_byte'. Near names: content_bytes"),
        (["--limit", "content_bytes=many"], "--limit content_bytes needs a positive integer"),
        (["--limit", "content_bytes=0"], "--limit content_bytes needs a positive integer"),
        (["--defect", "trims-contents"], "Near names: trims-content"),
        (["--variant", "no-such-variant-at-all"], "There is no variant 'no-such-variant-at-all'."),
        (["--defect", "a", "--variant", "b"], "exclude each other"),
        (["--api-key", "two words"], "An API key may hold printable ASCII characters only"),
        (["--api-key-file", "/dev/null"], "holds no key; the server would be open"),
        (["--host", "not-a-host.invalid"], "--host not-a-host.invalid is no address of this machine"),
        (["--requests-per-minute", "0"], "--requests-per-minute"),
        (["--port", "70000"], "--port"),
    ],
)
def test_bad_usage(options: list[str], expected: str) -> None:
    """Wrong options end with status 2 and a sentence that says what is right."""
    status, said = refused(*options)
    assert status == 2
    assert expected in " ".join(said.split())
