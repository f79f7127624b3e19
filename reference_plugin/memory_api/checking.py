"""Checks credentials before Dify saves them: a cheap call that needs the key, after a look at what answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .answer import member
from .call import presentable
from .client import MemoryClient
from .deadline import Deadline
from .failures import MemoryFailure
from .quoting import holds_secret, quoted
from .scope import user_scope
from .settings import Settings, from_credentials

PROBED_USER = "memory-api-credentials-check"
"""Whose memories are asked for, at most one; nobody has this id."""

NEEDED = "core"
"""All tools need this profile, and some work with it alone."""


def check(credentials: Mapping[str, object]) -> None:
    """Raise MemoryFailure, with a message for each cause, unless the server answers with these credentials."""
    key = None
    try:
        settings = from_credentials(credentials)
        key = settings.api_key
        checked(settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets a sentence and no internals
        failure = presentable(error, key)
    else:
        return
    raise MemoryFailure(failure.kind, failure.happened, failure.advice)


def checked(settings: Settings) -> None:
    """Ask a server what it is, then for one memory; raises MemoryFailure."""
    client = MemoryClient(settings, Deadline(settings.deadline_s))
    try:
        capabilities = client.capabilities()
    except MemoryFailure as failure:
        raise _no_memory_server(failure) from None
    _must_fit(capabilities, settings)
    page = client.list(user_scope(PROBED_USER), 1, None)
    member(page, "items", list, "the list")


def _no_memory_server(failure: MemoryFailure) -> MemoryFailure:
    """Return what an odd answer to the first question means: something else is there."""
    if failure.kind not in {"not_found", "bad_answer", "invalid", "gone", "conflict"}:
        return failure
    return MemoryFailure(
        "not_a_memory_server",
        f"Something answers there, but it is not a memory server. {failure.happened}",
        "Enter the address below which /v1/capabilities lies, with its path, if it has one.",
    )


def _must_fit(capabilities: Mapping[str, Any], settings: Settings) -> None:
    """Refuse a server of another version of the contract, and one without what every tool needs."""
    contract, profiles = capabilities.get("contract"), capabilities.get("profiles")
    if not isinstance(contract, str) or not isinstance(profiles, list):
        raise _no_memory_server(MemoryFailure("bad_answer", "Its capabilities name neither contract nor profiles.", ""))
    if not re.fullmatch(r"1\.[0-9]+", contract):
        shown = "another one" if holds_secret(contract, settings.api_key) else quoted(contract, 20)
        raise MemoryFailure(
            "wrong_version",
            f"The server speaks version {shown} of the Memory API, and this plugin speaks version 1.",
            "Update the plugin, or the server.",
        )
    if NEEDED not in profiles:
        raise MemoryFailure(
            "not_supported",
            f"The server does not declare the profile {NEEDED}, which every tool needs.",
            "Use a server that offers it; other profiles are needed only by single tools, as the README lists.",
        )
