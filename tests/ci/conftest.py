"""A runner of the action, with memconform installed once by the action's own step."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from .run_action import Ended, Runner

ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """Return the environment of a job: the packages that memconform needs are there already, memconform is not."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MEMCONFORM_", "PYTHON", "PIP_"))}
    return {**kept, "PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the environment that the action's install step makes, from a wheel of this tree."""
    temporary = tmp_path_factory.mktemp("installed")
    runner = Runner(ROOT, temporary, environment())
    runner.action["runs"]["steps"] = [runner.action["runs"]["steps"][1]]
    ended = runner.run(temporary)
    assert ended.step("Install memconform").outcome == "success", ended.say()
    return temporary / "memconform"


@pytest.fixture
def act(tmp_path: Path, installed: Path) -> Callable[..., Ended]:
    """Return a function that runs the action in a new workspace, with these inputs and variables."""
    workspace = tmp_path / "work"
    (workspace / ".git").mkdir(parents=True)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (temporary / "memconform").symlink_to(installed)

    def run(env: dict[str, str] | None = None, **inputs: str) -> Ended:
        return Runner(ROOT, temporary, {**environment(), **(env or {})}).run(workspace, **inputs)

    return run
