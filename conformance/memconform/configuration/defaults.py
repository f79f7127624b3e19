"""A configuration as click takes it: the value of each option by the command and the parameter's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform.configuration.file import Configuration

_CHECK = {
    **{name: name for name in (
        "url", "start", "start_timeout", "profiles", "level", "requirements", "budget", "seed", "rate", "timeout",
        "api_key_env", "second_api_key_env", "api_key_file", "second_api_key_file", "insecure", "restart",
        "restart_command", "failing_messages", "keep_data", "baseline", "contract", "specification",
    )},
    "ca": "ca_file",
    **{f"reports.{name}": f"{name}_file" for name in (
        "json", "html", "markdown", "junit", "sarif", "badge", "badge_json",
    )},
}  # fmt: skip
_CLEANUP = {name: _CHECK[name] for name in (
    "api_key_env", "second_api_key_env", "api_key_file", "second_api_key_file", "ca", "insecure",
)}  # fmt: skip
"""Not the URL: a ledger knows the server whose data it names, and another one would have nothing to delete."""
_LOADED = {
    **{name: name for name in ("url", "start", "start_timeout", "api_key_env", "api_key_file", "insecure")},
    "ca": "ca_file",
    "load.scenario": "scenario",
    "load.users": "people",
    "load.seed": "seed",
}
"""What all commands have that load a server."""
_RATE = {f"load.{name}": name for name in ("rate", "duration")}
_OBJECTIVES = {f"load.{name}": name for name in ("slo", "slo_file")}
_LOAD = {
    **_LOADED,
    **_RATE,
    **_OBJECTIVES,
    **{f"load.reports.{name}": f"{name}_file" for name in ("json", "html", "markdown")},
    "load.reports.csv": "csv_prefix",
}
CONFIGURED: Mapping[str, Mapping[str, str]] = {
    "check": _CHECK,
    "baseline": {"baseline": "baseline"},
    "cleanup": _CLEANUP,
    "load": _LOAD,
    "capacity": {**_LOADED, **_OBJECTIVES},
    "compare": {**_LOADED, **_RATE},
}
"""Which parameter of a command, or of all in a group, has which key of the file; a key in a table has a dot."""

_PATHS = frozenset({"ca", "api_key_file", "second_api_key_file", "failing_messages", "baseline", "load.slo_file"})


def defaults(command: str, configuration: Configuration) -> dict[str, Any]:
    """Return the defaults of a command's parameters; paths are absolute."""
    found = {key: _at(configuration.table, key) for key in CONFIGURED[command]}
    return {
        CONFIGURED[command][key]: _value(key, value, configuration) for key, value in found.items() if value is not None
    } | _headers(command, configuration)


def _at(table: Mapping[str, Any], key: str) -> Any:
    for step in key.split("."):
        table = table.get(step, {})
    return None if table == {} else table


def _value(key: str, value: Any, configuration: Configuration) -> Any:
    if key in _PATHS or "reports." in key or (key == "specification" and "://" not in value):
        return str(configuration.folder / value)
    if key == "load.scenario" and value.endswith(".py"):
        return str(configuration.folder / value)
    return str(value) if key == "load.rate" else value


def _headers(command: str, configuration: Configuration) -> dict[str, Any]:
    headers = configuration.table.get("headers")
    if command not in ("check", "cleanup") or not headers:
        return {}
    return {"headers": [f"{name}: {value}" for name, value in headers.items()]}
