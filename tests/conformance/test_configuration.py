"""The configuration: where it is found, what is refused in which words, and what overrides it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from memconform.cli import main
from memconform.cli.check import command as check
from memconform.cli.cleanup import command as cleanup
from memconform.configuration import CONFIGURED, defaults, faults, find_file, read_configuration
from memconform.contract import schema
from memconform.settings import UsageError
from memconform_load.cli.capacity import command as capacity
from memconform_load.cli.compare import command as compare
from memconform_load.cli.run import command as load


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a repository of its own, without a variable of ours."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str, file: str = "memconform.toml") -> Path:
    """Write a configuration and return its file."""
    path = Path(file)
    path.write_text(text, encoding="utf-8")
    return path


def judged(*words: str, env: dict[str, str] | None = None) -> list[str]:
    """Return the arguments of the pytest that `memconform check` would run."""
    seen: list[str] = []

    def run(arguments: list[str]) -> int:
        seen.extend(arguments)
        return 0

    said = CliRunner().invoke(main, [*words], obj=run, env=env)
    assert said.exit_code == 0, said.output
    return seen


def refused(*words: str) -> str:
    """Return what is said where a command is refused with exit code 2."""
    said = CliRunner().invoke(main, [*words], obj=lambda _: 0)
    assert said.exit_code == 2, said.output
    return said.output


def test_the_nearest_file_is_taken(folder: Path) -> None:
    """From the working directory upwards, memconform.toml or a pyproject.toml with our table; others are passed by."""
    written('[tool.memconform]\nbudget = "smoke"\n', "pyproject.toml")
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    (folder / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find_file(below) == folder / "pyproject.toml"
    (below / "memconform.toml").write_text("seed = 1\n")
    assert find_file(below) == below / "memconform.toml"


def test_nothing_is_looked_for_beyond_the_repository(folder: Path) -> None:
    """The root of a repository ends the search, also where it has no configuration."""
    written("seed = 1\n")
    inner = folder / "inner" / "src"
    inner.mkdir(parents=True)
    assert find_file(inner) == folder / "memconform.toml"
    (folder / "inner" / ".git").mkdir()
    assert find_file(inner) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_strangers_file_above_is_refused(folder: Path) -> None:
    """Whoever can write into a folder above could run commands by `start`; named with --config it is taken."""
    file = written('start = "touch pwned {port}"\nbudget = "smoke"\n')
    os.chown(file, 4711, 4711)
    below = folder / "below"
    below.mkdir()
    with pytest.raises(UsageError, match="belongs to another user"):
        find_file(below)
    os.chown(below, 4711, 4711)
    assert find_file(below) == folder / "memconform.toml"
    os.chown(below, 0, 0)
    assert "--memory-budget=smoke" in judged("--config", str(file), "check", "http://127.0.0.1:9")


def test_two_in_one_folder_are_an_error() -> None:
    """Neither is taken silently: both are named."""
    written("seed = 1\n")
    written("[tool.memconform]\nseed = 2\n", "pyproject.toml")
    said = refused("check", "http://127.0.0.1:9")
    assert "memconform.toml" in said
    assert "[tool.memconform] in pyproject.toml" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('budgte = "smoke"', "budgte: there is no such key; did you mean budget?"),
        ("start-timeout = 3", "start-timeout: there is no such key; did you mean start_timeout?"),
        ("zzzzzz = 3", "zzzzzz: there is no such key; there are: url, start,"),
        ('budget = "smokey"', "budget: expected one of smoke, standard, full, found another word; did you mean smoke?"),
        ('profiles = "core"', "profiles: expected a list of strings, found a string"),
        ("profiles = [1]", "profiles.0: expected a string that is not empty, found 1"),
        ('profiles = ["core", "core"]', "profiles: something stands there twice"),
        ('profiles = ["core", "serach"]', "profiles.1: the contract has no profile of this name; did you mean search?"),
        ('requirements = ["CORE16"]', "requirements.0: the contract has no requirement of this name; did you mean"),
        ("seed = 1979-05-27", "seed: expected a whole number, 0 or more, found a date or a time"),
        ("seed = -1", "seed: expected a whole number, 0 or more, found -1"),
        ("seed = true", "seed: expected a whole number, 0 or more, found true"),
        ("rate = 0", "rate: expected a number above 0, found 0"),
        ("timeout = inf", "timeout: expected a number above 0, found inf"),
        ('insecure = "yes"', "insecure: expected true or false, found a string"),
        ('url = ""', "url: expected a string that is not empty, found an empty string"),
        ('reports = "x"', "reports: expected a table, found a string"),
        ('[reports]\nhtlm = "x"', "reports.htlm: there is no such key; did you mean html?"),
        ("[load]\nuser = 3", "load.user: there is no such key; did you mean users?"),
        ('api_key_env = "sk-123 456"', "api_key_env: expected the name of an environment variable, not its value"),
        ('[headers]\n"a b" = "env:X"', "headers: a name in it is no name of a header"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    """The key, what was expected and what was found; the file is named."""
    file = written(text)
    assert faults(tomllib.loads(text))[0].startswith(words)
    said = refused("check", "http://127.0.0.1:9")
    assert f"{file.resolve()} is no sound configuration:\n  {words}" in said


@pytest.mark.parametrize("name", ["api_key", "api-key", "token", "password", "second_api_key", "Authorization"])
def test_a_secret_is_refused_and_not_repeated(name: str) -> None:
    """The words say where it belongs, and the value is in no output."""
    written(f'{name} = "hunter2"')
    said = refused("check", "http://127.0.0.1:9")
    assert "$MEMCONFORM_API_KEY" in said
    assert "hunter2" not in said


def test_a_header_names_a_variable() -> None:
    """A header's value in the file is refused unseen; `env:VARIABLE` is taken."""
    written('headers = { X-A = "hunter2" }')
    said = refused("check", "http://127.0.0.1:9")
    assert "headers.X-A: expected 'env:VARIABLE'" in said
    assert "hunter2" not in said
    written('headers = { X-A = "env:A" }')
    assert "--memory-header=X-A: env:A" in judged("check", "http://127.0.0.1:9", env={"A": "b"})


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"x = ", "is no TOML"), (b"\xff", "no UTF-8"), (b"a = " + b"[" * 5000, "is no TOML")],
    ids=["half", "bytes", "nested"],
)
def test_a_file_that_is_no_toml_is_refused(content: bytes, words: str) -> None:
    """No traceback: the file and why."""
    Path("memconform.toml").write_bytes(content)
    said = refused("check", "http://127.0.0.1:9")
    assert words in said
    assert "Traceback" not in said


def test_the_usual_order() -> None:
    """A flag overrides the environment, which overrides the file, which overrides the default."""
    url = "http://127.0.0.1:9"
    variable = {"MEMCONFORM_CHECK_BUDGET": "full"}
    assert "--memory-budget=standard" in judged("check", url)
    written('budget = "smoke"')
    assert "--memory-budget=smoke" in judged("check", url)
    assert "--memory-budget=full" in judged("check", url, env=variable)
    assert "--memory-budget=standard" in judged("check", url, "--budget", "standard", env=variable)


def test_the_url_may_come_from_all_three() -> None:
    """Argument, $MEMCONFORM_CHECK_URL, file; without any of them the message shows the ways."""
    assert "--start COMMAND" in refused("check")
    written('url = "http://127.0.0.1:1"')
    assert "--memory-url=http://127.0.0.1:1" in judged("check")
    env = {"MEMCONFORM_CHECK_URL": "http://127.0.0.1:2"}
    assert "--memory-url=http://127.0.0.1:2" in judged("check", env=env)
    assert "--memory-url=http://127.0.0.1:3" in judged("check", "http://127.0.0.1:3", env=env)


def test_a_url_on_the_command_line_leaves_the_configured_start_out() -> None:
    """Who names a server that runs means that one."""
    written('start = "false {port}"')
    assert "--memory-url=http://127.0.0.1:3" in judged("check", "http://127.0.0.1:3")


def test_lists_and_headers_come_from_the_environment_too() -> None:
    """Names are separated by blanks, headers by lines, for they have blanks."""
    env = {"MEMCONFORM_CHECK_PROFILES": "core search", "MEMCONFORM_CHECK_HEADERS": "X-A: 1\nX-B: 2"}
    words = judged("check", "http://127.0.0.1:9", env=env)
    assert [word for word in words if "profile=" in word] == ["--memory-profile=core", "--memory-profile=search"]
    assert [word for word in words if "header=" in word] == ["--memory-header=X-A: 1", "--memory-header=X-B: 2"]


def test_a_variable_is_named_after_its_option(folder: Path) -> None:
    """$MEMCONFORM_CHECK_JSON is --json, $MEMCONFORM_CHECK_PROFILE is --profile; the configuration's names work, too."""
    env = {"MEMCONFORM_CHECK_JSON": "r.json", "MEMCONFORM_CHECK_PROFILE": "core", "MEMCONFORM_CHECK_HEADER": "X-A: 1"}
    words = judged("check", "http://127.0.0.1:9", env=env)
    assert f"--memory-json={folder / 'r.json'}" in words
    assert {"--memory-profile=core", "--memory-header=X-A: 1"} <= {*words}


def test_a_damaged_file_does_not_disturb_completion() -> None:
    """A shell that completes options gets them, whatever the configuration holds."""
    written("x = ")
    env = {"_MEMCONFORM_COMPLETE": "bash_complete", "COMP_WORDS": "memconform check --bud", "COMP_CWORD": "2"}
    said = CliRunner().invoke(main, [], env=env, prog_name="memconform")
    assert "--budget" in said.output


def test_the_keys_keep_their_variables() -> None:
    """$MEMCONFORM_API_KEY is a key, never an option; $MEMCONFORM_VERSION is nobody's."""
    env = {"MEMCONFORM_API_KEY": "a", "MEMCONFORM_SECOND_API_KEY": "b", "MEMCONFORM_VERSION": "1.2"}
    words = judged("check", "http://127.0.0.1:9", env=env)
    assert "--memory-api-key-env=MEMCONFORM_API_KEY" in words
    assert not [word for word in words if word in ("a", "b")]


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    """From a folder below, files of the configuration are still those beside it."""
    (folder / "failing.json").write_text('["x"]')
    written('failing_messages = "failing.json"\nspecification = "site"\n[reports]\njson = "out/r.json"\n')
    found = defaults("check", read_configuration(folder / "memconform.toml"))
    assert found["failing_messages"] == str(folder / "failing.json")
    assert found["json_file"] == str(folder / "out" / "r.json")
    assert found["specification"] == str(folder / "site")
    written('specification = "https://example.org/spec"')
    assert defaults("check", read_configuration(folder / "memconform.toml"))["specification"].startswith("https:")


def test_the_table_for_load_reaches_load(folder: Path) -> None:
    """Rate as a number or a schedule, users, objectives, reports; the url is shared with check."""
    written('url = "http://127.0.0.1:9"\n[load]\nrate = 20\nusers = 5\nslo = ["violations=0"]\nreports.csv = "out/l"\n')
    found = defaults("load", read_configuration(folder / "memconform.toml"))
    assert (found["rate"], found["people"], found["slo"]) == ("20", 5, ["violations=0"])
    assert found["csv_prefix"] == str(folder / "out" / "l")
    assert found["url"] == "http://127.0.0.1:9"


def leaves(node: dict[str, Any], path: str = "") -> set[str]:
    """Return the keys of the schema, with dots for tables."""
    found: set[str] = set()
    for name, sub in node["properties"].items():
        found |= leaves(sub, f"{path}{name}.") if "properties" in sub else {path + name}
    return found


def test_every_key_reaches_a_parameter_that_is_there() -> None:
    """No key of the schema is forgotten, and no command is handed a parameter that it does not have."""
    handed = {key for rows in CONFIGURED.values() for key in rows} | {"headers"}
    assert handed == leaves(schema("configuration"))
    commands = {"check": check, "load": load, "capacity": capacity, "compare": compare, "cleanup": cleanup}
    for name, command in commands.items():
        assert isinstance(command, click.Command)
        assert {*CONFIGURED[name].values()} <= {parameter.name for parameter in command.params}


def test_help_comes_where_the_file_is_damaged() -> None:
    """--help reads no configuration, and commands that need none do not stumble over it."""
    written("x = ")
    assert CliRunner().invoke(main, ["check", "--help"]).exit_code == 0
    assert CliRunner().invoke(main, ["requirements"]).exit_code == 0
    refused("check")


def test_a_named_file_is_the_only_one(folder: Path) -> None:
    """--config FILE, or $MEMCONFORM_CONFIG, is taken in place of the nearest; one without our table is refused."""
    written('budget = "smoke"')
    other = written('[tool.memconform]\nbudget = "full"\n', "other.toml").rename(folder / "pyproject.toml")
    Path("memconform.toml").rename(folder / "mine.toml")
    assert "--memory-budget=smoke" in judged("--config", "mine.toml", "check", "http://127.0.0.1:9")
    assert "--memory-budget=full" in judged("check", "http://127.0.0.1:9", env={"MEMCONFORM_CONFIG": str(other)})
    other.write_text("[project]\n")
    with pytest.raises(UsageError, match=r"no table \[tool.memconform\]"):
        read_configuration(other)
    assert "does not exist" in refused("--config", "nowhere.toml", "check")
