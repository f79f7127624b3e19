"""The command line as a whole: groups, completion, near names, the hints that only a terminal shows."""

from __future__ import annotations

import os
import pty
import resource
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from memconform.cli import _COMMANDS, _SECTIONS, main
from memconform.cli.completion import SHELLS
from memconform.cli.lazy import LazyGroup
from memconform.contract import profiles, requirements
from memconform_server.defects import defects
from memconform_server.stores import STORES

PROGRAM = [sys.executable, "-m", "memconform"]


def at_terminal(*words: str) -> str:
    """Run a command with a terminal as its standard output, and return what it shows."""
    near, far = pty.openpty()
    try:
        with subprocess.Popen([*PROGRAM, *words], stdin=far, stdout=far, stderr=far) as process:
            os.close(far)
            shown = b"".join(iter(lambda: read(near), b""))
        assert process.returncode == 0, shown
    finally:
        os.close(near)
    return shown.decode().replace("\r\n", "\n")


def test_a_server_at_a_terminal_says_how_to_check_it() -> None:
    """The second line of serve names the command; where its output is piped there is one line, for scripts."""
    near, far = pty.openpty()
    with subprocess.Popen([*PROGRAM, "serve", "--port", "0"], stdin=far, stdout=far, stderr=far) as process:
        os.close(far)
        shown = ""
        while "\nNext" not in shown or not shown.endswith("\n"):
            more = read(near)
            assert more, shown
            shown += more.decode()
        process.terminate()
    os.close(near)
    first, second = shown.replace("\r\n", "\n").splitlines()
    url = first.split("listening on ")[1].split()[0]
    assert second == f"Next, in another terminal: memconform check {url}"


def read(terminal: int) -> bytes:
    """Return what a terminal says next; nothing when the other side has gone."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def completed(*words: str) -> list[str]:
    """Return what a shell would offer for the last word."""
    typed = " ".join(("memconform", *words))
    env = os.environ | {"_MEMCONFORM_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words))}
    code = "from memconform.cli import main; main(prog_name='memconform')"
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert said.stderr == ""
    return [line.partition(",")[2] for line in said.stdout.splitlines()]


def test_every_command_is_under_one_heading() -> None:
    """The headings of --help hold each command once, in the order of the table."""
    said = CliRunner().invoke(main, ["--help"]).output
    listed = [name for rows in _SECTIONS.values() for name in rows]
    assert len(listed) == len(set(listed)) == len(_COMMANDS)
    places = [said.index(f"\n{heading}:\n") for heading in _SECTIONS]
    assert places == sorted(places)
    assert max(map(len, said.splitlines())) <= 100
    assert "memconform check http://127.0.0.1:8765" in said


def test_help_is_there_at_once() -> None:
    """The best of five calls of --help takes less than 0.3 s of processor time, the interpreter included."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*PROGRAM, "--help"], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert 0 < min(times) < 0.3  # by the clock: benchmarks/startup.py


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("chek", "http://127.0.0.1:1"), "did you mean check?"),
        (("Serve",), "did you mean serve?"),
        (("http://127.0.0.1:1",), "did you mean 'main check http://127.0.0.1:1'?"),
        (("plugin", "verfy"), "did you mean verify?"),
        (("providers", "zzz"), "the commands are list, start, check."),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_an_unknown_command_is_told_with_what_is_near(words: tuple[str, ...], hint: str) -> None:
    """Exit 2; a near name is suggested, an address is taken for one to check, else all commands are named."""
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 2
    assert hint in said.output


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_asks_this_program(shell: str) -> None:
    """It names the program and the variable by which click knows that a shell asks."""
    said = CliRunner().invoke(main, ["completion", shell])
    assert said.exit_code == 0
    assert "memconform" in said.output
    assert f"_MEMCONFORM_COMPLETE={shell}_complete" in said.output


def test_the_script_works_in_bash() -> None:
    """A real bash that has read the script completes a command and a requirement."""
    script = CliRunner().invoke(main, ["completion", "bash"]).output
    folder = os.path.dirname(sys.executable)  # noqa: PTH120 - goes into PATH as it is
    ask = '\nCOMPREPLY=(); COMP_WORDS=({}); COMP_CWORD={}; _memconform_completion memconform; echo "${{COMPREPLY[@]}}"'
    lines = ask.format("memconform comp", 1) + ask.format("memconform explain search-1", 2)
    env = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    said = subprocess.run(["bash", "--norc", "-c", script + lines], env=env, capture_output=True, text=True, check=True)
    first, second = said.stdout.splitlines()
    assert first.split() == ["compare", "completion"]
    assert second.split() == [name for name in requirements() if name.startswith("SEARCH-1")]


def test_names_are_completed() -> None:
    """Commands, options, requirements in any case, profiles, stores, defects, scenarios of load."""
    assert completed("che") == ["check"]
    assert completed("plugin", "") == ["check", "selftest", "call", "start", "package", "verify"]
    assert "--budget" in completed("check", "--bud")
    assert completed("explain", "search-1") == [name for name in requirements() if name.startswith("SEARCH-1")]
    assert completed("check", "--profile", "s") == [name for name in profiles() if name.startswith("s")]
    assert completed("serve", "--store", "lang") == [name for name in STORES if name.startswith("lang")]
    alone = [name for name in defects() if name.startswith("resurrects")]
    assert completed("serve", "--defect", "resurrects")[: len(alone)] == alone
    assert completed("load", "--scenario", "so") == ["soak"]
    assert "--slo" in completed("load", "http://127.0.0.1:1", "--slo")
    assert "worker" in completed("load", "w")


def test_completion_says_nothing_about_an_extra_that_is_missing() -> None:
    """Called, the command says what to install; a shell that asks for its options gets none, and no error."""
    missing = {"explain": ("server", ("no_such_module",))}
    group = LazyGroup("memconform", table={"explain": _COMMANDS["explain"]}, needs=missing)
    with pytest.raises(click.UsageError, match="no_such_module"):
        group.get_command(click.Context(group), "explain")
    asking = click.Context(group, resilient_parsing=True)
    assert group.get_command(asking, "explain") is None
    assert [item.value for item in group.shell_complete(asking, "ex")] == ["explain"]


def test_completing_commands_imports_no_command() -> None:
    """What a shell asks with each press of Tab reads no contract, no server, no suite."""
    code = (
        "import os, sys\n"
        "os.environ.update(_MEMCONFORM_COMPLETE='bash_complete', COMP_WORDS='memconform ', COMP_CWORD='1')\n"
        "from memconform.cli import main\ntry: main(prog_name='memconform')\nexcept SystemExit: print(*sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"pytest", "hypothesis", "httpx", "yaml", "memconform_server", "jsonschema"} & set(said.split())
    assert {f"plain,{name}" for name in _COMMANDS} <= set(said.split())


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (("requirements", "--profile", "events"), "Next: memconform explain EVENTS-"),
        (("explain", "SEARCH-10"), "Next: memconform check http://127.0.0.1:8765 --requirement SEARCH-10"),
        (("explain", "CLIENT-05"), "Next: memconform plugin check PLUGIN --requirement CLIENT-05"),
        (("stores",), "Next: memconform serve --store NAME"),
        (("providers", "list"), "Next: memconform providers check NAME"),
        (("defects", "--requirement", "SEARCH-10"), "Next: memconform serve --defect NAME"),
    ],
    ids=" ".join,
)
def test_a_terminal_is_told_what_comes_next(words: tuple[str, ...], step: str) -> None:
    """The last lines name the next command; what is piped has none."""
    assert f"\n{step}" in at_terminal(*words)
    assert "Next:" not in CliRunner().invoke(main, words).output
