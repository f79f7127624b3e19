"""The arguments of `check_server` as the settings of a run; what makes no sense is refused before anything is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from memconform.api.words import as_arguments
from memconform.budget import SIZES, Budget
from memconform.contract import Level
from memconform.contract import requirements as requirements_of_contract
from memconform.contract.versions import known
from memconform.options import known_name
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings, UsageError

KEY_VARIABLES = (API_KEY, SECOND_API_KEY)
"""Variables of the run's own process that hold the keys; evidence names them in place of a key."""


def environment_for(api_key: str | None, second_api_key: str | None) -> dict[str, str]:
    """Return the variables that hand the keys over."""
    return {name: key for name, key in zip(KEY_VARIABLES, (api_key, second_api_key), strict=True) if key}


def asked_for(
    url: str,
    *,
    profiles: Sequence[str],
    requirements: Sequence[str],
    level: Level | None,
    budget: str,
    keys: tuple[str | None, str | None],
    headers: Mapping[str, str],
    contract: str | None,
    **more: Any,
) -> RunSettings:
    """Return the settings of the run; raise `UsageError` for arguments that make no sense."""
    if not isinstance(url, str):
        raise UsageError(f"url is {url!r}; expected an address such as 'http://127.0.0.1:8765'")
    for name in ("timeout", "rate"):
        if not isinstance(more[name], int | float | None):
            raise UsageError(f"{name} is {more[name]!r}; expected a number")
    if budget not in SIZES:
        raise UsageError(f"budget is {budget!r}; expected one of {', '.join(SIZES)}")
    if level is not None and level not in get_args(Level):
        raise UsageError(f"level is {level!r}; expected MUST or SHOULD")
    for name in ("ca_file", "failing_messages", "baseline"):
        more[name] = os.fspath(more[name]) if more[name] is not None else None
    try:
        settings = RunSettings(
            url,
            profiles=names_of("profile", profiles),
            requirements=names_of("requirement", requirements),
            level=level,
            budget=Budget(budget),
            contract=_version(contract),
            headers=tuple(f"{name}: {_value(name, value)}" for name, value in headers.items()),
            **more,
        )
        _refuse_clients(settings.requirements)
        settings.target()
        settings.keys(environment_for(*keys))
        _check_files(settings)
    except UsageError as error:
        raise UsageError(as_arguments(str(error))) from None
    return settings


def names_of(kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return names of the contract as it spells them; raise `UsageError` for one that it does not have."""
    if isinstance(names, str):
        raise UsageError(f"{kind}s is one text, {names!r}; expected a list of names: [{names!r}]")
    return tuple(known_name(kind, name) for name in names)


def _version(contract: str | None) -> str | None:
    try:
        return None if contract is None else known(contract)
    except ValueError as error:
        raise UsageError(f"contract: {error}") from None


def _refuse_clients(names: Sequence[str]) -> None:
    ours = [name for name in names if requirements_of_contract()[name].profile == "client"]
    if ours:
        raise UsageError(f"{', '.join(ours)}: a requirement of clients; check_plugin judges them")


def _value(name: str, value: str) -> str:
    """Return a header's value; on a command line `env:NAME` would be read from a variable, which here nothing is."""
    if value.strip().startswith("env:"):
        raise UsageError(f"headers: the value of {name} begins with env:, which only the command line knows")
    return value


def _check_files(settings: RunSettings) -> None:
    from memconform.baseline.file import read_baseline
    from memconform.failing_messages import FailingMessages

    if settings.baseline:
        read_baseline(Path(settings.baseline))
    if settings.failing_messages:
        FailingMessages.read(settings.failing_messages)
