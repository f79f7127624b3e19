"""Who is at the other end: read once, before anything is created."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memconform.capabilities import Capabilities
from memconform_load.exit_codes import INVALID, USAGE

if TYPE_CHECKING:
    from memconform_load.drivers.http import DirectDriver


class NoRun(Exception):
    """The run cannot begin: the message says who is to blame and what to do."""

    def __init__(self, said: str, exit_code: int = USAGE) -> None:
        super().__init__(said)
        self.exit_code = exit_code


def is_loopback(url: str) -> bool:
    """Tell whether an address is on the loopback interface, by its name alone."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_owned(url: str, owned: bool) -> None:
    """Raise `NoRun` where load would go to a machine that nobody said is theirs."""
    if not owned and not is_loopback(url):
        raise NoRun(
            f"{url} is not on this machine's loopback interface. Load can take a server down: give "
            "--yes-i-own-this-target if you may do that to it."
        )


def read_capabilities(driver: DirectDriver, url: str, timeout_s: float) -> dict[str, Any]:
    """Return the capability document; raise `NoRun` where there is no memory server."""
    try:
        status, body = driver.fetch("/v1/capabilities", timeout_s)
    except OSError as error:
        raise NoRun(
            f"no answer from {url}: {error}. Is the server running, and is the address the one before /v1?", INVALID
        ) from None
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if status != 200 or not isinstance(document, dict):
        raise NoRun(
            f"no memory server at {url}: GET /v1/capabilities answered {status}, expected 200 and a JSON object",
            INVALID,
        )
    return document


def check_profiles(scenario: str, needs: frozenset[str], capabilities: Mapping[str, Any]) -> None:
    """Raise `NoRun` where the server does not declare what a scenario needs."""
    missing = sorted(needs - Capabilities(capabilities).profiles)
    if missing:
        raise NoRun(
            f"skipped: the scenario {scenario} needs {', '.join(missing)}, which the server does not declare; "
            "'memconform load --list' shows what each scenario needs"
        )
