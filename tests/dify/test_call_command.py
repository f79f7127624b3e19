"""`memconform plugin call`: what it prints, what it hides, and what it ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.dify.conftest import PLUGINS

from memconform.cli.plugin.call import command
from memconform.dify import Plugin
from memconform.dify.shown import shown
from memconform.redaction import redactor

SECRET = 'sk-"top"/sécret-0123456789'

Called = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Called:
    """Give a function that runs the command on one of the plugins; TOKEN holds a secret."""
    monkeypatch.setenv("TOKEN", SECRET)

    def run(plugin: str, *words: str) -> Result:
        return CliRunner().invoke(command, [str(PLUGINS / plugin), *words])

    return run


def test_an_answer_is_printed(call: Called) -> None:
    """Text and variables on standard output, versions and seconds beside it; exit code 0."""
    done = call("noop", "stream", "--param", "pieces=2")
    assert done.exit_code == 0, done.output
    assert done.stdout == '0\n1\nvariable story = "0 1 "\n'
    assert "memconform/noop:0.1.0, dify-plugin" in done.stderr


def test_an_answer_is_printed_as_json(call: Called) -> None:
    """One object with all that came; users and conversations arrive."""
    done = call("noop", "whoami", "--json", "--param", "echo=tea ☕", "--user", "ann", "--conversation-id", "c-1")
    said = json.loads(done.stdout)
    assert (said["plugin"], said["tool"], said["error"], said["stray"]) == (
        "memconform/noop:0.1.0",
        "whoami",
        None,
        [],
    )
    assert said["json"][0]["echo"] == "tea ☕"
    assert said["json"][0]["conversation_id"] == "c-1"
    assert said["variables"] == {"user_id": "ann"}


def test_parameters_are_cast_to_their_declared_types(call: Called) -> None:
    """A number is a number; JSON is taken as it is."""
    assert json.loads(call("noop", "file", "--json", "--param", "size=10").stdout)["files"][0]["bytes"] == 10
    echoed = call("noop", "whoami", "--json", "--param-json", 'echo=["a", null, 1]')
    assert json.loads(echoed.stdout)["json"][0]["echo"] == ["a", None, 1]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_secrets_are_hidden_in_all_that_is_printed(call: Called, form: tuple[str, ...]) -> None:
    """A secret that the tool gives back, in whatever spelling, is not shown."""
    done = call("noop", "whoami", *form, "--credential", "token=env:TOKEN", "--param", f"echo=it is {SECRET}!")
    assert done.exit_code == 0, done.output
    assert "[redacted]" in done.stdout
    for form_of_it in (SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], "top"):
        assert form_of_it not in done.output


def test_a_declared_secret_is_hidden_also_when_it_was_typed(call: Called) -> None:
    """It is in the shell's history already; it need not be in a log too."""
    done = call("noop", "whoami", "--credential", "token=typed-secret-01", "--param", "echo=typed-secret-01")
    assert "typed-secret-01" not in done.output
    assert "[redacted]" in done.output


def test_a_secret_in_two_pieces_of_a_stream_is_hidden(noop: Plugin, capsys: pytest.CaptureFixture[str]) -> None:
    """Text is shown line by line, so that a secret is whole when it is looked for."""
    pieces = [SECRET[:9], SECRET[9:] + "\nnext "]
    items = iter([{"type": "text", "message": {"text": piece}} for piece in pieces])
    assert shown(noop, "nothing", items, redactor([SECRET]))
    assert capsys.readouterr().out == "[redacted]\nnext \n"


def test_an_error_of_the_tool_is_exit_code_1(call: Called) -> None:
    """Type and message are shown."""
    done = call("unruly", "misbehave", "--param", "how=fail")
    assert done.exit_code == 1
    assert "misbehave answered an error: KeyError: 'user_id'" in done.stderr


def test_no_answer_in_time_is_exit_code_1(call: Called) -> None:
    """So is a plugin that dies."""
    late = call("unruly", "misbehave", "--param", "how=hang", "--timeout", "0.5")
    assert (late.exit_code, "no complete answer within 0.5 s" in late.stderr) == (1, True)
    dead = call("unruly", "misbehave", "--param", "how=die")
    assert (dead.exit_code, "exit code 7" in dead.stderr) == (1, True)


def test_stray_output_is_shown(call: Called) -> None:
    """Whoever debugs a plugin with print sees why that breaks."""
    done = call("unruly", "misbehave", "--param", "how=print_line")
    assert done.exit_code == 0
    assert "only the protocol belongs: 'a debugging line'" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("noting",), "Did you mean 'nothing'?"),
        (("stream", "--param", "piece=1"), "Did you mean 'pieces'?"),
        (("stream", "--param", "pieces=many"), "'many' is no number"),
        (("stream", "--param", "pieces"), "--param takes NAME=VALUE"),
        (("stream", "--param-json", "pieces={"), "not JSON"),
        (("nothing", "--credential", "tokens=x"), "Did you mean 'token'?"),
        (("nothing", "--credential", "token=env:NOWHERE"), "no environment variable NOWHERE"),
    ],
)
def test_usage_is_exit_code_2(call: Called, words: tuple[str, ...], said: str) -> None:
    """What is unknown or malformed is named, with what is near and what there is; nothing is started."""
    done = call("noop", *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_required_parameter_may_be_left_out_but_is_named(call: Called) -> None:
    """What a plugin makes of it is what one wants to see."""
    done = call("noop", "remember")
    assert done.exit_code == 1
    assert "remember requires 'action', which was not given" in done.stderr


def test_what_cannot_be_started_is_exit_code_3(call: Called, tmp_path: Path) -> None:
    """No plugin, or no interpreter."""
    assert CliRunner().invoke(command, [str(tmp_path), "nothing"]).exit_code == 3
    done = call("noop", "nothing", "--python", "python-of-nobody")
    assert (done.exit_code, "no interpreter 'python-of-nobody'" in done.stderr) == (3, True)


def test_an_error_of_the_harness_is_exit_code_4(call: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not held against the plugin, and hides secrets too."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"a bug with {SECRET}")

    monkeypatch.setattr("memconform.cli.plugin.call.Plugin.start", broken)
    done = call("noop", "nothing", "--credential", "token=env:TOKEN")
    assert done.exit_code == 4
    assert "RuntimeError: a bug with [redacted]" in done.stderr
