"""The file that `memconform proxy --json` writes is what `schemas/results/proxy.schema.json` describes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from memconform.clients.wire import Close, Front, json_reply
from memconform.contract import reference_validator, validator

from .conftest import ALICE

ADD = {"content": "Ann drinks her tea black", "scope": {"user_id": "ann"}}


@dataclass
class Watched:
    """A `memconform proxy` that is running; when its block has ended, its exit code and its file."""

    url: str
    code: int = -1
    document: Any = None

    def verdict(self) -> dict[str, str]:
        """Return the verdict, for a file that satisfies the schema by both validators."""
        assert validator("proxy").errors(self.document) == []
        assert reference_validator("proxy").errors(self.document) == []
        verdict: dict[str, str] = self.document["verdict"]
        return verdict


@contextmanager
def watched(upstream: str, file: Path) -> Iterator[Watched]:
    """Run the proxy in front of a server while the block lasts, then stop it as Ctrl-C does and read its file."""
    process = subprocess.Popen(
        [sys.executable, "-m", "memconform", "proxy", "--upstream", upstream, "--json", str(file)],
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("MEMCONFORM")},
    )
    try:
        assert process.stdout is not None
        listens = re.search(r"listens on (http://\S+)", process.stdout.readline())
        assert listens is not None
        running = Watched(listens[1])
        yield running
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
        assert file.exists(), said
        running.code, running.document = process.returncode, json.loads(file.read_bytes())
    finally:
        process.kill()
        process.communicate()


def client(url: str) -> httpx.Client:
    """Return a client with a key."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ALICE}"}, trust_env=False, timeout=10)


def test_the_file_of_clean_traffic_is_valid(reference: str, tmp_path: Path) -> None:
    """Nothing is held against either end: no findings, and the figures of what the proxy added."""
    with watched(reference, tmp_path / "result.json") as proxy, client(proxy.url) as api:
        api.get("/v1/capabilities")
        place = api.post("/v1/memories", json=ADD).headers["Location"]
        api.get(place)
        api.post("/v1/search", json={"query": "tea", "scope": ADD["scope"]})
        api.delete(place)
    assert proxy.verdict() == {"client": "nothing held against it", "server": "nothing held against it"}
    assert proxy.code == 0
    assert proxy.document["findings"] == []
    assert proxy.document["added_s"]["samples"] == 5


def test_the_file_of_a_sloppy_client_is_valid(reference: str, tmp_path: Path) -> None:
    """Failures, warnings, repeated findings and requests for no operation are in it, of the client only."""
    with watched(reference, tmp_path / "result.json") as proxy:
        for _ in range(2):
            with client(proxy.url) as api:
                api.get("/v1/memories", params={"user": "ann", "api_key": ALICE})
        with client(proxy.url) as api:
            api.post("/v1/memories", content=json.dumps(ADD))
            api.get("/v1/memorys")
    assert proxy.verdict() == {"client": "held against it", "server": "nothing held against it"}
    assert proxy.code == 1
    outcomes = {row["id"]: row["outcome"] for row in proxy.document["client"]["requirements"]}
    assert outcomes == {"CLIENT-01": "fail", "CLIENT-02": "fail", "CLIENT-07": "inconclusive", "CLIENT-09": "warn"}
    assert {(row["requirement"], row["count"]) for row in proxy.document["findings"]} >= {
        ("CLIENT-01", 1),
        ("CLIENT-02", 2),
    }
    assert proxy.document["operations"]["(none of the document)"] == {"404": 1}


def test_the_file_of_a_bad_server_and_blind_repeats_is_valid(tmp_path: Path) -> None:
    """Findings against both: wrong answers, connections closed without one, and the client that adds again."""
    with Front() as behind:
        behind.script(lambda seen: json_reply(200, {"status": "fine"}) if seen.method == "GET" else Close())
        with watched(behind.url, tmp_path / "result.json") as proxy, client(proxy.url) as api:
            api.get("/v1/health")
            for _ in range(2):
                api.post("/v1/memories", json=ADD)
    assert proxy.verdict() == {"client": "held against it", "server": "held against it"}
    assert proxy.code == 1
    assert {row["requirement"] for row in proxy.document["findings"]} == {"CLIENT-07", "CORE-28"}
    assert proxy.document["server"]["answers_not_judged"] == 2


def test_the_file_of_no_traffic_is_valid(reference: str, tmp_path: Path) -> None:
    """Where no request came nothing is concluded, and there are no figures."""
    with watched(reference, tmp_path / "result.json") as proxy:
        pass
    assert proxy.verdict() == {"client": "not seen", "server": "not seen"}
    assert (proxy.code, proxy.document["added_s"], proxy.document["operations"]) == (2, None, {})


def test_a_file_without_a_member_would_be_noticed(reference: str, tmp_path: Path) -> None:
    """The schema is not satisfied by any document: it refuses a real file that lacks a member, whichever it is."""
    with watched(reference, tmp_path / "result.json") as proxy, client(proxy.url) as api:
        api.get("/v1/health")
    assert proxy.verdict()
    for member in proxy.document:
        rest = {name: value for name, value in proxy.document.items() if name != member}
        assert [error.keyword for error in validator("proxy").errors(rest)] == ["required"]
