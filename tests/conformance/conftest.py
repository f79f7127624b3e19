"""Real servers and real runs of `memconform` for the tests of the judge, away from the user's files and variables."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from memconform.serving import served

ALICE, BOB = "key-of-alice-0123456789", "key-of-bob-9876543210"
SERVER_KEYS = {"MEMCONFORM_SERVER_API_KEYS": f"{ALICE},{BOB}"}
CLIENT_KEYS = {"MEMCONFORM_API_KEY": ALICE, "MEMCONFORM_SECOND_API_KEY": BOB}
PATIENCE = 60


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str
    result: dict[str, Any] | None

    @property
    def said(self) -> str:
        """All that it printed."""
        return self.out + self.err


@dataclass(frozen=True)
class Commands:
    """Runs `memconform` in a folder of the test's own."""

    folder: Path
    keys: tuple[str, str] = (ALICE, BOB)
    """The API keys of both principals."""

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment: nothing of the user's, both keys, a state folder of the test's own."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("MEMCONFORM", "PYTEST", "COV"))
        }
        return {**inherited, **CLIENT_KEYS, "MEMCONFORM_STATE": str(self.folder / "state"), **more}

    def start(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start `memconform` in a process group of its own, as a shell does."""
        return subprocess.Popen(
            [sys.executable, "-m", "memconform", *words],
            cwd=self.folder,
            env=self.environment(environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Ended:
        """Wait for the end; a command that does not end is a failure of the test."""
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f"the command did not end within {PATIENCE} s:\n{out}{err}")
        file = self.folder / "result.json"
        return Ended(process.returncode, out, err, json.loads(file.read_bytes()) if file.exists() else None)

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> Ended:
        """Run `memconform` to its end."""
        return self.end(self.start(*words, environment=environment))

    def check(self, url: str, *words: str, environment: Mapping[str, str] | None = None) -> Ended:
        """Run `memconform check` and read its result."""
        (self.folder / "result.json").unlink(missing_ok=True)
        return self.run("check", url, "--json", "result.json", *words, environment=environment)

    def ledgers(self) -> list[Path]:
        """Return what runs left to be cleaned up."""
        return sorted((self.folder / "state").glob("*.jsonl"))

    @staticmethod
    def held(url: str, user: str, key: str = ALICE) -> list[str]:
        """Return the contents of what somebody keeps on a server."""
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.get(
            f"{url}/v1/memories", params={"user_id": user, "limit": 100}, headers=headers, trust_env=False
        )
        return [item["content"] for item in answer.raise_for_status().json()["items"]]

    @staticmethod
    def keep(url: str, user: str, content: str, key: str = ALICE) -> None:
        """Keep a memory of somebody's on a server."""
        headers = {"Authorization": f"Bearer {key}"}
        body = {"content": content, "scope": {"user_id": user}}
        httpx.post(f"{url}/v1/memories", json=body, headers=headers, trust_env=False).raise_for_status()

    @staticmethod
    def stored(database: Path) -> int:
        """Return how many memories a reference server's data file holds, whosesoever they are."""
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            rows = connection.execute("SELECT count(*) FROM memories").fetchone()[0]
        connection.close()
        return int(rows)


@pytest.fixture
def memconform(tmp_path: Path) -> Commands:
    """Run `memconform` in an empty folder."""
    return Commands(tmp_path)


@pytest.fixture(scope="session")
def reference() -> Iterator[str]:
    """Serve the reference with two principals, for all tests that do no harm to it."""
    with served(environment=SERVER_KEYS) as url:
        yield url


Misbehave = Callable[..., str]


@pytest.fixture
def misbehave(tmp_path: Path) -> Iterator[Misbehave]:
    """Start a server with a bad habit; its data are in the file `memories.db` of the test's folder."""
    started: list[subprocess.Popen[str]] = []

    def start(habit: str, number: int = 1) -> str:
        script = Path(__file__).with_name("misbehaving.py")
        process = subprocess.Popen(
            [sys.executable, str(script), habit, str(number), str(tmp_path / "memories.db")],
            env={**os.environ, **SERVER_KEYS},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()
