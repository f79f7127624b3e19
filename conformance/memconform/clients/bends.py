"""Plugins that are wrong, or legal but unusual, in one way: the reference plugin and a few lines that bend it.

A bend is one file: its docstring is the sin (or the freedom) in a sentence, `BREAKS` the id of the requirement that it
breaks (a legal one has none), the rest runs in the plugin's process before its tools are loaded. A plugin that is
mapped in another way than the straight one has its mapping beside it, under the bend's name with the ending .yaml.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memconform.clients.mapping import NAME
from memconform.contract.content import content_root


@dataclass(frozen=True, slots=True)
class Bend:
    """A file that bends a plugin. `breaks` is None for a legal one."""

    name: str
    sentence: str
    breaks: str | None
    path: Path


def reference_plugin() -> Path:
    """Return the folder of the reference plugin."""
    return content_root() / "reference_plugin"


@cache
def plugin_defects() -> Mapping[str, Bend]:
    """Return the seeded defects of the plugin by name, in the order of the requirements that they break."""
    found = sorted(_bends("defects"), key=lambda bend: (bend.breaks or "", bend.name))
    return {bend.name: bend for bend in found}


@cache
def plugin_variants() -> Mapping[str, Bend]:
    """Return the legal but unusual plugins by name."""
    return {bend.name: bend for bend in sorted(_bends("variants"), key=lambda bend: bend.name)}


@contextmanager
def bent(plugin: Path, bend: Bend) -> Iterator[Path]:
    """Make a copy of the plugin's folder that is bent, and yield it; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="memconform-bent-") as folder:
        copy = Path(folder) / plugin.name
        shutil.copytree(plugin, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        (copy / "main.py").rename(copy / "straight_main.py")
        shutil.copyfile(_folder() / "main.py", copy / "main.py")
        shutil.copyfile(bend.path, copy / "bend.py")
        if bend.path.with_suffix(".yaml").exists():
            shutil.copyfile(bend.path.with_suffix(".yaml"), copy / NAME)
        yield copy


def _folder() -> Path:
    return content_root() / "fixtures" / "plugin_bends"


def _bends(folder: str) -> Iterator[Bend]:
    """Read the files of a folder without running them."""
    for path in sorted((_folder() / folder).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        sentence = " ".join((ast.get_docstring(tree) or "").split())
        yield Bend(path.stem.replace("_", "-"), sentence, _breaks(tree), path)


def _breaks(tree: ast.Module) -> str | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["BREAKS"]:
            return str(ast.literal_eval(node.value))
    return None
