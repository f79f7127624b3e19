"""`memconform completion SHELL`: the script that lets a shell complete the commands of memconform."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_MEMCONFORM_COMPLETE"
"""Where click looks for the shell that asks; the name follows from that of the program."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options, requirements, profiles and defects in SHELL.

    \b
    bash   memconform completion bash >> ~/.bashrc
    zsh    memconform completion zsh >> ~/.zshrc          # after compinit
    fish   memconform completion fish > ~/.config/fish/completions/memconform.fish

    It works in shells that are started from then on.
    """  # noqa: D301 - click reads the backspace
    script = get_completion_class(shell)
    if script is None:
        raise click.ClickException(f"this version of click has no completion for {shell}")
    click.echo(script(ctx.find_root().command, {}, "memconform", _VARIABLE).source())
