"""Rules of dependencies: a file that names them, no content that can change, a version for each, a current SDK."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from memconform.dify.packaging.declared import Declared
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown

NO_FILE = Rule("requirements-missing", Authority.DAEMON, "add a requirements.txt, or a pyproject.toml with its uv.lock")
UNBOUND = Rule("requirement-unbound", Authority.MARKETPLACE, "give it a version, such as name>=1.2,<2 or name==1.2.3")
OPEN = Rule("requirement-open", Authority.PRACTICE, "add an upper bound, or pin it: the next release is unreviewed")
SOURCE = Rule("requirement-source", Authority.MARKETPLACE, "name a released package: what an address holds can change")
LOCAL = Rule("requirement-local", Authority.PRACTICE, "name a released package; a reviewer has to allow local paths")
SDK = Rule("sdk-missing", Authority.RUNTIME, "add the SDK, such as dify-plugin>=0.9.0,<0.11")
OLD_SDK = Rule("sdk-old", Authority.MARKETPLACE, "write dify-plugin with a lower bound of 0.9.0 or above")
TOML = Rule("pyproject", Authority.DAEMON, "correct the TOML")
NO_LOCK = Rule("lock-missing", Authority.PRACTICE, "commit uv.lock: without it each installation resolves anew")

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)")
_OPERATOR = re.compile(r"===|==|~=|!=|<=|>=|<|>|\^")
_LOWEST_SDK = (0, 9, 0)


def judge(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of requirements.txt and pyproject.toml."""
    files = plugin.contents.files
    if plugin.manifest is None:
        return
    has_project = "pyproject.toml" in files
    if "requirements.txt" not in files and not has_project:
        yield NO_FILE.broken(".", "requirements.txt or pyproject.toml", "neither")
        return
    named: set[str] = set()
    if "requirements.txt" in files:
        for number, line in enumerate((plugin.contents.text("requirements.txt") or "").splitlines(), 1):
            yield from _requirement(line.split(" #")[0].strip(), f"requirements.txt:{number}", named)
    if has_project:
        if "uv.lock" not in files:
            yield NO_LOCK.broken("pyproject.toml", "a uv.lock beside it", "none")
        yield from _project(plugin.contents.text("pyproject.toml") or "", named)
    includes = any(line.strip().startswith(("-r", "-c", ".", "-e")) for line in _lines(plugin))
    if "dify-plugin" not in named and not includes and not has_project:
        yield SDK.broken("requirements.txt", "dify-plugin, which every plugin imports", "no such line")


def _lines(plugin: Declared) -> list[str]:
    return (plugin.contents.text("requirements.txt") or "").splitlines()


def _requirement(line: str, where: str, named: set[str]) -> Iterator[Problem]:
    if not line or line.startswith("#"):
        return
    if re.search(r"(git|hg|svn|bzr)\+", line) or re.search(r"(^|@)\s*(https?|ftp|file)://", line):
        yield SOURCE.broken(where, "a released package", shown(line))
    elif line.startswith(("-e ", "--editable", "./", "../", "/")) or re.search(r"@\s*\.{0,2}/", line):
        yield LOCAL.broken(where, "a released package", shown(line))
    elif not line.startswith("-") and (match := _NAME.match(line)):
        name, bounds = re.sub(r"[-_.]+", "-", match[1].lower()), match[3].split(";")[0]
        named.add(name)
        yield from _bounds(name, bounds, where, line)


def _bounds(name: str, bounds: str, where: str, line: str) -> Iterator[Problem]:
    lowest = re.search(r"(>=|==|~=)\s*(\d+(\.\d+)*)", bounds)
    version = tuple(int(part) for part in lowest[2].split(".")) if lowest else ()
    if name == "dify-plugin" and version + (0,) * (3 - len(version)) < _LOWEST_SDK:
        seen = shown(line) + (", whose condition the review does not read" if ";" in line else "")
        yield OLD_SDK.broken(where, "dify-plugin of at least 0.9.0", seen)
    if not _OPERATOR.search(bounds):
        yield UNBOUND.broken(where, "a version", shown(line))
    elif "," not in bounds and re.match(r"\s*\(?\s*>", bounds):
        yield OPEN.broken(where, "a bound above too", shown(line))


def _project(text: str, named: set[str]) -> Iterator[Problem]:
    try:
        project = tomllib.loads(text).get("project", {})
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        place = f":{found[1]}:{found[2]}" if found else ""
        yield TOML.broken(f"pyproject.toml{place}", "TOML", str(error))
        return
    listed = project.get("dependencies", []) if isinstance(project, dict) else []
    for requirement in listed if isinstance(listed, list) else []:
        if isinstance(requirement, str):
            where = f"pyproject.toml:{_line(text, requirement)}"
            yield from _requirement(requirement.strip(), where, named)


def _line(text: str, requirement: str) -> int:
    """Return the line that quotes a requirement, 1 where none does."""
    position = text.find(requirement)
    return text.count("\n", 0, max(position, 0)) + 1
