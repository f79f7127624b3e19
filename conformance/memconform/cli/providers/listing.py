"""`memconform providers list`."""

from __future__ import annotations

import json

import click

from memconform.cli.next_step import suggest


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(as_json: bool) -> None:
    """List the providers that can be judged, with the version, and when that is done.

    ci: in every build; scheduled: now and then, as it takes long to install; by hand: nothing here can start it, its
    page in docs/providers/ says how you can.
    """
    from memconform.providers import definitions

    known = definitions().values()
    if as_json:
        rows = [
            {"name": each.name, "title": each.title, "version": each.version, "runs": each.runs, "store": each.store}
            for each in known
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    width = max((len(each.name) for each in known), default=0)
    for each in known:
        click.echo(f"{each.name:<{width}}  {each.runs:<9}  {each.title}")
    suggest("memconform providers check NAME starts one and judges it behind its bridge")
