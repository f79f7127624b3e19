"""A reference server for the tests of the front."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from memconform.serving import served

ALICE, BOB = "key-of-alice-0123456789", "key-of-bob-9876543210"


@pytest.fixture(scope="session")
def reference() -> Iterator[str]:
    """Serve the reference with two principals, for all tests here."""
    with served(environment={"MEMCONFORM_SERVER_API_KEYS": f"{ALICE},{BOB}"}) as url:
        yield url
