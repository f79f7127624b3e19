"""The bridge to a started provider: `memconform serve` with its store, in a process of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from memconform.providers.failures import NotStarted
from memconform.providers.starting import Started
from memconform.serving import NotServing, served

_KEYS_VARIABLE = "MEMCONFORM_SERVER_API_KEYS"


@dataclass(frozen=True)
class Bridge:
    """A running bridge: its address, and the API keys that it takes, one for each principal."""

    url: str
    keys: Sequence[str]


@contextmanager
def bridged(provider: Started) -> Iterator[Bridge]:
    """Serve the provider by its bridge until the block ends; raise `NotStarted` where the bridge will not."""
    keys = [secrets.token_urlsafe(24) for _ in range(provider.definition.api_keys)]
    try:
        with served(provider.serve_options(), {_KEYS_VARIABLE: ",".join(keys)}) as url:
            yield Bridge(url, keys)
    except NotServing as error:
        said = str(error).strip().removeprefix("Error: ")
        raise NotStarted(f"the bridge to {provider.definition.title} did not start: {said}") from None
