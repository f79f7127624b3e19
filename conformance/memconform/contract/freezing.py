"""Freezes what a version of the contract requires: `python -m memconform.contract.freezing COMMAND`, in a checkout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from memconform.contract.frozen import digest, frozen_file, frozen_set, frozen_versions, requirement_set
from memconform.contract.requirements import profiles, requirements
from memconform.contract.versions import newest


@click.group()
def main() -> None:
    """Keep schemas/v1/frozen: what each version of the contract requires."""


@main.command()
def freeze() -> None:
    """Freeze the newest version as it is today, when it is released. What is frozen stays as it is."""
    if newest() in frozen_versions():
        raise click.UsageError(
            f"contract {newest()} is frozen already; what is new belongs to a newer version (`contract`, `since`)"
        )
    _write(requirement_set(newest(), profiles().values(), requirements().values()))


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="ID…")
def restate(names: tuple[str, ...]) -> None:
    """Take over the wording of requirements into every frozen set that has them.

    For a statement that only reads better: every server that met it before meets it now, and none that broke it does.
    Anything else is a new requirement, with a new id and `since`.
    """
    unknown = [name for name in names if name not in requirements()]
    if unknown:
        raise click.UsageError(f"no requirement of the contract: {', '.join(unknown)}")
    for contract in frozen_versions():
        found = frozen_set(contract)
        rows = [row for row in found["requirements"] if row["id"] in names]
        for row in rows:
            row["digest"] = digest(requirements()[row["id"]])
        if rows:
            _write(found)


def _write(frozen: Mapping[str, Any]) -> None:
    file = frozen_file(frozen["contract"])
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(frozen, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(f"{file}: {len(frozen['requirements'])} requirements of contract {frozen['contract']}")


if __name__ == "__main__":
    main()
