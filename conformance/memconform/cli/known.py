"""Names of the contract as command-line arguments: any case is taken, near misses are suggested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import click

from memconform.contract import profiles, requirements


class Known(click.ParamType[str]):
    """One of the names of a set."""

    def __init__(self, name: str, known: Callable[[], Mapping[str, Any]], spell: Callable[[str], str]) -> None:
        """Say what the names are called, where they come from, and how the contract spells them."""
        self.name = name
        self._known = known
        self._spell = spell

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as the contract spells it."""
        wanted, known = self._spell(str(value)), self._known()
        if wanted in known and wanted != "client":
            return wanted
        near = get_close_matches(wanted, list(known), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see 'memconform requirements'"
        return self.fail(f"{value!r} is no {self.name} of the contract; {hint}", param, ctx)


REQUIREMENT = Known("requirement", requirements, str.upper)
PROFILE = Known("profile", profiles, str.lower)
