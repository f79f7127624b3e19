"""The contract is found wherever memconform is installed, and its public names are stable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import memconform.contract
from memconform.contract import content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _forget_the_root() -> Iterator[None]:
    content.content_root.cache_clear()
    yield
    content.content_root.cache_clear()


def test_the_public_names_are_pinned() -> None:
    """Whoever imports from memconform.contract finds these names, and all of them."""
    assert sorted(memconform.contract.__all__) == [
        "BADGES",
        "Badge",
        "Level",
        "OpenApi",
        "Operation",
        "Profile",
        "Requirement",
        "SchemaError",
        "SchemaValidator",
        "badge_profiles",
        "content_root",
        "profiles",
        "reference_validator",
        "requirements",
        "schema",
        "schemas",
        "validator",
    ]
    for name in memconform.contract.__all__:
        assert hasattr(memconform.contract, name)


def test_an_installed_wheel_carries_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder `_content` beside the package wins over whatever lies above it."""
    package = tmp_path / "site" / "lib" / "memconform"
    (package / "_content" / "schemas").mkdir(parents=True)
    (tmp_path / "site" / "schemas").mkdir()
    monkeypatch.setattr(content, "PACKAGE", package)
    assert content.content_root() == package / "_content"


def test_a_checkout_has_its_content_at_its_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `_content` the root of the checkout is taken."""
    package = tmp_path / "conformance" / "memconform"
    package.mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(content, "PACKAGE", package)
    assert content.content_root() == tmp_path


def test_a_damaged_installation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the content is missing the error says what is wrong and what to do."""
    monkeypatch.setattr(content, "PACKAGE", tmp_path / "a" / "b")
    with pytest.raises(FileNotFoundError, match=r"`schemas` is missing\. Install memconform again"):
        content.content_root()
