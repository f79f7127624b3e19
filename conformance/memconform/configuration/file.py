"""A configuration that was read: its table, and the folder that its paths are relative to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memconform.configuration.place import PYPROJECT, toml
from memconform.configuration.strict import faults
from memconform.settings import UsageError


@dataclass(frozen=True, slots=True)
class Configuration:
    """The table as the file has it, checked."""

    file: Path
    table: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """The folder that the paths in it are relative to, and that the server is started in."""
        return self.file.parent


def read_configuration(file: Path) -> Configuration:
    """Return the configuration in a file; raise `UsageError` that names the file and each key that is wrong."""
    file = file.resolve()
    table: Any = toml(file)
    if file.name == PYPROJECT:
        tools = table.get("tool", {})
        if not isinstance(tools, dict) or "memconform" not in tools:
            raise UsageError(f"{file} has no table [tool.memconform]")
        table = tools["memconform"]
    wrong = faults(table) if isinstance(table, dict) else ["tool.memconform: expected a table"]
    if wrong:
        lines = "\n".join(f"  {line}" for line in wrong)
        raise UsageError(f"{file} is no sound configuration:\n{lines}")
    return Configuration(file, table)
