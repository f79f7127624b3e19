"""The plugins of this project break no rule that a host of one's own holds them to."""

from __future__ import annotations

from pathlib import Path

import pytest

from memconform.dify.packaging import Audience, errors, package, unpacked, verify

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = sorted(path.parent for path in (ROOT / "fixtures/plugins").glob("*/manifest.yaml"))
PLUGINS = [ROOT / "reference_plugin", *FIXTURES]


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_our_plugins_can_be_installed(plugin: Path, tmp_path: Path) -> None:
    """Folder, package and unpacked package have no errors; the package of the unpacked one is the same."""
    made = package(plugin)
    path = tmp_path / "plugin.difypkg"
    path.write_bytes(made.data)
    assert errors(verify(plugin, audience=Audience.SELF_HOSTED)) == []
    assert errors(verify(path, audience=Audience.SELF_HOSTED)) == []
    with unpacked(path) as folder:
        assert package(folder).data == made.data
