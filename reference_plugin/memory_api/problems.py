"""Turns a status that is no success into a failure that says what to do."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

from .answer import Answer, described_media_type, json_value
from .failures import MemoryFailure
from .quoting import escaped, holds_secret, quoted
from .request import Request
from .retries import wish_of
from .settings import Settings

_REPEATED_LATER = "Try again later; the server's log tells what is wrong with it."

BY_STATUS: dict[int, tuple[str, str, str]] = {
    400: ("invalid", "The server refuses the request as malformed (400).", "Correct the parameter that it names."),
    401: (
        "unauthorized",
        "The server does not accept the API key (401).",
        "Enter the right key where the plugin is authorized in Dify; without a key only open servers answer.",
    ),
    403: (
        "forbidden",
        "The API key is known, but may not do this (403).",
        "Give it the right on the server, or enter another key in the plugin's settings.",
    ),
    404: (
        "not_found",
        "The server knows nothing of that kind (404).",
        "Check the id or key; if every call says this, check the path of the base URL.",
    ),
    405: ("not_found", "The server does not know this operation (405).", "Check the path of the base URL."),
    409: (
        "conflict",
        "The same request is in flight, or what it would create is there already (409).",
        "Wait for the first one, or use another idempotency key.",
    ),
    410: (
        "gone",
        "What this repeat once did has been erased since (410).",
        "Use another idempotency key, if it is to be written anew.",
    ),
    412: (
        "changed",
        "The memory changed in the meantime (412); nothing was done.",
        "Read it again, and repeat the change if it still makes sense.",
    ),
    413: ("too_large", "What was sent is larger than the server takes (413).", "Shorten it, or split it up."),
    415: ("invalid", "The server does not take this media type (415).", "Check that it serves version 1 of the API."),
    422: ("invalid", "The server refuses what was sent as invalid (422).", "Correct the parameter that it names."),
    429: (
        "rate_limited",
        "The server is asked too often (429).",
        "Call it less often, or raise its limit for this key.",
    ),
}


def problem_of(answer: Answer, settings: Settings) -> MemoryFailure:
    """Return the failure of an answer whose status is no success."""
    if 300 <= answer.status < 400:
        return _redirect(answer, settings)
    kind, happened, advice = BY_STATUS.get(answer.status, ("", "", ""))
    if not kind and answer.status >= 500:
        kind, happened, advice = "server_error", f"The server failed ({answer.status}).", _REPEATED_LATER
    elif not kind:
        kind, happened = "bad_answer", f"The server answers with the status {answer.status}, which does not fit."
        advice = "Check that the base URL leads to a memory server, then look into its log."
    remarks = [happened, _quotation(answer, settings)]
    wish = wish_of(answer)
    if wish is not None:
        remarks.append(escaped(wish.said))
    return MemoryFailure(kind, " ".join(each for each in remarks if each), advice)


def refused_operation(error: object, settings: Settings) -> str:
    """Return what the problem inside a failed operation says, as a quotation; "" for nothing."""
    return _shown(_sentences(error), settings)


def not_supported(request: Request) -> MemoryFailure:
    """Return the failure of an operation whose profile the server does not declare."""
    return MemoryFailure(
        "not_supported",
        f"This server does not offer what the tool needs: the profile {request.profile} is not in its capabilities.",
        "Use another tool, or a memory server with that profile.",
    )


def _redirect(answer: Answer, settings: Settings) -> MemoryFailure:
    """Return the failure of a redirect, which is never followed: the key stays with its server."""
    try:
        parts = urlsplit(urljoin(f"{settings.base_url}/", answer.headers.get("Location", "")))
        place = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        place = "an address that is none"
    shown = "another address" if holds_secret(place, settings.api_key) else quoted(place, 120)
    return MemoryFailure(
        "redirect",
        f"The server redirects to {shown} ({answer.status}), and redirects are not followed.",
        "Enter the address where the memory server really is, with https if it asks for that, as base URL.",
    )


def _quotation(answer: Answer, settings: Settings) -> str:
    """Return the sentence that quotes a problem's detail, or says that there is none."""
    if not answer.body:
        return ""
    if not answer.is_json:
        return f"It came with {described_media_type(answer)}, so something in front of the server may have answered."
    try:
        problem = json_value(answer.body)
    except MemoryFailure:
        return "Its explanation is not valid JSON."
    return _shown(_sentences(problem), settings)


def _sentences(problem: object) -> list[str]:
    """Return the title or detail of a problem, and the first three of its errors."""
    if not isinstance(problem, dict):
        return []
    found = [text for name in ("detail", "title") if isinstance(text := problem.get(name), str) and text.strip()][:1]
    errors = problem.get("errors")
    for error in errors[:3] if isinstance(errors, list) else []:
        if isinstance(error, dict):
            found.append(_error(error))
    return [each for each in found if each]


def _error(error: dict[str, Any]) -> str:
    """Return one entry of `errors` as text."""
    place = next((error[name] for name in ("pointer", "parameter") if isinstance(error.get(name), str)), "")
    detail = error.get("detail")
    return f"{place}: {detail}" if isinstance(detail, str) else ""


def _shown(sentences: list[str], settings: Settings) -> str:
    """Return what the server says as a quotation; withheld where it repeats the key."""
    text = "; ".join(sentences)
    if not text:
        return ""
    if holds_secret(text, settings.api_key):
        return "(What it says is withheld, as it repeats the API key.)"
    quotation = quoted(text)
    return f"It says: {quotation}" if quotation.endswith('."') else f"It says: {quotation}."
