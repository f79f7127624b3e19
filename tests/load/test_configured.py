"""The configuration reaches `capacity`, `compare`, `cleanup`: a flag before the environment, that before the file."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from memconform.ledger import Ledger, state_folder
from memconform.scopes import RUN_PREFIX

from .conftest import KEY, scopes_held

SERVE = f"{shlex.quote(sys.executable)} -m memconform serve --no-access-log --port {{port}}"
IN_FILE, IN_ENVIRONMENT, BY_FLAG = (f"http://127.0.0.1:{port}" for port in (9, 19, 29))


def called(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call `memconform` in a folder."""
    command, variables = [sys.executable, "-m", "memconform", *words], {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("words", [("capacity",), ("compare", "--save-baseline", "b.json")], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("environment", "flag", "meant"),
    [({}, (), IN_FILE), ({"URL": IN_ENVIRONMENT}, (), IN_ENVIRONMENT), ({"URL": IN_ENVIRONMENT}, (BY_FLAG,), BY_FLAG)],
    ids=["file", "environment", "flag"],
)
def test_the_server_is_where_the_strongest_word_says(
    tmp_path: Path, words: tuple[str, ...], environment: Mapping[str, str], flag: tuple[str, ...], meant: str
) -> None:
    """Nobody listens there, which is said with the address, exit code 3."""
    (tmp_path / "memconform.toml").write_text(f'url = "{IN_FILE}"\n')
    variables = {f"MEMCONFORM_{words[0].upper()}_{name}": value for name, value in environment.items()}
    ended = called(tmp_path, words[0], *flag, *words[1:], **variables)
    assert ended.returncode == 3, ended.stderr
    assert f"no answer from {meant}" in ended.stderr


def test_without_a_server_they_ask_which(tmp_path: Path) -> None:
    """Exit code 2, with what there is to say."""
    for words in (["capacity"], ["compare", "--save-baseline", "b.json"]):
        ended = called(tmp_path, *words)
        assert ended.returncode == 2
        assert "which server?" in ended.stderr
    nothing = called(tmp_path, "compare")
    assert nothing.returncode == 2
    assert "compared with nothing" in nothing.stderr


def test_capacity_starts_the_server_that_the_file_names(tmp_path: Path) -> None:
    """It is started once for all stages, loaded with the file's scenario and objectives, and ended."""
    (tmp_path / "memconform.toml").write_text(
        f"start = {json.dumps(SERVE)}\n[load]\nscenario = 'recall'\nusers = 7\nrate = '1..2'\nslo = ['search.p95<9s']\n"
    )
    words = ["--rate", "5", "--max-rate", "5", "--duration", "5s", "--max-duration", "12s", "--json", "found.json"]
    ended = called(tmp_path, "capacity", *words)
    assert ended.returncode == 3, ended.stderr  # at least 5, or the machine is busy
    assert ended.stderr.count("started ") == 1
    assert "objectives: search.p95<9s\n" in ended.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert (found["plan"]["start"], found["plan"]["scenario"], found["plan"]["people"]) == (SERVE, "recall", 7)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{found['url']}/v1/health")


def test_compare_starts_it_for_a_baseline(tmp_path: Path) -> None:
    """The runs of a started server are kept, and compared with those of the next one: it is the same server."""
    (tmp_path / "memconform.toml").write_text(
        f"start = {json.dumps(SERVE)}\n[load]\nrate = 20\nduration = '3s'\nusers = 5\n"
    )
    words = ["compare", "--repeats", "2", "--set", "model=0.05"]
    kept = called(tmp_path, *words, "--save-baseline", "b.json")
    assert kept.returncode == 0, kept.stderr
    assert "2 runs kept in b.json" in kept.stdout
    ended = called(tmp_path, *words, "--baseline", "b.json", "--tolerance", "100%")
    assert "A is the baseline b.json, B is http://127.0.0.1:" in ended.stdout
    assert "differs" not in ended.stdout
    assert ended.returncode in (0, 1, 3)  # by what this machine does meanwhile


def test_files_are_compared_without_the_server_of_the_file(tmp_path: Path) -> None:
    """Two results on the command line are two results, whatever the configuration could start."""
    (tmp_path / "memconform.toml").write_text("start = 'false {port}'\n")
    ended = called(tmp_path, "compare", "a.json", "b.json")
    assert ended.returncode == 2
    assert "a.json is no address and no file" in ended.stderr


def test_cleanup_takes_the_key_but_never_the_address(tmp_path: Path, server: str) -> None:
    """The variable that the file names has the key; the ledger knows where the data are."""
    ledger = Ledger(state_folder() / "feed.jsonl", server)
    ann = {"user_id": f"{RUN_PREFIX}feed_ann"}
    ledger.note_scope("first", ann)
    ledger.close(done=False)
    body = {"content": "Ann likes tea", "scope": ann}
    httpx.post(f"{server}/v1/memories", json=body, headers={"Authorization": f"Bearer {KEY}"}).raise_for_status()
    (tmp_path / "memconform.toml").write_text(f'url = "{IN_FILE}"\napi_key_env = "MEMORY_KEY"\n')
    ended = called(tmp_path, "cleanup", "--run-id", "feed", MEMORY_KEY=KEY)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"memories of {server} in the ledger, 0 not deleted" in ended.stdout
    assert scopes_held(server) == []
