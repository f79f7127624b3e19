"""The credentials that Dify hands over with each call, checked and in their types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urlsplit

from .certificates import certificate_text
from .failures import MemoryFailure
from .quoting import quoted

DEADLINE_SECONDS = 10.0
DEADLINE_BOUNDS = (0.5, 120.0)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server is and how to speak to it; `prefix` is the path before `/v1`, percent-encoded."""

    scheme: str
    host: str
    port: int
    prefix: str
    deadline_s: float
    api_key: str | None = field(default=None, repr=False)
    ca_certificate: str | None = field(default=None, repr=False)

    @property
    def base_url(self) -> str:
        """The address as configured, in one spelling."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.prefix}"


def from_credentials(credentials: Mapping[str, object]) -> Settings:
    """Return the settings; raises MemoryFailure `bad_settings` for what cannot be used."""
    scheme, host, port, prefix = _address(_text(credentials, "base_url"))
    return Settings(
        scheme=scheme,
        host=host,
        port=port,
        prefix=prefix,
        deadline_s=_deadline(_text(credentials, "deadline_s")),
        api_key=_api_key(_text(credentials, "api_key")),
        ca_certificate=certificate_text(_text(credentials, "ca_certificate")),
    )


def _text(credentials: Mapping[str, object], name: str) -> str:
    """Return a credential without the white space around it; "" when it is missing."""
    value = credentials.get(name)
    return "" if value is None else str(value).strip()


def _address(text: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and path prefix of the base URL."""
    if not text:
        raise _wrong("The base URL is missing.")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        raise _wrong("The base URL is not a URL.") from None
    _must_be_plain(parts, text)
    if not host:
        raise _wrong("The base URL names no host.")
    prefix = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._")
    return parts.scheme, host, port or _PORTS[parts.scheme], prefix


def _must_be_plain(parts: SplitResult, text: str) -> None:
    """Refuse what a base URL must not have; the message never repeats it, as it may be a secret."""
    if parts.scheme not in _PORTS:
        raise _wrong("The base URL has to start with http:// or https://.")
    if "@" in parts.netloc:
        raise _wrong("The base URL carries a user name or password, which would show up in logs.")
    if "?" in text or "#" in text:
        raise _wrong("The base URL has a query or a fragment.")
    if not all(character.isprintable() and character != " " for character in text):
        raise _wrong("The base URL has a space or a control character in it.")
    if any(segment in {".", ".."} for segment in parts.path.split("/")):
        raise _wrong("The path of the base URL has a segment . or .. in it.")


def _ascii_host(host: str) -> str:
    """Return a host name as DNS has it; raises UnicodeError, a ValueError, where it has none."""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _deadline(text: str) -> float:
    """Return the seconds that a tool call may take."""
    if not text:
        return DEADLINE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    least, most = DEADLINE_BOUNDS
    if not least <= seconds <= most:
        expected = f"a number of seconds from {least:g} to {most:g}"
        raise _wrong(f"The deadline should be {expected}, but it is {quoted(text, 40)}.")
    return seconds


def _api_key(text: str) -> str | None:
    """Return the key; one that no header field can carry is refused, and not repeated."""
    if not all("!" <= character <= "~" for character in text):
        raise _wrong("The API key has a space, a line break or a character outside ASCII in it.")
    return text or None


def _wrong(happened: str) -> MemoryFailure:
    """Return the failure of a setting."""
    return MemoryFailure(
        "bad_settings",
        happened,
        "Correct it where the plugin is authorized in Dify, for example http://memory-server:8765 with 10 seconds.",
    )
