"""Credentials and parameters as a command line gives them: `name=value`, held against what the plugin declares."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform.dify.declaration import Provider, Tool, offer
from memconform.redaction import redactor
from memconform.settings import UsageError

_FROM = "env:"
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True)
class Credentials:
    """The values by name, and a function that hides the secret ones in a text."""

    values: Mapping[str, str]
    redacted: Callable[[str], str]


def given_credentials(provider: Provider, pairs: Sequence[str], environ: Mapping[str, str] = os.environ) -> Credentials:
    """Read `name=value` and `name=env:VARIABLE`; raise `UsageError` for what the provider's form does not have.

    Secret is what the form declares so, and everything that came from a variable.
    """
    values: dict[str, str] = {}
    secrets: list[str] = []
    for pair in pairs:
        name, value = _split(pair, "--credential")
        if name not in provider.credentials:
            raise UsageError(f"{provider.name} has no credential {name!r}. {offer(name, list(provider.credentials))}")
        if value.startswith(_FROM):
            variable = value.removeprefix(_FROM)
            if variable not in environ:
                raise UsageError(f"--credential {name}: there is no environment variable {variable}")
            value = environ[variable]
            secrets.append(value)
        elif name in provider.secrets:
            secrets.append(value)
        values[name] = value
    return Credentials(values, redactor([secret for secret in secrets if secret]))


def given_parameters(tool: Tool, texts: Sequence[str], documents: Sequence[str]) -> dict[str, Any]:
    """Read `name=text`, cast to the declared type as Dify does, and `name=JSON`, taken as it is; raise `UsageError`."""
    found: dict[str, Any] = {}
    for pair in texts:
        name, text = _split(pair, "--param")
        found[name] = _cast(name, text, str(_declared(tool, name).get("type", "string")))
    for pair in documents:
        name, text = _split(pair, "--param-json")
        _declared(tool, name)
        try:
            found[name] = json.loads(text)
        except ValueError as error:
            raise UsageError(f"--param-json {name}: not JSON: {error}") from None
    return found


def missing_parameters(tool: Tool, found: Mapping[str, Any]) -> list[str]:
    """Return the parameters that the tool requires and that were not given."""
    return [name for name, declared in tool.parameters.items() if declared.get("required") and name not in found]


def _declared(tool: Tool, name: str) -> Mapping[str, Any]:
    if name not in tool.parameters:
        raise UsageError(f"{tool.name} has no parameter {name!r}. {offer(name, list(tool.parameters))}")
    return tool.parameters[name]


def _cast(name: str, text: str, kind: str) -> Any:
    if kind == "boolean":
        if text.lower() not in _TRUE + _FALSE:
            raise UsageError(f"--param {name}: a boolean is true or false, not {text!r}; --param-json sends anything")
        return text.lower() in _TRUE
    if kind == "number":
        try:
            return float(text) if set(text) & set(".eE") else int(text)
        except ValueError:
            raise UsageError(f"--param {name}: {text!r} is no number; --param-json sends anything") from None
    return text


def _split(pair: str, option: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        # The text may be a secret: it is not repeated.
        raise UsageError(f"{option} takes NAME=VALUE")
    return name, value
