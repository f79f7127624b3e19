"""`memconform stores`: what `memconform serve` can keep memories in, and what it can be a bridge to."""

from __future__ import annotations

import json

import click

from memconform.cli.next_step import suggest


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(as_json: bool) -> None:
    """List the stores of 'memconform serve --store NAME': the reference, and bridges to real providers.

    A bridge renames and maps, and repairs nothing: what a provider cannot do is not declared, what it does wrong
    stays visible. docs/providers/ has a page for each.
    """
    from memconform_server.stores import STORES

    rows = [
        {
            "name": name,
            "summary": kind.summary,
            "extra": kind.extra,
            "upstream": kind.upstream,
            "options": dict(kind.options),
        }
        for name, kind in STORES.items()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    width = max(len(str(row["name"])) for row in rows)
    for name, kind in STORES.items():
        click.echo(f"{name:<{width}}  {kind.summary}")
        if kind.extra != "server":
            click.echo(f"{'':<{width}}    needs memconform[{kind.extra}]")
        if kind.upstream:
            click.echo(f"{'':<{width}}    --upstream {kind.upstream}")
        for option, said in kind.options.items():
            click.echo(f"{'':<{width}}    --option {option}=…  {said}")
    suggest("memconform serve --store NAME, and memconform providers list for those that can be started here")
