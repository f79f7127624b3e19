"""The package that a self-hoster installs: built, unpacked elsewhere, and run from there."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from memconform.dify import Plugin
from memconform.dify.packaging import Audience, errors, package, verify
from memconform.serving import served

PLUGIN = Path(__file__).parents[2] / "reference_plugin"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the package, in a folder of its own."""
    file = tmp_path_factory.mktemp("package") / "memory_api.difypkg"
    file.write_bytes(package(PLUGIN).data)
    return file


def test_the_package_holds_what_runs_and_what_is_read(built: Path) -> None:
    """Manifest, code, README, privacy statement and icons; nothing that only checks it, no secrets, no caches."""
    names = set(zipfile.ZipFile(built).namelist())
    assert {"manifest.yaml", "main.py", "README.md", "PRIVACY.md", "requirements.txt", "_assets/icon.svg"} <= names
    assert {f"tools/{name}.py" for name in ("add_memory", "recall_context", "forget_user")} <= names
    assert not [name for name in names if "memconform" in name or "__pycache__" in name or name.startswith(".env")]


def test_the_package_meets_the_rules_of_a_self_hosted_dify(built: Path) -> None:
    """Nothing that Dify's daemon or SDK would refuse is found in it."""
    assert errors(verify(built, audience=Audience.SELF_HOSTED)) == []


def test_the_package_runs_from_elsewhere(built: Path) -> None:
    """Started from the file, it keeps a memory and finds it again."""
    with served([], {"MEMCONFORM_SERVER_API_KEYS": "key-of-the-app"}) as url, Plugin.start(built) as plugin:
        credentials = {"base_url": url, "api_key": "key-of-the-app"}
        assert plugin.validate(credentials) is None
        added = plugin.invoke("add_memory", {"content": "Ann likes tea", "user_id": "ann"}, credentials=credentials)
        assert added.error is None
        found = plugin.invoke("search_memory", {"query": "tea", "user_id": "ann"}, credentials=credentials)
        assert [each["memory"]["content"] for each in found.variables["results"]] == ["Ann likes tea"]
        assert plugin.stray == []
