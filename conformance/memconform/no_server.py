"""Why there is nothing to judge at an address, told from its first answers or from none, and what to try next."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from memconform.exchange import Received

CAPABILITIES = "/v1/capabilities"
_ABSENT = (404, 405, 501)
_DEEPEST = 40
"""How deep a capability document may be nested and still be read."""


def why_not_judged(url: str, health: Received, capabilities: Received) -> str | None:
    """Return why what gave these answers is not judged, None where it is a memory server, if only a broken one.

    `health` is the answer to GET /v1/health; `capabilities`, to GET /v1/capabilities, is no capability document.
    """
    gave = f"GET {CAPABILITIES} gave {_shown(capabilities)} and GET /v1/health gave {health.status}"
    statuses = (health.status, capabilities.status)
    if all(status >= 500 and status not in _ABSENT for status in statuses):
        return f"{url} is not ready: {gave}. Is it still starting, or does a gateway wait for it? Its log may say more."
    if all(status == 429 for status in statuses):
        return f"{url} refuses every request for now: {gave}. Wait, or slow the run down with --rate."
    if _looks_alive(health, capabilities):
        return None
    return f"{url} answers, but not as a memory server: {gave}. {_advice(url, capabilities)}"


def _looks_alive(health: Received, capabilities: Received) -> bool:
    said = json_object(health.body)
    healthy = health.status == 200 and said is not None and "status" in said
    return healthy or (capabilities.status not in _ABSENT and json_object(capabilities.body) is not None)


def _shown(answer: Received) -> str:
    return f"{answer.status} ({answer.header('Content-Type') or 'no media type'})"


def _advice(url: str, answer: Received) -> str:
    parts = urlsplit(url)
    location = answer.header("Location")
    if 300 <= answer.status < 400 and location:
        return _elsewhere(url, location)
    if answer.status == 400 and parts.scheme == "http" and b"https" in answer.body.lower():
        return f"It expects https: try https://{parts.netloc}{parts.path}."
    if answer.status == 200 and "html" in (answer.header("Content-Type") or ""):
        return "That is a web page: is this the address of the API, the one before /v1?"
    if parts.path.strip("/"):
        return f"Is this the address before /v1? Without its path it is {parts.scheme}://{parts.netloc}."
    return "Is this the address before /v1?"


def _elsewhere(url: str, location: str) -> str:
    """Name where a redirection leads, without its query, which may hold a secret."""
    try:
        target = urlsplit(urljoin(url + CAPABILITIES, location))
        place = urlunsplit((target.scheme, target.netloc.rpartition("@")[2], target.path, "", ""))
    except ValueError:
        return "It redirects to no address that can be read."
    if place.endswith(CAPABILITIES):
        return f"It redirects: give the address {place.removesuffix(CAPABILITIES)} instead."
    return f"It redirects to {place}: is something before the server, such as a login?"


def hint(detail: str, url: str = "") -> str:
    """Return what to try when no connection could be made, for this reason."""
    if "CERTIFICATE" in detail:
        return _about_certificate(detail)
    if "SSL" in detail:
        return "Does the server speak https there? Try http://."
    if "Name or service" in detail or "nodename" in detail or "resolution" in detail:
        return "Is the host name right?"
    local = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    container = " In a container that address is the container itself." if local else ""
    return f"Is the server running, and is the port right?{container}"


def _about_certificate(detail: str) -> str:
    if "mismatch" in detail or "not valid for" in detail:
        return "The certificate was made for another name: give the address by that name."
    if "expired" in detail:
        return "Renew the server's certificate; --insecure trusts anybody, for a test server only."
    return "Name its certificate authority with --ca FILE; --insecure trusts anybody, for a test server only."


def broken_off(detail: str, url: str) -> str:
    """Return the sentences for an answer that broke off."""
    https = " If it speaks https, the address begins with https://." if url.lower().startswith("http://") else ""
    return f"{detail.rstrip('.')}. Is it really an HTTP server?{https}"


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a body is, None where it is none, or nested too deeply."""
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not _deeper(value, _DEEPEST) else None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_deeper(each, levels - 1) for each in inner)
