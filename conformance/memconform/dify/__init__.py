"""A host of Dify's plugin runtime: starts a tool plugin as Dify's daemon does, and calls it.

    with Plugin.start(Path("my_plugin")) as plugin:
        found = plugin.invoke("search_memory", {"query": "tea"}, credentials={"base_url": "http://127.0.0.1:8765"})
        print(found.text, found.json, found.variables, found.error)

The plugin is always a process of its own, in an environment of its own: Dify's SDK monkey-patches whatever imports it.
"""

from memconform.dify.failures import (
    CallTimedOut,
    EnvironmentFailed,
    NoSuchTool,
    NotAPlugin,
    NotStarted,
    PluginDied,
    PluginFailed,
)
from memconform.dify.invocation import Blob, CallError, Invocation
from memconform.dify.plugin import Plugin

__all__ = [
    "Blob",
    "CallError",
    "CallTimedOut",
    "EnvironmentFailed",
    "Invocation",
    "NoSuchTool",
    "NotAPlugin",
    "NotStarted",
    "Plugin",
    "PluginDied",
    "PluginFailed",
]
