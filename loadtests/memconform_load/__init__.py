"""Load tests of memory servers: latency from the intended start, capacity, and whether answers stay right under load.

What stands in `__all__` is the public API. Only `memconform_load.engine`, `memconform_load.drivers` and scenarios
import Locust, which monkey-patches the process.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memconform_load.embedded import LoadResult, Objective, run_load

__all__ = ["LoadResult", "Objective", "run_load"]

if not TYPE_CHECKING:  # a type checker would take every misspelt name for one that is imported like this

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'memconform_load' has no attribute {name!r}")
        return getattr(importlib.import_module("memconform_load.embedded"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
