"""What a server declares with a profile: the part of a capability document that the profile brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform.contract import profiles
from memconform.specification.reading import Example, contract_schemas, valid_examples


def declaration(profile: str) -> Example | None:
    """Return the members that the schema asks for with a profile, with typical values; None for core and clients."""
    if profiles()[profile].badge in ("core", "client"):
        return None
    whole = next(each.instance for each in valid_examples("capabilities") if each.name == "another")
    asked = _asked(profile)
    return Example(profile, {"profiles": ["core", profile], **(_picked(asked, whole) if asked else {})})


def _asked(profile: str) -> Mapping[str, Any] | None:
    """Return what the schema asks for where the profile is declared; None where it is nothing."""
    for part in contract_schemas()["capabilities"]["allOf"]:
        if part["if"]["properties"]["profiles"]["contains"]["const"] == profile:
            found: Mapping[str, Any] = part["then"]
            return found
    return None


def _picked(asked: Mapping[str, Any], given: Any) -> Any:
    """Return of a document what a schema asks for; all of it where the schema names no members."""
    parts = asked.get("properties", {})
    names = dict.fromkeys([*asked.get("required", ()), *parts])
    return {name: _picked(parts.get(name, {}), given[name]) for name in names} if names else given
