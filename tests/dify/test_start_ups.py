"""The ways in which Dify starts a plugin, and the command that tries them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.dify.conftest import PLUGINS

from memconform.cli.plugin.start import command
from memconform.dify import NotStarted
from memconform.dify.declaration import read_declaration
from memconform.dify.environment import environment
from memconform.dify.interpreter import interpreter
from memconform.dify.protocol import credentials_request, tool_request
from memconform.dify.remote import over_tcp
from memconform.dify.serverless import over_http
from memconform.dify.startup import Method, Trial, over_stdio

METHODS = [over_stdio, over_http, over_tcp]


def trial(root: Path, tool: str | None = None, token: str = "right") -> Trial:
    """Return a trial of a plugin with a check of credentials, or a call of a tool."""
    shared = {"provider": read_declaration(root).provider().name, "credentials": {"token": token}, "user_id": "ann"}
    request = tool_request(tool, {"echo": "tea ☕"}, **shared) if tool else credentials_request(**shared)
    return Trial(root, read_declaration(root), environment(root, interpreter()), request)


@pytest.mark.parametrize("method", METHODS)
def test_a_plugin_starts_and_answers_in_each_way(method: Method) -> None:
    """A tool's result comes over every transport; the names of the tools are known."""
    seen = method(trial(PLUGINS / "noop", "whoami"))
    assert seen.answer.json[0]["echo"] == "tea ☕"
    assert seen.answer.variables == {"user_id": "ann"}
    assert set(seen.tools) == {"nothing", "remember", "stream", "file", "whoami"}
    assert 0 < seen.ready_s < 60


@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_of_credentials_comes_over_each_way(method: Method) -> None:
    """An error is an answer."""
    error = method(trial(PLUGINS / "noop", token="wrong")).answer.error
    assert error is not None
    assert error.message == "the token is wrong: set another one"


@pytest.mark.parametrize("method", METHODS)
def test_a_plugin_that_dies_is_quoted_in_each_way(method: Method, tmp_path: Path) -> None:
    """The exit code and its last words are in the message."""
    root = dying(tmp_path, "always")
    with pytest.raises(NotStarted, match=r"exit code 3(?s:.*)no configuration"):
        method(trial(root))


def dying(folder: Path, method: str) -> Path:
    """Return a plugin that ends at its start in one way of starting, or always."""
    root = shutil.copytree(PLUGINS / "noop", folder / "noop")
    text = (root / "main.py").read_text()
    condition = "True" if method == "always" else f"os.environ['INSTALL_METHOD'] == {method!r}"
    (root / "main.py").write_text(
        f"import os, sys\nif {condition}:\n    sys.stderr.write('no configuration\\n')\n    sys.exit(3)\n{text}"
    )
    return root


def test_the_command_shows_each_way() -> None:
    """Versions, seconds, tools and the answer, for every way; exit code 0."""
    done = CliRunner().invoke(command, [str(PLUGINS / "noop"), "--credential", "token=a-secret-token"])
    assert done.exit_code == 0, done.output
    assert "memconform/noop:0.1.0, dify-plugin 0." in done.output
    assert [line.split()[0] for line in done.output.splitlines() if "ready in" in line] == [
        "stdio",
        "serverless",
        "tcp",
    ]
    assert "file, nothing, remember, stream, whoami" in done.output
    assert done.output.count("valid") == 3


def test_the_command_fails_when_one_way_fails(tmp_path: Path) -> None:
    """The others are still tried; exit code 1."""
    done = CliRunner().invoke(
        command, [str(dying(tmp_path, "serverless")), "--method", "serverless", "--method", "tcp"]
    )
    assert done.exit_code == 1
    assert "serverless  failed: GET /health never answered 200" in done.output
    assert "tcp         ready in" in done.output


def test_the_command_knows_the_names_of_credentials() -> None:
    """A credential that the plugin does not have is a usage error, with what is near; exit code 2."""
    done = CliRunner().invoke(command, [str(PLUGINS / "noop"), "--credential", "tokn=a-secret-token"])
    assert done.exit_code == 2
    assert "Did you mean 'token'?" in done.output
    assert "a-secret-token" not in done.output


def test_the_command_refuses_what_is_no_plugin(tmp_path: Path) -> None:
    """Exit code 3, and the reason."""
    done = CliRunner().invoke(command, [str(tmp_path)])
    assert done.exit_code == 3
    assert "expected the folder of a Dify plugin" in done.output
