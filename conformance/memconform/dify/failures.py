"""What can go wrong between a host and a plugin.

PluginFailed
├── NotAPlugin          the folder holds no Dify tool plugin
├── EnvironmentFailed   no interpreter, or its requirements cannot be installed
├── NotStarted          the process ended, or said nothing, before its first heartbeat
├── NoSuchTool          the plugin declares no tool of that name
├── PluginDied          the process is gone; every call that waited ends with this
└── CallTimedOut        no complete answer within the time-out of the call
"""

from __future__ import annotations


class PluginFailed(Exception):
    """The plugin, its environment or its process is to blame; the message says what to do."""


class NotAPlugin(PluginFailed):
    """The folder or file is not a Dify tool plugin."""


class EnvironmentFailed(PluginFailed):
    """The plugin's virtual environment could not be built."""


class NotStarted(PluginFailed):
    """The plugin's process did not become ready."""


class NoSuchTool(PluginFailed):
    """The plugin declares no tool of that name."""


class PluginDied(PluginFailed):
    """The plugin's process is gone: `reason` says why."""

    def __init__(self, reason: str) -> None:
        """Keep the reason; it quotes the exit code and the end of standard error."""
        super().__init__(reason)
        self.reason = reason


class CallTimedOut(PluginFailed):
    """The call had no end within its time-out, in seconds; what comes later is dropped."""

    def __init__(self, message: str, timeout_s: float) -> None:
        """Say what was called and what may have swallowed the answer."""
        super().__init__(message)
        self.timeout_s = timeout_s
