"""A baseline for a client: what a plugin is known to do wrong fails its pipeline no longer, and nothing else passes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from memconform.clients.bends import reference_plugin
from memconform.contract import validator

Run = Callable[..., "subprocess.CompletedProcess[str]"]

OTHER = str(Path(__file__).parents[2] / "fixtures/plugins/httpx_per_call")
SOME = ("--requirement", "CLIENT-05")


def test_the_life_of_a_baseline(run: Run, tmp_path: Path) -> None:
    """It fails, is listed, passes as known; the plugin that does it right makes the entry stale."""
    result, file = str(tmp_path / "result.json"), str(tmp_path / "known.toml")
    assert run("plugin", "check", OTHER, *SOME, "--json", result).returncode == 1
    listed = run("baseline", "update", result, "--baseline", file, "--reason", "no deadline over the whole")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    ended = run("plugin", "check", OTHER, *SOME, "--json", result, "--baseline", file)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "NOT CONFORMANT in what was selected, as the baseline knows: 1 known failure until" in ended.stdout
    document = json.loads(Path(result).read_text())
    assert validator("client").errors(document) == []
    assert "budget" not in document["baseline"]["known"][0]
    assert "--baseline" in document["run"]["command"]
    ended = run("plugin", "check", str(reference_plugin()), *SOME, "--baseline", file)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "STALE       CLIENT-05 test_" in ended.stdout


def test_a_baseline_that_makes_no_sense_is_refused(run: Run, tmp_path: Path) -> None:
    """Exit 2 before the plugin is started."""
    ended = run("plugin", "check", OTHER, "--baseline", str(tmp_path / "known.toml"))
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "there is no baseline" in ended.stderr
