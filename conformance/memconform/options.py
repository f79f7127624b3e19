"""The options of a run as pytest knows them (`--memory-…` and ini), and as `memconform check` hands them down."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import Any

import pytest

from memconform.budget import SIZES, Budget
from memconform.ledger import state_folder
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings, UsageError

_OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "url",
        "the memory server to judge, such as http://127.0.0.1:8765; without it this plugin does nothing",
        {},
    ),
    ("profile", "test only this profile (repeatable)", {"action": "append"}),
    ("level", "test only MUST or only SHOULD requirements", {"choices": ["MUST", "SHOULD"]}),
    ("requirement", "test only this requirement, such as CORE-16 (repeatable)", {"action": "append"}),
    ("budget", "how many requests to spend: smoke, standard or full", {"choices": list(SIZES)}),
    ("seed", "the seed of everything generated", {"type": int}),
    ("rate", "at most so many requests a second", {"type": float}),
    ("timeout", "seconds that an answer may take", {"type": float}),
    ("api-key-env", f"the environment variable with the API key (default {API_KEY})", {}),
    ("second-api-key-env", f"the variable with another principal's API key (default {SECOND_API_KEY})", {}),
    ("api-key-file", "a file with the API key, instead of a variable", {}),
    ("second-api-key-file", "a file with another principal's API key", {}),
    (
        "header",
        "a header for every request: 'Name: value' or 'Name: env:VARIABLE' (repeatable)",
        {"action": "append"},
    ),
    ("ca", "a PEM file with the certificate authority to trust", {}),
    ("insecure", "do not verify the server's certificate", {"action": "store_true"}),
    ("restart-command", "a shell command that kills the server with SIGKILL and starts it again", {}),
    ("restart-fd", "a descriptor on which who started the server restarts it when asked to", {"type": int}),
    ("failing-messages", "a file with messages whose extraction fails, a JSON array", {}),
    ("keep-data", "leave what the run created", {"action": "store_true"}),
    ("start", "the command that started the server, for the one that repeats the run; it is not started here", {}),
    ("baseline", "a file of known failures, which fail the run no longer", {}),
    ("contract", "the version of the contract to judge against; that which the server declares otherwise", {}),
    ("json", "write the result to this file", {}),
)

_INI = (
    "url",
    "budget",
    "seed",
    "timeout",
    "rate",
    "api-key-env",
    "second-api-key-env",
    "restart-command",
    "baseline",
    "contract",
)


def add_options(parser: pytest.Parser) -> None:
    """Declare the options and the ini values of the same names."""
    group = parser.getgroup("memconform", "conformance of a memory server")
    for name, text, more in _OPTIONS:
        default = {"default": False} if more.get("action") == "store_true" else {"default": None}
        group.addoption(f"--memory-{name}", dest=_dest(name), help=text, **default, **more)
    for name in _INI:
        parser.addini(_dest(name), f"the same as --memory-{name}", default=None)


def _dest(name: str) -> str:
    return f"memory_{name.replace('-', '_')}"


def _value(config: pytest.Config, name: str, default: Any = None) -> Any:
    value = config.getoption(_dest(name))
    if value is None and name in _INI:
        value = config.getini(_dest(name)) or None
    return default if value is None else value


def settings_of(config: pytest.Config) -> RunSettings | None:
    """Return what the command line and the ini file ask for; None when no server is named."""
    url = _value(config, "url")
    if not url:
        return None
    _check_names(config)
    budget = _value(config, "budget", "standard")
    if budget not in SIZES:
        raise UsageError(f"memory_budget is {budget!r}; expected one of {', '.join(SIZES)}")
    return RunSettings(
        url=str(url),
        profiles=tuple(name.lower() for name in _value(config, "profile", ())),
        level=_value(config, "level"),
        requirements=tuple(name.upper() for name in _value(config, "requirement", ())),
        budget=Budget(budget),
        seed=_number(int, "seed", _value(config, "seed", 0)),
        rate=_positive("rate", _value(config, "rate")),
        timeout=_positive("timeout", _value(config, "timeout")) or 10.0,
        api_key_env=_value(config, "api-key-env", API_KEY),
        second_api_key_env=_value(config, "second-api-key-env", SECOND_API_KEY),
        api_key_file=_value(config, "api-key-file"),
        second_api_key_file=_value(config, "second-api-key-file"),
        headers=tuple(_value(config, "header", ())),
        ca_file=_value(config, "ca"),
        insecure=_value(config, "insecure"),
        restart_command=_value(config, "restart-command"),
        restart=_value(config, "restart-fd"),
        failing_messages=_value(config, "failing-messages"),
        keep_data=_value(config, "keep-data"),
        start=_value(config, "start"),
        baseline=_value(config, "baseline"),
        contract=_contract(_value(config, "contract")),
    )


def _check_names(config: pytest.Config) -> None:
    """Refuse a name that the contract does not have: it would select nothing, and nothing selected looks green."""
    for option in ("profile", "requirement"):
        for name in _value(config, option, ()):
            try:
                known_name(option, name)
            except UsageError as error:
                raise UsageError(f"--memory-{option}: {error}") from None


def known_name(kind: str, name: str) -> str:
    """Return the name of a profile or a requirement as the contract spells it; raise `UsageError` for another."""
    from memconform.contract import profiles, requirements

    spelt = str.lower if kind == "profile" else str.upper
    known = list(profiles() if kind == "profile" else requirements())
    if spelt(name) in known and spelt(name) != "client":
        return spelt(name)
    near = get_close_matches(spelt(name), known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "see 'memconform requirements'"
    raise UsageError(f"{name!r} is no {kind} of the contract; {hint}")


def _contract(version: str | None) -> str | None:
    from memconform.contract.versions import known

    try:
        return None if version is None else known(version)
    except ValueError as error:
        raise UsageError(f"--memory-contract: {error}") from None


def _number(kind: type, name: str, value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"memory_{name} is {value!r}; expected a number") from None


def _positive(name: str, value: Any) -> float | None:
    if value is None:
        return None
    number = float(_number(float, name, value))
    if not 0 < number < 1e6:
        raise UsageError(f"--{name} is {number:g}; expected a number above 0")
    return number


def arguments(settings: RunSettings) -> list[str]:
    """Return the pytest arguments that ask for the same run; secrets are not among them."""
    words = [
        f"--memory-url={settings.url}",
        f"--memory-budget={settings.budget.size}",
        f"--memory-seed={settings.seed}",
    ]
    words += [f"--memory-timeout={settings.timeout}"]
    for name, values in (
        ("profile", settings.profiles),
        ("requirement", settings.requirements),
        ("header", settings.headers),
    ):
        words += [f"--memory-{name}={value}" for value in values]
    for name, value in (
        ("level", settings.level),
        ("rate", settings.rate),
        ("api-key-env", settings.api_key_env),
        ("second-api-key-env", settings.second_api_key_env),
        ("api-key-file", settings.api_key_file),
        ("second-api-key-file", settings.second_api_key_file),
        ("ca", settings.ca_file),
        ("restart-command", settings.restart_command),
        ("restart-fd", settings.restart),
        ("failing-messages", settings.failing_messages),
        ("start", settings.start),
        ("baseline", settings.baseline),
        ("contract", settings.contract),
    ):
        words += [f"--memory-{name}={value}"] if value is not None else []
    words += ["--memory-insecure"] if settings.insecure else []
    words += ["--memory-keep-data"] if settings.keep_data else []
    return words


def isolated_environment() -> dict[str, str]:
    """Return the environment for a pytest of our own: none of the user's plugins and options, no file in his folder."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    environment.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(state_folder() / "hypothesis"))
    return {**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
