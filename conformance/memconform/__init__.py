"""memconform: proves that AI memory servers do what they promise.

For your own tests:

    from memconform import check_server

    def test_our_memory_server_is_conformant() -> None:
        check_server("http://127.0.0.1:8765", budget="smoke").assert_conformant()

What stands in `__all__` is the public API, and follows semantic versioning; everything else may change at any time. A
name is imported when it is first used, so that `import memconform` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memconform.api.check_plugin import check_plugin
    from memconform.api.check_server import Progress, check_server
    from memconform.api.conformance_result import ConformanceResult
    from memconform.api.errors import HarnessFailed, ServerUnreachable
    from memconform.api.evidence import Finding, RecordedExchange
    from memconform.api.parts import Measure, ProfileResult, RequirementResult, RunInfo, ServerInfo
    from memconform.api.plugin_result import PluginResult
    from memconform.api.reference_server import reference_server
    from memconform.contract import (
        Profile,
        Requirement,
        SchemaError,
        SchemaValidator,
        profiles,
        requirements,
        validator,
    )
    from memconform.settings import UsageError
    from memconform.verdict import Conformance, Outcome

    __version__: str

__all__ = [
    "Conformance",
    "ConformanceResult",
    "Finding",
    "HarnessFailed",
    "Measure",
    "Outcome",
    "PluginResult",
    "Profile",
    "ProfileResult",
    "Progress",
    "RecordedExchange",
    "Requirement",
    "RequirementResult",
    "RunInfo",
    "SchemaError",
    "SchemaValidator",
    "ServerInfo",
    "ServerUnreachable",
    "UsageError",
    "__version__",
    "check_plugin",
    "check_server",
    "profiles",
    "reference_server",
    "requirements",
    "validator",
]

_MODULES = {
    "memconform.api.check_plugin": ("check_plugin",),
    "memconform.api.check_server": ("Progress", "check_server"),
    "memconform.api.conformance_result": ("ConformanceResult",),
    "memconform.api.errors": ("HarnessFailed", "ServerUnreachable"),
    "memconform.api.evidence": ("Finding", "RecordedExchange"),
    "memconform.api.parts": ("Measure", "ProfileResult", "RequirementResult", "RunInfo", "ServerInfo"),
    "memconform.api.plugin_result": ("PluginResult",),
    "memconform.api.reference_server": ("reference_server",),
    "memconform.contract": (
        "Profile",
        "Requirement",
        "SchemaError",
        "SchemaValidator",
        "profiles",
        "requirements",
        "validator",
    ),
    "memconform.settings": ("UsageError",),
    "memconform.verdict": ("Conformance", "Outcome"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

if not TYPE_CHECKING:  # a type checker would take every misspelt name for one that is imported like this

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from memconform.environment import memconform_version

            return memconform_version()
        if name not in _HOME:
            raise AttributeError(f"module 'memconform' has no attribute {name!r}")
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
