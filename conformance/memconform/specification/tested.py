"""How each requirement is tested: the one way to gather it, for the site and for `memconform explain`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memconform.contract import content_root


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """A test of the suite: `file::name`, and what it shows in a sentence."""

    test: str
    promise: str

    @property
    def parts(self) -> tuple[str, str]:
        """The file and the name."""
        file, _, name = self.test.partition("::")
        return file, name


def tests_of(requirement: str) -> tuple[SuiteTest, ...]:
    """Return the tests of a requirement, in the order of the suite: those of servers, then those of clients.

    They are read, not imported, which would take the whole judge, and a second.
    """
    conformance = content_root() / "conformance"
    files = [path for folder in ("suite", "client_suite") for path in sorted((conformance / folder).glob("test_*.py"))]
    return tuple(test for path in files for name, test in _told(path, requirement) if name == requirement)


def _told(path: Path, requirement: str) -> tuple[tuple[str, SuiteTest], ...]:
    """Return requirement and test of each test in a file; nothing, at once, where the requirement is not named."""
    return _tests(path) if f'"{requirement}"' in _text(path) else ()


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _tests(path: Path) -> tuple[tuple[str, SuiteTest], ...]:
    functions = (node for node in ast.parse(_text(path)).body if isinstance(node, ast.FunctionDef))
    return tuple((name, _test(path, node)) for node in functions for name in _marks(node))


def _marks(node: ast.FunctionDef) -> Iterator[str]:
    """Yield the requirement in `@requirement("…", …)` of a function."""
    for call in node.decorator_list:
        match call:
            case ast.Call(func=ast.Name(id="requirement"), args=[ast.Constant(value=str(name))]):
                yield name


def _test(path: Path, node: ast.FunctionDef) -> SuiteTest:
    promise = (ast.get_docstring(node) or node.name).splitlines()[0]
    return SuiteTest(f"{path.name}::{node.name}", promise)
