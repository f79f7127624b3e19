"""The plugin driver: calls from greenlets through Dify's real runtime, and what becomes of them when things go wrong.

Each test plays a scene of `plugin_program.py` in a process of its own, which gevent has patched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from memconform.dify.environment import VARIABLE

PROGRAM = Path(__file__).with_name("plugin_program.py")
PLUGINS = os.environ.get(VARIABLE) or str(Path(__file__).parents[2] / ".venv-plugins")


@cache
def seen(scene: str) -> Any:
    """Play a scene and return what it saw."""
    ended = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(PROGRAM), scene],
        env={**os.environ, VARIABLE: PLUGINS},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    return json.loads(ended.stdout)


def test_64_callers_at_once_get_their_own_answers() -> None:
    """Every call of 64 greenlets ends well, and shows the id, content, person and version of its own memory."""
    said = seen("crowd")
    assert said["wrong"] == []
    assert said["kinds"] == {"ok": 64 * 8, "refused: not_found 404": 64}


def test_nothing_blocks_the_other_greenlets() -> None:
    """While the plugin's answers are read, and while one is started again, the hub turns."""
    for scene in ("crowd", "killed"):
        assert seen(scene)["worst_tick_s"] < 1.0


def test_lists_exports_and_operations_are_read() -> None:
    """Limit and cursor reach the tool, the next cursor comes back; exports bring a document, operations an id."""
    said = seen("crowd")
    assert said["pages"] is True
    assert said["last_cursor"] is None
    assert said["exported"] == [3, 4]
    assert said["operations"] == ["succeeded", "succeeded"]


def test_it_says_what_it_is() -> None:
    """Identity and runtime, the processes, and for each how long start and first call took."""
    said = seen("crowd")
    about = said["about"]
    assert about["identity"].startswith("memconform/memory_api:")
    assert (about["processes"], about["restarts"], said["pids"]) == (2, 0, 2)
    assert all(len(about[name]) == 2 and min(about[name]) > 0 for name in ("cold_start_ms", "first_call_ms"))
    assert min(about["cold_start_ms"]) > max(about["first_call_ms"])
    assert said["rss_mb"] > 50
    assert {"add", "search", "get", "list", "update", "delete", "erase"} <= set(said["supports"])
    assert "batch" not in said["supports"]
    assert said["blind"] == []


def test_a_killed_plugin_is_started_again_and_the_run_goes_on() -> None:
    """Calls in flight end as unknown, the others wait for the new process; it is told and counted."""
    said = seen("killed")
    assert set(said["kinds"]) == {"ok", "unknown: plugin died"}
    assert 1 <= said["kinds"]["unknown: plugin died"] <= 16
    assert said["kinds"]["ok"] > said["before"] > 0
    assert said["about"]["restarts"] == 1
    assert len(said["about"]["cold_start_ms"]) == len(said["about"]["first_call_ms"]) == 2
    assert any("is gone, and is started again" in note and "SIGKILL" in note for note in said["notes"])


def test_while_one_process_starts_the_others_serve() -> None:
    """Of two processes one dies: no call fails, none waits for the start, and then there are two again."""
    said = seen("one_of_two_killed")
    assert said["kinds"] == {"ok": 20}
    assert said["longest_s"] < 0.5
    assert (said["living"], said["back"]) == (2, False)


def test_failures_are_grouped_by_what_the_plugin_says() -> None:
    """Time-outs and lost writes are unknown, what surely did nothing is refused; keys are never repeated."""
    said = seen("failing")
    assert said["silent"][0].startswith("unknown: timed out")
    assert said["silent"][1] < 3
    assert said["nobody reads"] == ["refused: refused"]
    assert said["nobody writes"] == ["unknown: refused"]
    assert said["not mapped"] == ["refused: no such tool"]
    assert said["wrong key"] == ["refused: unauthorized", 401, False, True]


def test_an_unruly_plugin_harms_only_its_own_calls() -> None:
    """A call that hangs ends at its time, one that raises is unknown, and after a death the next call is served."""
    said = seen("unruly")
    assert said["hang"][0] == ["unknown: timed out"] * 2
    assert 2.4 < said["hang"][1] < 5
    assert said["fail"][0] == ["unknown: KeyError"] * 2
    assert said["die"][0] == ["unknown: plugin died"] * 2
    assert said["die restarts"] >= 1
    assert said["slow"][0] == ["ok", "ok"]


def test_what_cannot_be_opened_is_told() -> None:
    """A mapping that names unknown tools, one that is missing, and a folder without a plugin."""
    said = seen("wrong")
    assert said["unknown tool"][0] == "UsageError"
    assert "does not have: remember; it has add_memory" in said["unknown tool"][1]
    assert said["no mapping"][0] == "UsageError"
    assert "write one" in said["no mapping"][1]
    assert said["no plugin"][0] == "NotAPlugin"
