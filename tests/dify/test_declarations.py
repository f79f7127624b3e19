"""What a plugin's folder declares, and what is said of a folder that holds no plugin."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.dify.conftest import PLUGINS

from memconform.dify import NotAPlugin, Plugin
from memconform.dify.declaration import read_declaration


def test_a_declaration_has_tools_parameters_and_secrets() -> None:
    """Names, types and what is secret are read from the files."""
    found = read_declaration(PLUGINS / "httpx_per_call")
    assert found.identity == "memconform/httpx_per_call:0.1.0"
    assert found.provider().secrets == ["api_key"]
    assert list(found.tool("search_memory").parameters) == ["query", "user_id"]
    assert found.tool("search_memory").provider == "httpx_per_call"


def _without_manifest(root: Path) -> None:
    (root / "manifest.yaml").unlink()


def _not_yaml(root: Path) -> None:
    (root / "manifest.yaml").write_text("a: [")


def _no_tools(root: Path) -> None:
    (root / "manifest.yaml").write_text("type: plugin\nname: p\nplugins: {models: [provider/p.yaml]}\n")


def _another_thing(root: Path) -> None:
    (root / "manifest.yaml").write_text("kind: Deployment\n")


def _no_provider(root: Path) -> None:
    (root / "provider" / "noop.yaml").unlink()


def _tool_without_name(root: Path) -> None:
    (root / "tools" / "file.yaml").write_text("description: {}\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_without_manifest, r"manifest\.yaml does not exist: expected the folder of a Dify plugin"),
        (_not_yaml, r"manifest\.yaml is not YAML"),
        (_no_tools, r"names no provider of tools"),
        (_another_thing, r"is no Dify plugin's manifest"),
        (_no_provider, r"provider/noop\.yaml does not exist"),
        (_tool_without_name, r"tools/file\.yaml has no `identity: name`"),
    ],
)
def test_a_folder_that_is_no_plugin_is_explained(tmp_path: Path, spoil: Callable[[Path], None], said: str) -> None:
    """The message names the file and what it lacks; nothing is started."""
    root = shutil.copytree(PLUGINS / "noop", tmp_path / "plugin")
    spoil(root)
    with pytest.raises(NotAPlugin, match=said):
        Plugin.start(root)


def test_a_path_that_does_not_exist_is_explained(tmp_path: Path) -> None:
    """It could be a folder or a package."""
    with pytest.raises(NotAPlugin, match=r"nowhere does not exist"):
        Plugin.start(tmp_path / "nowhere")
