"""`memconform defects`: what the reference server can do wrong on demand, and how it can be unusual."""

from __future__ import annotations

import json
from typing import Any

import click

from memconform.cli.known import REQUIREMENT
from memconform.cli.next_step import suggest


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--requirement", type=REQUIREMENT, help="Only the defects that break this requirement.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(requirement: str | None, as_json: bool) -> None:
    """List the seeded defects and the legal variants.

    'memconform serve --defect NAME' starts a server with one; 'memconform check' must find it. Those of CLIENT-…
    bend the reference plugin; 'memconform plugin selftest --only NAME' shows that 'memconform plugin check' finds it.
    Those of 'load:' show under load only; 'memconform load' must find them, by the law or the gate that is named.
    """
    from memconform.clients.bends import plugin_defects, plugin_variants
    from memconform_server.defects import defects
    from memconform_server.defects_under_load import defects_under_load, variants_under_load
    from memconform_server.variants import variants

    rows: list[dict[str, Any]] = [{"name": d.name, "breaks": d.breaks, "sin": d.sin} for d in defects().values()]
    rows += [{"name": d.name, "breaks": d.breaks, "sin": d.sentence} for d in plugin_defects().values()]
    rows = [row for row in rows if requirement in (None, row["breaks"])]
    if not requirement:
        rows += [{"name": v.name, "freedom": v.freedom} for v in variants().values()]
        rows += [{"name": v.name, "freedom": v.sentence} for v in plugin_variants().values()]
        rows += [{"name": d.name, "found_by": d.found_by, "sin": d.sentence} for d in defects_under_load().values()]
        rows += [{"name": v.name, "found_by": None, "freedom": v.sentence} for v in variants_under_load().values()]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    name_width = max((len(row["name"]) for row in rows), default=0)
    kind_width = max((len(_kind(row)) for row in rows), default=0)
    for row in rows:
        told = row.get("sin") or row.get("freedom")
        click.echo(f"{_kind(row):<{kind_width}} {row['name']:<{name_width}}  {told}")
    suggest("memconform serve --defect NAME, and in another terminal memconform check http://127.0.0.1:8765")


def _kind(row: dict[str, Any]) -> str:
    """Return what stands before a name: what is broken, or what finds it, or that it is legal."""
    if "found_by" in row:
        return f"load: {row['found_by'] or 'legal'}"
    return str(row.get("breaks", "legal"))
