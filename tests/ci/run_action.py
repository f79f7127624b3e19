"""Runs a composite action step by step as GitHub's runner does, on this machine.

`run:` steps run for real in bash, with the files that GitHub gives them; `uses:` steps are listed with their inputs and
not run. Expressions are understood as far as the action needs them: contexts, strings, `== != ! && || ( )`, and the
status functions.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w.-]*(?:\(\))?)|(&&|\|\||==|!=|!|\(|\)))")
SECONDS = 300


@dataclass
class Step:
    """A step that came to its turn: `outcome` is success, failure, skipped, or listed for `uses:`."""

    name: str
    outcome: str
    output: str = ""
    uses: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    code: int | None = None


@dataclass
class Ended:
    """What a run of the action leaves behind."""

    steps: list[Step]
    outputs: dict[str, str]
    summary: str
    temporary: Path

    @property
    def exit_code(self) -> int:
        """The exit code of the last step that failed, 0 where none did."""
        codes = [step.code for step in self.steps if step.outcome == "failure"]
        return codes[-1] or 1 if codes else 0

    def step(self, name: str) -> Step:
        """Return the step of that name."""
        return next(step for step in self.steps if step.name == name)

    def say(self) -> str:
        """Return what all steps printed, for messages."""
        return "\n".join(f"== {step.name}: {step.outcome}\n{step.output}" for step in self.steps)


class Expression:
    """One expression of a workflow, over contexts and the state of the job."""

    def __init__(self, text: str, contexts: Mapping[str, Any], failed: bool) -> None:
        self.contexts = contexts
        self.failed = failed
        self.tokens = list(self._tokens(text))

    @staticmethod
    def _tokens(text: str) -> Iterator[str]:
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"this expression has something that is not understood here: {text}")
            yield found[0].strip()
            at = found.end()

    def value(self) -> Any:
        """Return what it evaluates to."""
        value = self._either()
        if self.tokens:
            raise ValueError(f"unexpected {self.tokens}")
        return value

    def _either(self) -> Any:
        value = self._both()
        while self.tokens[:1] == ["||"]:
            self.tokens.pop(0)
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self.tokens[:1] == ["&&"]:
            self.tokens.pop(0)
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._single()
        if self.tokens[:1] in (["=="], ["!="]):
            operator, other = self.tokens.pop(0), self._single()
            same = str(value or "").lower() == str(other or "").lower()
            return same is (operator == "==")
        return value

    def _single(self) -> Any:
        token = self.tokens.pop(0)
        if token == "!":
            return not self._single()
        if token == "(":
            value = self._either()
            assert self.tokens.pop(0) == ")"
            return value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        states = {"always()": True, "success()": not self.failed, "failure()": self.failed}
        return states[token] if token in states else self._looked_up(token)

    def _looked_up(self, path: str) -> Any:
        found: Any = self.contexts
        for step in path.split("."):
            found = found.get(step, "") if isinstance(found, Mapping) else ""
        return found


class Runner:
    """A job with one step that uses the action in `folder`."""

    def __init__(self, folder: Path, temporary: Path, environment: Mapping[str, str]) -> None:
        self.action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        self.folder = folder
        self.temporary = temporary
        self.path: list[str] = []
        self.environment = {
            **environment,
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(folder),
            "RUNNER_TEMP": str(temporary),
        }
        self.failed = False

    def run(self, workspace: Path, **inputs: str) -> Ended:
        """Run all steps with these inputs (`_` for `-`), standing in `workspace`."""
        declared = self.action["inputs"]
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= declared.keys(), f"no such input: {given.keys() - declared.keys()}"
        self.contexts: dict[str, Any] = {
            "inputs": {name: given.get(name, row.get("default", "")) for name, row in declared.items()},
            "steps": {},
            "github": {"action_path": str(self.folder)},
            "runner": {"temp": str(self.temporary)},
        }
        summary = self.temporary / "summary.md"
        summary.touch()
        steps = [self._step(row, workspace, summary) for row in self.action["runs"]["steps"]]
        outputs = {name: self._filled(row["value"]) for name, row in self.action["outputs"].items()}
        return Ended(steps, outputs, summary.read_text(encoding="utf-8"), self.temporary)

    def _step(self, row: Mapping[str, Any], workspace: Path, summary: Path) -> Step:
        condition = str(row.get("if", "success()"))
        if not re.search(r"\b(always|failure|success)\(\)", condition):
            condition = f"success() && ({condition})"
        wanted = Expression(condition.removeprefix("${{").removesuffix("}}"), self.contexts, self.failed).value()
        step = self._done(row, workspace, summary) if wanted else Step(row["name"], "skipped")
        if "id" in row:
            self.contexts["steps"].setdefault(row["id"], {"outputs": {}})["outcome"] = step.outcome
        self.failed = self.failed or step.outcome == "failure"
        return step

    def _done(self, row: Mapping[str, Any], workspace: Path, summary: Path) -> Step:
        if "uses" in row:
            given = {name: self._filled(str(value)) for name, value in row.get("with", {}).items()}
            return Step(row["name"], "listed", uses=row["uses"], given=given)
        assert row["shell"] == "bash"
        files = {name: self.temporary / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        script = self.temporary / "step.sh"
        script.write_text(self._filled(row["run"]), encoding="utf-8")
        environment = {
            **self.environment,
            "PATH": os.pathsep.join([*self.path, self.environment["PATH"]]),
            **{name: self._filled(str(value)) for name, value in row.get("env", {}).items()},
            **{name: str(file) for name, file in files.items()},
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=workspace / self._filled(row.get("working-directory", ".")),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        self._take(files, row.get("id"))
        outcome = "failure" if ended.returncode else "success"
        return Step(row["name"], outcome, ended.stdout, code=ended.returncode)

    def _take(self, files: Mapping[str, Path], name: str | None) -> None:
        self.environment |= _pairs(files["GITHUB_ENV"])
        self.path = [*files["GITHUB_PATH"].read_text(encoding="utf-8").splitlines(), *self.path]
        if name:
            self.contexts["steps"][name] = {"outputs": _pairs(files["GITHUB_OUTPUT"])}

    def _filled(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            return str(Expression(found[1], self.contexts, self.failed).value())

        return re.sub(r"\$\{\{(.*?)\}\}", value, text)


def _pairs(file: Path) -> dict[str, str]:
    """Return the NAME=VALUE lines of a file."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
