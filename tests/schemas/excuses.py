"""The mutants that survive, each with the reason: read from `surviving_mutants.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memconform.contract.yaml import load_yaml

from .mutants import Mutant

ROWS: list[dict[str, Any]] = load_yaml(Path(__file__).with_name("surviving_mutants.yaml"))


@dataclass(frozen=True)
class Excuse:
    """A change that no test can show, in one or more places of a schema, and why."""

    schema: str
    at: str
    change: str
    why: str

    def covers(self, mutant: Mutant) -> bool:
        """Tell whether the mutant is that change in one of those places."""
        place = re.escape(self.at).replace(r"\*", "[^/]+")
        return mutant.change == self.change and re.fullmatch(place, mutant.pointer) is not None


EXCUSES = [Excuse(row["schema"], row["at"], change, row["why"]) for row in ROWS for change in row["change"]]


def unexplained(name: str, survivors: Iterable[Mutant]) -> list[str]:
    """Return the survivors of a schema that are not listed."""
    excuses = [excuse for excuse in EXCUSES if excuse.schema == name]
    return [f"{name} {mutant}" for mutant in survivors if not any(excuse.covers(mutant) for excuse in excuses)]


def stale(name: str, made: Iterable[Mutant], survivors: Iterable[Mutant]) -> list[str]:
    """Return what is wrong with the list of a schema: rows that cover no mutant, and mutants listed but killed."""
    everything, alive = list(made), {str(mutant) for mutant in survivors}
    wrong = []
    for excuse in (each for each in EXCUSES if each.schema == name):
        covered = [str(mutant) for mutant in everything if excuse.covers(mutant)]
        wrong += [f"{name} {each} is listed, but killed" for each in covered if each not in alive]
        if not covered:
            wrong.append(f"{name} at {excuse.at}: {excuse.change} is listed, but there is no such mutant")
    return wrong
