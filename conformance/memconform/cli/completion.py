"""`memconform completion SHELL`: the script that lets a shell complete the commands of memconform."""

from __future__ import annotations

from pathlib import Path

import click

SHELLS = ("bash", "zsh", "fish")
_SCRIPTS = Path(__file__).with_name("completions")
"""Each asks the program, by click's protocol for its shell, and takes in `--option=value` the part behind the sign."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that completes commands, options, requirements, profiles and defects in SHELL.

    \b
    bash   memconform completion bash >> ~/.bashrc
    zsh    memconform completion zsh >> ~/.zshrc
    fish   memconform completion fish > ~/.config/fish/completions/memconform.fish

    It works in shells that are started from then on.
    """  # noqa: D301 - click reads the backspace
    click.echo((_SCRIPTS / f"memconform.{shell}").read_text(encoding="utf-8"), nl=False)
