"""Which software drew the conclusions: it goes into every result."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = ("httpx", "hypothesis", "jsonschema-rs", "pytest", "schemathesis")


def memconform_version() -> str:
    """Return the version of this distribution; `0+source` when it runs from a tree that was never installed."""
    try:
        return version("memconform")
    except PackageNotFoundError:
        return "0+source"


def tool() -> dict[str, Any]:
    """Return names and versions of what ran."""
    return {
        "name": "memconform",
        "version": memconform_version(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": {name: version(name) for name in _PACKAGES},
    }
