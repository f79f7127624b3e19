"""The plugin's own package for its unit tests; the plugin itself only ever runs in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .authority import Authority, new_authority

PLUGIN = Path(__file__).parents[2] / "reference_plugin"

# Only while the package is imported: its modules are found through it, and `tools` and `provider` stay hidden.
sys.path.insert(0, str(PLUGIN))
try:
    import memory_api  # noqa: F401 - makes it known under its name
finally:
    sys.path.remove(str(PLUGIN))


@pytest.fixture(autouse=True)
def no_connections_left() -> Iterator[None]:
    """Close what a test leaves in the plugin's pools."""
    from memory_api import pools

    yield
    kept = pools.POOLS_IN_USE
    pools.POOLS_IN_USE = pools.Pools()
    for pool in kept._pools.values():
        pool.clear()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return a certificate authority of this run."""
    return new_authority(tmp_path_factory.mktemp("authority"))
