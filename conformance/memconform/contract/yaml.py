"""Reading the contract's YAML files, with the C parser where PyYAML has it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def load_yaml(path: Path) -> Any:
    """Return what the file says; the result is shared between callers, who leave it as it is."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=SafeLoader)  # noqa: S506 - both loaders are safe ones
