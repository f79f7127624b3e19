"""Looks for API keys where none belongs: in what came out of a client, and in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memconform.clients.client import Client
from memconform.clients.keys import holds_key

_LARGEST = 8 * 1024 * 1024
"""Larger files are not read."""


def leaks_of(client: Client) -> Iterator[str]:
    """Yield each place where a key of the check came out of the client."""
    yield from (f"the result of {called.tool.tool}" for called in client.called if holds_key(called.everything()))
    if holds_key(client.log_text()):
        yield "a log line, stray output or standard error"
    if holds_key(client.written().decode("utf-8", "replace")):
        yield "what the plugin wrote to its output streams"
    for path in _files(client.plugin.folder):
        if holds_key(path.read_bytes().decode("utf-8", "replace")):
            yield f"the file {path.name} of the plugin"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
            yield path
