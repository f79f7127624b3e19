"""`memconform proxy`: any client in front of any server, and a verdict on both that rests on what was seen."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from memconform.clients.wire import Close, Front, json_reply, refusing_url
from memconform.exchange import Sent
from memconform.http import Target, Wire

from .conftest import ALICE, BOB

KEY = {"Authorization": f"Bearer {ALICE}"}
TEXT = "a text that nobody else may read"
ADD = {"content": TEXT, "scope": {"user_id": "proxy"}}


@dataclass
class Proxy:
    """A running `memconform proxy`."""

    process: subprocess.Popen[str]
    file: Path
    url: str = ""
    code: int = -1
    said: str = ""
    lines: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read all that it says as it comes."""
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            self.readers.append(threading.Thread(target=self.lines.extend, args=(stream,), daemon=True))
            self.readers[-1].start()

    def stop(self, number: int = signal.SIGINT) -> Proxy:
        """End it with a signal and read its verdict."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> Proxy:
        """Wait for the end."""
        self.code = self.process.wait(timeout=30)
        for reader in self.readers:
            reader.join(5)
        self.said = "".join(self.lines)
        return self

    def announced(self) -> Proxy:
        """Wait until it says where it listens, or ends."""
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None and not self.lines:
            time.sleep(0.01)
        found = re.search(r"listens on (http://\S+)", "".join(self.lines))
        self.url = found[1] if found else ""
        return self

    @property
    def result(self) -> dict[str, Any]:
        """The result file."""
        result: dict[str, Any] = json.loads(self.file.read_bytes())
        return result

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each requirement."""
        rows = [*self.result["client"]["requirements"], *self.result["server"]["requirements"]]
        return {row["id"]: row["outcome"] for row in rows}

    def client(self, **headers: str) -> httpx.Client:
        """Return a client with the key."""
        return httpx.Client(base_url=self.url, headers={**KEY, **headers}, trust_env=False, timeout=10)


Start = Callable[..., Proxy]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Start]:
    """Start proxies; each writes `result.json`."""
    started: list[subprocess.Popen[str]] = []

    def start(upstream: str, *words: str) -> Proxy:
        file = tmp_path / f"result-{len(started)}.json"
        process = subprocess.Popen(
            [sys.executable, "-m", "memconform", "proxy", "--upstream", upstream, "--json", str(file), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("MEMCONFORM")},
        )
        started.append(process)
        return Proxy(process, file).announced()

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def test_a_good_client_and_a_good_server_are_green(proxy: Start, reference: str) -> None:
    """Nothing is held against either; what was not seen is said; no text and no key is repeated."""
    running = proxy(reference)
    with running.client() as api:
        place = api.post("/v1/memories", json=ADD, headers={"Idempotency-Key": "k"}).headers["Location"]
        for _ in range(3):
            api.get(place)
        api.get("/v1/memories", params={"user_id": "proxy"})
        api.post("/v1/search", json={"query": TEXT, "scope": {"user_id": "proxy"}})
        api.get("/v1/export", params={"user_id": "proxy"})
        api.delete(place)
        api.get(place)
    running.stop()
    assert running.code == 0, running.said
    assert "NOTHING HELD AGAINST EITHER" in running.said
    assert running.outcomes() == {
        "CLIENT-01": "pass",
        "CLIENT-02": "pass",
        "CLIENT-07": "inconclusive",
        "CLIENT-09": "pass",
        "CORE-27": "pass",
        "CORE-28": "pass",
    }
    assert "CLIENT-07  not seen" in running.said
    result = running.result
    assert result["operations"]["getMemory"] == {"200": 3, "404": 1}
    assert (result["client"]["requests"], result["client"]["connections"]) == (9, 1)
    assert result["added_s"]["samples"] == 9
    assert "full" not in result["verdict"]
    for text in (running.said, running.file.read_text()):
        assert TEXT not in text.replace("%20", " ")
        assert ALICE not in text


def test_our_own_wire_is_green_in_front_of_it(proxy: Start, reference: str) -> None:
    """The judge's own client, over many threads, keeps to the contract."""
    running = proxy(reference)
    wire = Wire(Target(running.url))
    sent = Sent("GET", f"{running.url}/v1/memories?user_id=u")
    with ThreadPoolExecutor(8) as pool:
        statuses = {pool.submit(wire.send, sent, KEY, "main").result()[1].status for _ in range(80)}
    wire.close()
    assert statuses == {200}
    assert running.stop().code == 0


def test_a_sloppy_client_is_told_each_of_its_sins_once(proxy: Start, reference: str) -> None:
    """Findings come as they happen, once for each kind, with their number at the end."""
    running = proxy(reference)
    for _ in range(3):
        with running.client() as api:
            api.get("/v1/memories", params={"user": TEXT, "api_key": ALICE})
    with running.client() as api:
        api.post("/v1/memories", content=json.dumps(ADD))  # without a media type
        api.post("/v1/memories", json={**ADD, "content": ""})
        api.get("/v1/memorys")
        api.get(f"/v1/memories/{TEXT.replace(' ', '%20')}")
        api.get(f"/v1/memories/x?{ALICE}")
        api.get("/v1/health", headers={"X-Api-Key": ALICE})
    running.stop()
    assert running.code == 1, running.said
    outcomes = running.outcomes()
    assert (outcomes["CLIENT-01"], outcomes["CLIENT-02"], outcomes["CLIENT-09"]) == ("fail", "fail", "warn")
    assert (outcomes["CORE-27"], outcomes["CORE-28"]) == ("pass", "pass")
    lines = running.said.splitlines()
    assert sum("parameter 'user'" in line and not line.startswith("  ×") for line in lines) == 1
    assert any(line.startswith("  ×3") and "parameter 'user'" in line for line in lines)
    for expected in ("no Content-Type", "at /content", "GET /v1/…", "a key in the query", "the header field X-Api-Key"):
        assert expected in running.said
    for text in (running.said, running.file.read_text()):
        assert TEXT not in text.replace("%20", " ")
        assert ALICE not in text
    assert "\x1b[" not in running.said


def test_a_client_that_repeats_adds_blindly(proxy: Start) -> None:
    """A server that closes without an answer, a client that adds again, without a key."""
    with Front() as behind:
        behind.script(lambda seen: json_reply(200, {}) if seen.method == "GET" else Close())
        running = proxy(behind.url)
        with running.client() as api:
            for _ in range(2):
                assert api.post("/v1/memories", json=ADD).status_code == 502
        running.stop()
    assert running.outcomes()["CLIENT-07"] == "fail"
    assert "the same request again after 502, without a key" in running.said


def test_a_bad_server_is_told_of(proxy: Start) -> None:
    """What the server does wrong is held against the server, not the client."""
    with Front() as behind:
        behind.script(lambda _: json_reply(200, {"status": "fine"}, (("X-Trace", "/home/app/server/main.py"),)))
        running = proxy(behind.url)
        with running.client() as api:
            api.get("/v1/health")
            api.get("/v1/health")
        running.stop()
    assert running.code == 1
    outcomes = running.outcomes()
    assert (outcomes["CORE-27"], outcomes["CORE-28"], outcomes["CLIENT-01"]) == ("fail", "fail", "pass")
    assert running.result["verdict"] == {"client": "nothing held against it", "server": "held against it"}


def test_a_check_through_the_proxy_stays_conformant(proxy: Start, reference: str, tmp_path: Path) -> None:
    """The suite sees no difference between the server and the server behind the proxy."""
    running = proxy(reference)
    checked = subprocess.run(
        [sys.executable, "-m", "memconform", "check", running.url, "--budget", "smoke"],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "MEMCONFORM_API_KEY": ALICE,
            "MEMCONFORM_SECOND_API_KEY": BOB,
            "MEMCONFORM_STATE": str(tmp_path / "state"),
        },
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "CONFORMANT, badge Full" in checked.stdout
    running.stop(signal.SIGTERM)
    outcomes = running.outcomes()
    assert (outcomes["CORE-27"], outcomes["CORE-28"]) == ("pass", "pass")
    assert outcomes["CLIENT-01"] == "fail"  # the suite provokes errors on purpose
    assert running.code == 1
    assert ALICE not in running.said + running.file.read_text()


def test_it_stops_by_number_and_by_time(proxy: Start, reference: str) -> None:
    """`--requests` and `--for` end with the verdict; without a request there is none."""
    running = proxy(reference, "--requests", "2")
    with running.client() as api:
        api.get("/v1/health")
        api.get("/v1/health")
    assert running.ended().code == 0
    assert running.result["client"]["requests"] == 2
    running = proxy(reference, "--for", "0.3")
    assert running.ended().code == 2
    assert "no request came" in running.said
    assert "NOTHING SEEN" in running.said


def test_nothing_is_lost_when_it_is_stopped(proxy: Start) -> None:
    """A request in progress is answered, and counted."""
    from memconform.clients.wire import Late

    with Front() as behind:
        answer = json_reply(200, {"status": "ok"})
        behind.script(lambda seen: Late(1.0, answer) if seen.operation_id == "getHealth" else answer)
        running = proxy(behind.url)
        with running.client() as api, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(api.get, "/v1/health")
            assert behind.wait_until(lambda seen: any(each.operation_id == "getHealth" for each in seen))
            running.stop()
            assert waiting.result().status_code == 200
    assert running.code == 0, running.said
    assert running.result["operations"]["getHealth"] == {"200": 1}


def test_a_server_that_is_not_there_ends_it_at_once(proxy: Start, tmp_path: Path) -> None:
    """Exit code 3, before anything listens; and when it goes away later, too."""
    with refusing_url() as url:
        running = proxy(url).ended()
    assert running.code == 3
    assert "start the server before the proxy" in running.said
    assert not list(tmp_path.glob("*.json"))
    with Front() as behind:
        running = proxy(behind.url)
    with running.client() as api:
        assert api.get("/v1/health").status_code == 502
    assert running.stop().code == 3


@pytest.mark.parametrize(
    "words",
    [
        ("--upstream", "ftp://x"),
        ("--upstream", "http://u:p@127.0.0.1:1"),
        (),
        ("--upstream", "http://127.0.0.1:1", "--ca", "nowhere.pem"),
        ("--upstream", "http://127.0.0.1:1", "--port", "70000"),
    ],
)
def test_usage_errors(words: tuple[str, ...]) -> None:
    """Exit code 2 and what to do."""
    said = subprocess.run([sys.executable, "-m", "memconform", "proxy", *words], capture_output=True, text=True)
    assert said.returncode == 2
    assert "Error" in said.stderr


def test_a_taken_port_is_a_usage_error(proxy: Start, reference: str) -> None:
    """The port and why it cannot be had."""
    port = reference.rsplit(":", 1)[1]
    running = proxy(reference, "--port", port).ended()
    assert running.code == 2
    assert "cannot listen" in running.said


def test_listening_for_others_is_told(proxy: Start, reference: str) -> None:
    """Only `--host` opens it, and the note says what that means."""
    running = proxy(reference, "--host", "0.0.0.0", "--for", "0.2").ended()
    assert "note: whoever can reach 0.0.0.0" in running.said


def test_warnings_count_when_strict(proxy: Start, reference: str) -> None:
    """A connection for each call is a warning; `--strict` makes it exit code 1."""
    running = proxy(reference, "--strict")
    for _ in range(3):
        httpx.get(f"{running.url}/v1/health", trust_env=False)
    running.stop()
    assert running.outcomes()["CLIENT-09"] == "warn"
    assert running.code == 1


def test_a_base_path_is_kept(proxy: Start) -> None:
    """A server below a path is served below the same path."""
    with Front(base_path="/team") as behind:
        behind.script(lambda seen: json_reply(200, {"status": "ok"}) if seen.operation_id else None)
        running = proxy(f"{behind.url}/")
        assert running.url.endswith("/team")
        with httpx.Client(base_url=running.url, trust_env=False) as api:
            assert api.get("/v1/health").status_code == 200
            assert api.get("/v1/health").status_code == 200
        assert running.stop().code == 0, running.said


def test_it_adds_little(proxy: Start, reference: str) -> None:
    """The proxy's own share of a request is a few milliseconds at most, also on a busy machine."""
    running = proxy(reference)
    with running.client() as api:
        for _ in range(100):
            api.get("/v1/health")
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 10
    assert running.result["added_s"]["p50"] < 0.02
