"""How large a plugin may be, for Dify and for us; sizes in bytes unless the name says otherwise."""

from __future__ import annotations

MOST_BYTES = 50 * 1024 * 1024
"""Dify's daemon takes packages up to this size, zipped and unzipped; the marketplace too."""

MOST_FILES = 5_000
"""The marketplace refuses more files than this."""

MOST_ENTRIES = 20_000
"""We stop reading a package or a folder here: nothing that large is a plugin."""

MOST_YAML_BYTES = 1024 * 1024
"""A declaration larger than this is not read; the largest of Dify's own plugins has 40 kB."""

MOST_YAML_DEPTH = 100
MOST_YAML_NODES = 200_000
"""Counted with every alias written out, so that a few lines cannot stand for billions of nodes."""

MOST_SOURCE_BYTES = 2 * 1024 * 1024
"""A Python file larger than this is not parsed."""

MOST_TEXT_BYTES = 1024 * 1024
"""A file larger than this is not searched for secrets."""
