"""The completions as a person has them: a real bash, zsh and fish at a terminal, where Tab is pressed."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from memconform.cli import main
from memconform.cli.completion import SHELLS
from memconform.contract import requirements

TAB, SHOW = b"\t", b"\x18\x04"
SECONDS = 60.0
READS_SCRIPT = {
    "bash": (".bashrc", 'PS1="ready> "\n{script}\nbind -x \'"\\C-x\\C-d": printf "%s\\n" "$READLINE_LINE" >line\'\n'),
    "zsh": (
        ".zshrc",
        'PS1="ready> "\n{script}\nshow() {{ print -r -- "$BUFFER" >line }}\nzle -N show\nbindkey "^X^D" show\n',
    ),
    "fish": (".config/fish/completions/memconform.fish", "{script}"),
}
"""The file that each shell reads, as the help of `memconform completion` says, and a key that keeps the line."""


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Return a shell that is here; where one is not, CI says how to get it, and elsewhere the test is skipped."""
    name = str(request.param)
    if shutil.which(name) is None:
        missing = f"{name} is not installed, so its completion is not tried: sh requirements/shells.sh installs it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return name


class AtTerminal:
    """A person's first shell: a home with nothing in it but what `memconform completion` said."""

    def __init__(self, shell: str, home: Path) -> None:
        self.shell = shell
        self.home = home
        name, text = READS_SCRIPT[shell]
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        script = CliRunner().invoke(main, ["completion", shell]).output
        (home / name).write_text(text.format(script=script))
        (home / "bakery.json").write_text("{}")
        (home / "bakery.toml").write_text("")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {"HOME": str(home), "ZDOTDIR": str(home), "PATH": path, "TERM": "dumb", "LC_ALL": "C.UTF-8"}

    def after_tab(self, typed: str) -> str:
        """Return the line that stands there when this was typed, and Tab pressed; fish: its only answer put in."""
        if self.shell == "fish":
            answers = self.offered(typed)
            return typed if len(answers) != 1 else f"{typed.rpartition(' ')[0]} {answers[0]} "
        near, far = pty.openpty()
        with subprocess.Popen(
            [self.shell, "-i"], stdin=far, stdout=far, stderr=far, cwd=self.home, env=self.environment,
            start_new_session=True,
        ) as process:  # fmt: skip
            os.close(far)
            try:
                shown = self._read(near, "ready> ")
                os.write(near, typed.encode() + TAB + SHOW)
                line = self.home / "line"
                shown += self._read(near, "", until=line)
                assert line.is_file(), shown
                return line.read_text().removesuffix("\n")
            finally:
                process.kill()
                os.close(near)

    def _read(self, terminal: int, mark: str, until: Path | None = None) -> str:
        """Return what is shown up to a mark, or until there is a whole line in a file."""
        shown, end = "", time.monotonic() + SECONDS
        while time.monotonic() < end:
            if (mark and mark in shown) or (until and until.is_file() and until.read_text().endswith("\n")):
                return shown
            if select.select([terminal], [], [], 0.05)[0]:
                shown += os.read(terminal, 65536).decode(errors="replace")
        return shown

    def offered(self, typed: str) -> list[str]:
        """Return what fish offers for the last word, without descriptions."""
        return [line.split("\t")[0] for line in self.said(typed)]

    def said(self, typed: str) -> list[str]:
        """Return what fish offers, a line each."""
        ended = subprocess.run(
            ["fish", "-c", "complete -C $argv[1]", typed],
            cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout.splitlines()


@pytest.fixture
def terminal(shell: str, tmp_path: Path) -> AtTerminal:
    """Return such a shell."""
    return AtTerminal(shell, tmp_path)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("memconform che", "memconform check "),
        ("memconform plugin ver", "memconform plugin verify "),
        ("memconform check --budg", "memconform check --budget "),
        ("memconform explain search-10", "memconform explain SEARCH-10 "),
        ("memconform check --budget sm", "memconform check --budget smoke "),
        ("memconform check --budget=sm", "memconform check --budget=smoke "),
        ("memconform check --requirement=search-10", "memconform check --requirement=SEARCH-10 "),
        ("memconform report bakery.j", "memconform report bakery.json "),
        ("memconform --config=bakery.t", "memconform --config=bakery.toml "),
        ("memconform --config=bakery.toml che", "memconform --config=bakery.toml check "),
        ("memconform check --start 'uv run' http://127.0.0.1:1 --budget sm",
         "memconform check --start 'uv run' http://127.0.0.1:1 --budget smoke "),
        ("memconform zzz", "memconform zzz"),
    ],
)  # fmt: skip
def test_tab_completes_the_word(terminal: AtTerminal, typed: str, line: str) -> None:
    """Commands, options, names in any case, values and files, behind `=` too; what fits nothing stays as it is."""
    assert terminal.after_tab(typed) == line


def test_tab_goes_on_as_far_as_all_answers_agree(terminal: AtTerminal) -> None:
    """Several requirements begin alike: the line gets what they share, in the contract's spelling."""
    if terminal.shell == "fish":
        wanted = [name for name in requirements() if name.startswith("SEARCH-1")]
        assert terminal.offered("memconform explain search-1") == sorted(wanted)
    else:
        assert terminal.after_tab("memconform explain search-1") == "memconform explain SEARCH-1"


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed: sh requirements/shells.sh installs it")
def test_fish_shows_whole_descriptions(tmp_path: Path) -> None:
    """A comma in the help of a command does not end it."""
    told = dict(line.split("\t") for line in AtTerminal("fish", tmp_path).said("memconform "))
    assert told["baseline"] == "Keep known failures, with reasons and expiry dates."
