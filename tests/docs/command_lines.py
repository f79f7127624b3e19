"""Command lines in documents: whether each names a command, a group and options that are there."""

from __future__ import annotations

import re
import shlex

import click

from memconform.cli import main

from .reading import ROOT

_TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def fault(line: str) -> str | None:
    """Return what is wrong with a command line of memconform or make; None where nothing is, or it is another's."""
    words = _words(line)
    if words[:1] == ["make"]:
        unknown = [word for word in words[1:] if re.fullmatch(r"[a-z0-9-]+", word) and word not in _TARGETS]
        return f"no target {unknown[0]}" if unknown else None
    while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] in ("!", "exec")):
        words = words[1:]
    if words[:1] != ["memconform"]:
        return None
    return _options(*_command(main, words[1:]))


def _words(line: str) -> list[str]:
    """Return the words of the first command of a line of shell; quotes that are not closed end it."""
    text = re.split(r"\s(?:[|>&]|&&|\|\|)(?:\s|$)|\s#\s", line.replace("\\\n", " "))[0]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _command(command: click.Command, words: list[str]) -> tuple[click.Command, list[str]]:
    context = click.Context(command, info_name="memconform")
    while isinstance(command, click.Group) and words:
        if words[0] not in command.list_commands(context):
            beside = command.get_command(context, "run")  # 'memconform load URL' leaves the word run out
            return (beside or command), words
        found = command.get_command(context, words[0])
        assert found is not None
        command, words = found, words[1:]
    return command, words


def _options(command: click.Command, words: list[str]) -> str | None:
    if isinstance(command, click.Group):
        unknown = [word for word in words if not word.startswith("-") and word not in ("COMMAND", "…")]
        if unknown:
            return f"no command {unknown[0]}"
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    known |= {"-h", "--help"}
    asked = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    strange = [word for word in asked if word not in known]
    return f"no option {strange[0]}" if strange else None
