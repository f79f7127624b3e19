"""Sources, targets and runs for the tests of `memconform migrate`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from memconform.contract import validator
from memconform.ports import free_port

ANN = {"user_id": "ann"}
PATIENCE = 120


@dataclass
class Server:
    """A client of a server, with what these tests ask for."""

    url: str
    key: str | None = None

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request and return the answer."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx.request(
            method, self.url + path, headers={**headers, **more.pop("headers", {})}, trust_env=False, timeout=60, **more
        )

    def add(self, content: str, scope: Mapping[str, str] = ANN, **members: Any) -> str:
        """Add a memory and return its id."""
        answer = self.ask("POST", "/v1/memories", json={"content": content, "scope": dict(scope), **members})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def set(self, key: str, content: str, scope: Mapping[str, str] = ANN, **members: Any) -> str:
        """Set a memory under a key and return its id."""
        answer = self.ask("PUT", "/v1/keyed", params={"key": key, **scope}, json={"content": content, **members})
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    def get(self, memory_id: str) -> dict[str, Any]:
        """Return a memory that must be there."""
        answer = self.ask("GET", f"/v1/memories/{memory_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def listed(self, scope: Mapping[str, str] = ANN) -> list[dict[str, Any]]:
        """Return what a scope lists, page by page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            params = {**scope, "limit": "25", **({"cursor": cursor} if cursor else {})}
            page = self.ask("GET", "/v1/memories", params=params).json()
            items += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return items

    def contents(self, scope: Mapping[str, str] = ANN) -> Counter[str]:
        """Return the texts that a scope lists, with how often each is there."""
        return Counter(item["content"] for item in self.listed(scope))


@dataclass(frozen=True)
class Ran:
    """A run of `memconform migrate` that ended."""

    code: int
    out: str
    err: str
    receipt: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """How many records ended how, the zeros left out."""
        return {name: count for name, count in self.receipt["counts"].items() if count}

    @property
    def lost(self) -> dict[tuple[str, str], int]:
        """In how many records what was lost, by member and cause."""
        return {(loss["member"], loss["cause"]): loss["records"] for loss in self.receipt["losses"]}

    def row(self, record_id: str) -> dict[str, Any]:
        """Return what became of a record."""
        return next(row for row in self.receipt["records"] if row["id"] == record_id)

    def causes(self, record_id: str) -> dict[str, str]:
        """Return why which members of a record were lost."""
        return {loss["member"]: loss["cause"] for loss in self.row(record_id)["losses"]}


@dataclass(frozen=True)
class Migrate:
    """Runs the command in a folder of the test's own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, source: str, target: str, *words: str) -> subprocess.Popen[str]:
        """Start it; without other words for Ann's memories."""
        which = [] if {"--all", "--scope"} & {*words} else ["--scope", "user_id=ann"]
        own = {name: value for name, value in os.environ.items() if not name.startswith("MEMCONFORM")}
        return subprocess.Popen(
            [sys.executable, "-m", "memconform", "migrate", "--from", source, "--to", target, *which, *words],
            cwd=self.folder,
            env={**own, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, source: str, target: str, *words: str) -> Ran:
        """Run it to its end; its receipt satisfies the schema."""
        file = self.folder / "receipt.json"
        file.unlink(missing_ok=True)
        process = self.start(source, target, "--json", "receipt.json", *words)
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err, err
        receipt = json.loads(file.read_bytes()) if file.exists() else {}
        assert not receipt or validator("migration").errors(receipt) == []
        return Ran(process.returncode, out, err, receipt)

    def journals(self) -> list[Path]:
        """Return the journals in the folder."""
        return sorted(self.folder.glob("*.jsonl"))

    def killed(self, source: str, target: str, lines: int, *words: str, by: int = signal.SIGKILL) -> int:
        """Start it, kill it as soon as its journal has so many lines, and return how it ended."""
        process = self.start(source, target, *words)
        try:
            wait_for(lambda: process.poll() is not None or journal_lines(self.journals()) >= lines)
        finally:
            process.send_signal(by)
            process.communicate(timeout=PATIENCE)
        return process.returncode


def journal_lines(files: Sequence[Path]) -> int:
    """Return how many lines these journals have together."""
    return sum(file.read_bytes().count(b"\n") for file in files)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Return when the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.002)


@dataclass
class Mortal:
    """A reference server with a data file on a port of its own, to be killed and started again."""

    data: Path
    options: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        words = ["serve", "--data", str(self.data), "--port", str(self.port), "--no-access-log", *self.options]
        self.process = subprocess.Popen([sys.executable, "-m", "memconform", *words], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert "http" in self.process.stdout.readline()

    def kill(self) -> None:
        """Kill it as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


Fault = str | None
"""What becomes of a write.

Dropped before or after it is done, 500 before or after, 503, done late, done while the target dies ("gone"), or (None)
done.
"""


class Middle:
    """Stands between the migration and a target, and loses answers as it is told to."""

    def __init__(self, target: str, fault: Callable[[int], Fault], port: int = 0) -> None:
        self.target, self.fault = target, fault
        self.writes = 0
        handler = type("Handler", (_Handler,), {"middle": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def next_fault(self, method: str) -> Fault:
        """Count a write, and return what becomes of it."""
        if method == "GET":
            return None
        self.writes += 1
        return self.fault(self.writes)

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    middle: Middle
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.middle.next_fault(self.command)
        if fault == "late":
            time.sleep(1.5)
        done = None if fault in ("before", "500 before", "503") else self.done(body)
        if fault == "gone":
            self.middle.close()
        if fault in ("before", "after", "late", "gone"):
            self.close_connection = True
        elif fault is None and done is not None:
            self.answer(done.status_code, done.content, done.headers.get("Content-Type", "text/plain"))
        else:
            self.answer(int(str(fault)[:3]), b"{}", "application/json", "1" if fault == "503" else None)

    def done(self, body: bytes) -> httpx.Response:
        kept = {name: value for name, value in self.headers.items() if name.lower() in _PASSED}
        url = self.middle.target + self.path
        return httpx.request(self.command, url, content=body, headers=kept, trust_env=False, timeout=60)

    def answer(self, status: int, content: bytes, media: str, wait: str | None = None) -> None:
        self.send_response(status)
        if wait is not None:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = pass_on  # noqa: N815 - the base class's names


_PASSED = ("content-type", "idempotency-key")


@contextmanager
def between(target: str, fault: Callable[[int], Fault], port: int = 0) -> Iterator[Middle]:
    """Stand in front of a target while the block lasts."""
    middle = Middle(target, fault, port)
    try:
        yield middle
    finally:
        middle.close()
