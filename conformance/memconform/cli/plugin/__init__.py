"""`memconform plugin COMMAND`: Dify plugins, packaged, run in their real runtime, and judged as clients."""

from __future__ import annotations

import click

from memconform.cli.lazy import LazyGroup

_COMMANDS = {
    "check": ("memconform.cli.plugin.check", "Judge a Dify plugin as a client of the memory API."),
    "selftest": (
        "memconform.cli.plugin.selftest",
        "Prove that judge: every defect is found, no legal client is blamed.",
    ),
    "call": ("memconform.cli.plugin.call", "Call one tool of a plugin in Dify's real runtime."),
    "start": ("memconform.cli.plugin.start", "Show that a plugin starts in each of the runtime's ways."),
    "package": ("memconform.cli.plugin.package", "Write a plugin's folder as a .difypkg, the same bytes each time."),
    "verify": ("memconform.cli.plugin.verify", "Hold a plugin against the rules of Dify's daemon and marketplace."),
}


@click.command(cls=LazyGroup, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Package, run and judge Dify plugins. A plugin is a folder or a .difypkg file.

    \b
    memconform plugin check reference_plugin
    memconform plugin call reference_plugin search_memory --param query=tea --credential base_url=http://127.0.0.1:8765
    memconform plugin package reference_plugin
    """  # noqa: D301 - click reads the backspace
