"""Real plugins in real processes; their environments are shared by all tests and kept between runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from memconform.dify import Plugin
from memconform.dify.environment import VARIABLE

PLUGINS = Path(__file__).parents[2] / "fixtures" / "plugins"

Started: TypeAlias = Callable[..., Plugin]


@pytest.fixture(scope="session", autouse=True)
def environments() -> Iterator[None]:
    """Keep environments in the checkout, where the Makefile has them, unless a variable says otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, os.environ.get(VARIABLE) or str(Path(__file__).parents[2] / ".venv-plugins"))
        yield


@pytest.fixture(scope="session")
def noop(environments: None) -> Iterator[Plugin]:  # noqa: ARG001 - it has to be set before
    """Give one running plugin that behaves."""
    with Plugin.start(PLUGINS / "noop", start_timeout_s=120) as plugin:
        yield plugin


@pytest.fixture
def unruly() -> Iterator[Started]:
    """Give a function that starts a plugin that does not behave; all that it started is stopped."""
    started: list[Plugin] = []

    def start(how: str = "", **options: Any) -> Plugin:
        variables = {"UNRULY": how, "HEARTBEAT_INTERVAL": "0.5"}
        plugin = Plugin.start(PLUGINS / "unruly", variables=variables, **{"start_timeout_s": 120, **options})
        started.append(plugin)
        return plugin

    yield start
    for plugin in started:
        plugin.close()
