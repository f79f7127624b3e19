"""Real servers for the tests of the public API, and a state folder of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memconform import reference_server

ALICE, BOB = "key-of-alice-0123456789", "key-of-bob-9876543210"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what runs note in a folder of the test's own, and every variable of the user's away."""
    for name in ("MEMCONFORM_API_KEY", "MEMCONFORM_SECOND_API_KEY", "MEMCONFORM_SERVER_API_KEYS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "state"
    monkeypatch.setenv("MEMCONFORM_STATE", str(folder))
    return folder


@pytest.fixture(scope="session")
def open_server() -> Iterator[str]:
    """Serve the reference, open to everybody."""
    with reference_server() as url:
        yield url


@pytest.fixture(scope="session")
def closed_server() -> Iterator[str]:
    """Serve the reference for two principals."""
    with reference_server(api_keys=[ALICE, BOB]) as url:
        yield url


@pytest.fixture(scope="session")
def wrong_server() -> Iterator[str]:
    """Serve with a defect that breaks CORE-13, for two principals."""
    with reference_server(defect="second-delete-is-204", api_keys=[ALICE, BOB]) as url:
        yield url


@pytest.fixture
def keys() -> dict[str, Any]:
    """Return the arguments with the keys of both principals."""
    return {"api_key": ALICE, "second_api_key": BOB}
