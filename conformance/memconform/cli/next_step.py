"""What to do next, said to whoever sits at a terminal; what is piped or kept in a file stays as it is."""

from __future__ import annotations

import sys

import click


def suggest(*steps: str) -> None:
    """Print the commands that are likely to come next, one a line, each with what it is for."""
    if not steps or not sys.stdout.isatty():
        return
    click.echo()
    for number, step in enumerate(steps):
        click.echo(f"{'      ' if number else 'Next: '}{step}")
