"""Starts the plugin as Dify's daemon does: `python -m main` in this folder."""

from __future__ import annotations

import logging

from dify_plugin import DifyPluginEnv, Plugin

# urllib3 warns with the whole URL in its text, and a URL holds user ids.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

plugin = Plugin(DifyPluginEnv())

if __name__ == "__main__":
    plugin.run()
