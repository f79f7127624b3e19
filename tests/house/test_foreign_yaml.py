"""YAML that somebody else wrote: whatever it is, the command that reads it says a sentence, and never ends with 4."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from memconform.clients.bends import reference_plugin
from memconform.contract.yaml import DEEPEST, TooDeep, foreign_yaml

STRANGE = {
    "lists": ("a: " + "[" * 200_000 + "]" * 200_000, "nested too deeply"),
    "blocks": ("\n".join(" " * level + "a:" for level in range(2_000)), "nested too deeply"),
    "itself": ("search: &all {p95: *all}", "holds itself"),
    "date": ("a: 2026-02-30", "none of its type: day is out of range"),
    "tag": ("a: !!timestamp now", "none of its type"),
}
"""What ends a parser that does not look first, and what is said about it."""


def ran(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run memconform as a process: what crashes the parser in C would take this one along."""
    command = [sys.executable, "-m", "memconform", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("name", STRANGE)
def test_a_command_refuses_it_in_words(name: str, tmp_path: Path) -> None:
    """A plugin's mapping, its manifest and objectives: exit 2 (3: no plugin there), the file is named, no traceback."""
    text, said = STRANGE[name]
    file = tmp_path / "strange.yaml"
    file.write_text(text)
    plugin = shutil.copytree(reference_plugin(), tmp_path / "plugin")
    mapping = ran("plugin", "check", plugin, "--map", file)
    objectives = ran("load", "http://127.0.0.1:9", "--slo-file", file)
    shutil.copy(file, plugin / "manifest.yaml")
    not_there = ran("plugin", "check", plugin)
    for ended, place, code in ((mapping, file, 2), (objectives, file, 2), (not_there, "manifest.yaml", 3)):
        assert ended.returncode == code, ended.stderr
        assert str(place) in ended.stderr
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
    validated = ran("schemas", "validate", file)
    assert validated.returncode == 1
    assert said in validated.stdout


def test_what_is_deep_but_not_too_deep_is_read() -> None:
    """The limit itself is allowed, one more is not; an alias of what is complete is."""
    foreign_yaml("[" * DEEPEST + "]" * DEEPEST)
    with pytest.raises(TooDeep, match="nested too deeply") as refused:
        foreign_yaml("\n" + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))
    assert refused.value.problem_mark
    assert refused.value.problem_mark.line == 1
    assert foreign_yaml("a: &x [1]\nb: *x\nc: [*x]") == {"a": [1], "b": [1], "c": [[1]]}
    with pytest.raises(yaml.YAMLError):
        foreign_yaml("a: [")
