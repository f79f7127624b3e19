"""The suite as pytest items: a folder of requirement files, each function with a mark one `RequirementItem`.

The items bring their own arguments and take no fixtures, so that neither the fixtures nor the autouse hooks of a
project that runs the suite among its own tests can change a verdict, nor ours change theirs.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memconform.contract import content_root, requirements
from memconform.judgement import Judgement, judge
from memconform.requirement import Mark, mark_of
from memconform.session import Session
from memconform.verdict import Outcome

SESSION = pytest.StashKey[Session]()


def suite_folder() -> Path:
    """Return the folder of the requirement tests."""
    return content_root() / "conformance" / "suite"


def client_suite_folder() -> Path:
    """Return the folder of the tests of clients; `memconform.clients` runs them, not pytest."""
    return content_root() / "conformance" / "client_suite"


def marked(path: Path) -> Iterator[tuple[str, Callable[..., None], Mark]]:
    """Yield name, function and mark of each test in a file of the suite, in the order of the file."""
    for name, function in vars(_imported(path)).items():
        mark = mark_of(function)
        if mark is not None and function.__module__ == _module_name(path):
            yield name, function, mark


def promise_of(function: Callable[..., None]) -> str:
    """Return what a test shows: the first line of its docstring."""
    return (inspect.getdoc(function) or function.__name__).splitlines()[0]


class SuiteFolder(pytest.Directory):
    """The suite, whatever the project's `python_files` says."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield the files of the suite in the order of their names."""
        for path in sorted(self.path.glob("test_*.py")):
            yield SuiteFile.from_parent(self, path=path)


class SuiteFile(pytest.File):
    """One file of requirement tests, imported under a name that no other test file can have."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each marked function, in the order of the file."""
        for name, function, mark in marked(self.path):
            yield RequirementItem.from_parent(self, name=name, function=function, mark=mark)


class RequirementItem(pytest.Item):
    """One test of one requirement."""

    def __init__(self, *, function: Callable[..., None], mark: Mark, **arguments: Any) -> None:
        """Bind the function; its parameters name what it is given."""
        super().__init__(**arguments)
        self.function = function
        self.mark = mark
        self.requirement = requirements()[mark.id]
        self.judgement: Judgement | None = None
        self.add_marker(pytest.mark.requirement(mark.id))
        self.extra_keyword_matches.update({mark.id, self.requirement.profile})
        self.user_properties.append(("requirement", mark.id))

    def runtest(self) -> None:
        """Judge the server, and tell pytest in its own terms."""
        self.judgement = judge(self.config.stash[SESSION], self.mark, self.function, self.name)
        if self.judgement.stop:
            self.session.shouldstop = self.judgement.stop
        if self.judgement.outcome in (Outcome.SKIP, Outcome.INCONCLUSIVE):
            prefix = "inconclusive: " if self.judgement.outcome is Outcome.INCONCLUSIVE else ""
            raise pytest.skip.Exception(prefix + (self.judgement.reason or ""), _use_item_location=True)
        if self.judgement.outcome in (Outcome.FAIL, Outcome.ERROR):
            raise Judged(self.judgement)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Return the finding in words; the harness's own errors keep their traceback."""
        if isinstance(excinfo.value, Judged):
            from memconform.report.finding import finding_text

            return finding_text(self.record(), self.config.stash[SESSION].settings)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is and what it is called."""
        line = self.function.__code__.co_firstlineno - 1
        return self.path, line, f"{self.mark.id} {self.name}"

    def record(self) -> dict[str, Any]:
        """Return the outcome as data; only after the test ran."""
        if self.judgement is None:
            raise RuntimeError("the test has not run")
        broken = self.judgement.broken or self.mark.id
        return {
            "test": f"{self.path.name}::{self.name}",
            "promise": promise_of(self.function),
            "requirement": broken,
            **({"test_of": self.mark.id} if broken != self.mark.id else {}),
            **self.judgement.to_json(),
        }


class Judged(Exception):
    """Carries a judgement that pytest has to count as a failure."""

    def __init__(self, judgement: Judgement) -> None:
        """Keep the judgement."""
        super().__init__(judgement.outcome)
        self.judgement = judgement


def _module_name(path: Path) -> str:
    return f"memconform_suite.{path.stem}"


def _imported(path: Path) -> ModuleType:
    name = _module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
