"""The environment variable of each option: named after the option, not after the parameter that holds its value."""

from __future__ import annotations

import click


def name_variables(command: click.Command, prefix: str | None) -> None:
    """Let each option of a command be a variable of its long name: `--json` is PREFIX_JSON.

    A command may have a prefix of its own. The name of the parameter, PREFIX_JSON_FILE, goes on working.
    """
    prefix = command.context_settings.get("auto_envvar_prefix", prefix)
    for option in command.params:
        if prefix and isinstance(option, click.Option) and option.allow_from_autoenv and option.envvar is None:
            name = max(option.opts, key=len).lstrip("-").replace("-", "_").upper()
            option.envvar = f"{prefix}_{name}"
