"""`memconform defects`: what the reference server can do wrong on demand, and how it can be unusual."""

from __future__ import annotations

import json
from typing import Any

import click

from memconform.cli.known import REQUIREMENT


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--requirement", type=REQUIREMENT, help="Only the defects that break this requirement.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(requirement: str | None, as_json: bool) -> None:
    """List the seeded defects and the legal variants.

    'memconform serve --defect NAME' starts a server with one; 'memconform check' must find it.
    """
    from memconform_server.defects import defects
    from memconform_server.variants import variants

    broken = [d for d in defects().values() if requirement in (None, d.breaks)]
    legal = [] if requirement else list(variants().values())
    if as_json:
        rows: list[dict[str, Any]] = [{"name": d.name, "breaks": d.breaks, "sin": d.sin} for d in broken]
        rows += [{"name": v.name, "freedom": v.freedom} for v in legal]
        click.echo(json.dumps(rows, indent=1))
        return
    width = max(map(len, [*(d.name for d in broken), *(v.name for v in legal)]), default=0)
    for defect in broken:
        click.echo(f"{defect.breaks:<11} {defect.name:<{width}}  {defect.sin}")
    for variant in legal:
        click.echo(f"{'legal':<11} {variant.name:<{width}}  {variant.freedom}")
