"""Whether a server listens: asked before it is started, and until it is ready."""

from __future__ import annotations

import socket
import ssl
import urllib.error
import urllib.request
from contextlib import suppress
from urllib.parse import urlsplit

from memconform.settings import UsageError

_ASKING_S = 5.0


def not_answering(url: str) -> str | None:
    """Return None where an HTTP server answers below 500, for a refusal is an answer, too; else what happened."""
    unverified = ssl._create_unverified_context()  # noqa: S323, SLF001 - nothing is sent; the run itself verifies
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unverified)
    )
    try:
        with opener.open(url, timeout=_ASKING_S):
            return None
    except urllib.error.HTTPError as error:
        return None if error.code < 500 else f"was still answered by {error.code}"
    except (OSError, ValueError):
        return "had no answer"


def listens(url: str) -> bool:
    """Tell whether something takes connections there, whatever it is."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    with suppress(OSError), socket.create_connection(address, timeout=1):
        return True
    return False


def must_be_free(url: str) -> None:
    """Raise `UsageError` where something listens: it would be judged in place of the server that is started."""
    if listens(url):
        raise UsageError(
            f"something listens at {url} already, before the server was started: stop it, or leave --start out"
        )
