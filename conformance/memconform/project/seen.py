"""What can be seen of a project without asking: its language, how its server may be started, whose CI it has."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from memconform.configuration import FILE, PYPROJECT
from memconform.project.answers import Ci

Language: TypeAlias = Literal["python", "node", "unknown"]

_FRAMEWORKS = ("FastAPI", "Starlette")
_PASSED_BY = frozenset({"tests", "test", "node_modules", "build", "dist", "venv", "docs"})
_FILES = 300
"""So many Python files are looked into, at most; an app stands near the top."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A project as it lies there. `start` is a guess, None where nothing suggests one."""

    folder: Path
    language: Language
    start: str | None
    ci: Ci
    branch: str | None
    """The branch that pushes are judged on; None for every branch, where no single one suggests itself."""
    place: str
    """Where a configuration belongs: the file that has one already, else pyproject.toml where there is one."""
    install: tuple[str, ...]
    """The commands that install what the server needs."""


def look(folder: Path) -> Seen:
    """Return what can be seen of the project in a folder."""
    app = _app(folder)
    node = _node_start(folder)
    python = app is not None or any((folder / name).is_file() for name in (PYPROJECT, "requirements.txt", "setup.py"))
    language: Language = "python" if python else "node" if (folder / "package.json").is_file() else "unknown"
    own = (folder / FILE).is_file() or not (folder / PYPROJECT).is_file()
    return Seen(
        folder=folder,
        language=language,
        start=f"uvicorn {app} --port {{port}}" if app else node,
        ci=_ci(folder),
        branch=_branch(folder),
        place=FILE if own else PYPROJECT,
        install=_install(folder, language),
    )


def _app(folder: Path) -> str | None:
    """Return `module:name` of the first FastAPI or Starlette app, those near the top first."""
    for file in _sources(folder):
        try:
            name = _assigned(ast.parse(file.read_bytes()))
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        if name:
            parts = file.relative_to(folder).with_suffix("").parts
            if parts[0] == "src":
                return f"--app-dir src {'.'.join(parts[1:])}:{name}"
            return f"{'.'.join(parts)}:{name}"
    return None


def _sources(folder: Path) -> Iterator[Path]:
    found: list[Path] = []
    for pattern in ("*.py", "*/*.py", "*/*/*.py"):
        found += sorted(file for file in folder.glob(pattern) if _ours(file.relative_to(folder)))
    yield from found[:_FILES]


def _ours(file: Path) -> bool:
    return not any(part in _PASSED_BY or part.startswith(".") for part in file.parts[:-1])


def _assigned(module: ast.Module) -> str | None:
    """Return the name that a module gives to an app at its top level."""
    for node in module.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
            continue
        if ast.unparse(node.value.func).rpartition(".")[2] in _FRAMEWORKS:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return next((target.id for target in targets if isinstance(target, ast.Name)), None)
    return None


def _node_start(folder: Path) -> str | None:
    try:
        scripts = json.loads((folder / "package.json").read_bytes()).get("scripts", {})
    except (OSError, ValueError, AttributeError):
        return None
    return "PORT={port} npm start" if isinstance(scripts, dict) and "start" in scripts else None


def _ci(folder: Path) -> Ci:
    remote = _git(folder, "remote", "get-url", "origin").lower()
    if "gitlab" in remote or (not remote and (folder / ".gitlab-ci.yml").is_file()):
        return "gitlab"
    return "github"


def _branch(folder: Path) -> str | None:
    """Return the default branch of the remote, else main or master where there is one, else the current branch."""
    default = _git(folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    if default:
        return default
    for name in ("main", "master"):
        if _git(folder, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}"):
            return name
    return _git(folder, "symbolic-ref", "--short", "HEAD") or None


def _git(folder: Path, *words: str) -> str:
    """Return what git says of the folder's repository; nothing where there is none, or no git."""
    git = shutil.which("git")
    if git is None:
        return ""
    said = subprocess.run([git, "-C", str(folder), *words], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return said.stdout.strip() if said.returncode == 0 else ""


def _install(folder: Path, language: Language) -> tuple[str, ...]:
    if language == "node":
        return ("npm ci" if (folder / "package-lock.json").is_file() else "npm install",)
    if (folder / "requirements.txt").is_file():
        return ("pip install -r requirements.txt",)
    return ("pip install .",) if (folder / PYPROJECT).is_file() or (folder / "setup.py").is_file() else ()
