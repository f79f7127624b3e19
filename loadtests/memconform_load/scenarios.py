"""Which scenarios there are: locustfiles, read without importing them, for that would import Locust."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from memconform.contract.content import content_root
from memconform.settings import UsageError


@dataclass(frozen=True, slots=True)
class Described:
    """What a scenario's file says of it."""

    name: str
    path: Path
    summary: str
    needs: tuple[str, ...]
    parameters: dict[str, Any]
    plan: dict[str, Any]
    objectives: tuple[str, ...]
    by_plugin: bool
    """Whether it makes no sense without a plugin."""


def scenario_folder() -> Path:
    """Return the folder of the scenarios that come with memconform."""
    return content_root() / "loadtests" / "scenarios"


def scenario_path(name: str) -> Path:
    """Return the file of a scenario, by its name or path; raise `UsageError` where there is none."""
    path = Path(name) if name.endswith(".py") else scenario_folder() / f"{name}.py"
    if path.is_file():
        return path
    known = sorted(each.stem for each in scenario_folder().glob("[a-z]*.py"))
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
    raise UsageError(f"there is no scenario {name!r}; {hint}")


def scenarios() -> list[Described]:
    """Return all scenarios that come with memconform, by name."""
    return [described(path) for path in sorted(scenario_folder().glob("[a-z]*.py"))]


def described(path: Path) -> Described:
    """Return what a file says of its scenario; raise `UsageError` where it holds none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("MemoryUser") for base in node.bases):
            said = {name: value for statement in node.body for name, value in _constants(statement)}
            summary = (ast.get_docstring(node) or "").split("\n")[0]
            return Described(
                path.stem,
                path,
                summary,
                tuple(sorted(said.get("needs", ()))),
                dict(said.get("parameters", {})),
                dict(said.get("plan", {})),
                tuple(said.get("objectives", ())),
                bool(said.get("by_plugin", False)),
            )
    raise UsageError(f"{path} holds no scenario: a class that subclasses MemoryUser")


def _constants(statement: ast.stmt) -> list[tuple[str, Any]]:
    """Return the name and the value of a class attribute that is a constant."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value is not None:
        target, value = statement.target.id, statement.value
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        target, value = statement.targets[0].id, statement.value
    else:
        return []
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "frozenset" and value.args:
        value = value.args[0]
    try:
        return [(target, ast.literal_eval(value))]
    except ValueError:
        return []
