"""What a run was asked to do: one record, the same for `memconform check` and for plain pytest."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from memconform.budget import STANDARD, Budget
from memconform.http import Target

API_KEY = "MEMCONFORM_API_KEY"
SECOND_API_KEY = "MEMCONFORM_SECOND_API_KEY"


class UsageError(Exception):
    """What was asked for makes no sense; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The options of a run. Secrets are named, never held: by their environment variable or file."""

    url: str
    profiles: tuple[str, ...] = ()
    """Test only these profiles, whether declared or not; () for the declared ones."""
    level: str | None = None
    requirements: tuple[str, ...] = ()
    budget: Budget = STANDARD
    seed: int = 0
    rate: float | None = None
    timeout: float = 10.0
    api_key_env: str = API_KEY
    second_api_key_env: str = SECOND_API_KEY
    api_key_file: str | None = None
    second_api_key_file: str | None = None
    headers: tuple[str, ...] = ()
    """`Name: value`, or `Name: env:VARIABLE`."""
    ca_file: str | None = None
    insecure: bool = False
    restart_command: str | None = None
    keep_data: bool = False

    def target(self, environ: Mapping[str, str] = os.environ) -> Target:
        """Return where the requests go; raise `UsageError` for an address or a header that cannot be used."""
        headers = tuple(_header(text, environ) for text in self.headers)
        if self.ca_file and not Path(self.ca_file).is_file():
            raise UsageError(f"--ca: there is no file {self.ca_file}")
        return Target(checked_url(self.url), self.timeout, self.rate, headers, self.ca_file, self.insecure)

    def keys(self, environ: Mapping[str, str] = os.environ) -> tuple[str | None, str | None]:
        """Return the first and the second API key; None for one that is not given."""
        return (
            _key(self.api_key_env, self.api_key_file, environ, default=API_KEY),
            _key(self.second_api_key_env, self.second_api_key_file, environ, default=SECOND_API_KEY),
        )

    @property
    def selective(self) -> bool:
        """True when only a part of the requirements was asked for."""
        return bool(self.profiles or self.level or self.requirements)

    def again(self, requirement: str | None = None) -> str:
        """Return the command that repeats this run, for one requirement or for all."""
        words = ["memconform", "check", self.url]
        wanted = (requirement,) if requirement else self.requirements
        words += [word for name in wanted for word in ("--requirement", name)]
        words += [word for name in self.profiles for word in ("--profile", name)]
        words += ["--budget", self.budget.size, "--seed", str(self.seed)]
        defaults = RunSettings(self.url)
        for option, name in _REPEATED:
            value = getattr(self, name)
            if value != getattr(defaults, name):
                words += [option] if value is True else [option, str(value)]
        words += [word for header in self.headers for word in ("--header", _without_value(header))]
        return shlex.join(words)


_REPEATED = (
    ("--timeout", "timeout"),
    ("--rate", "rate"),
    ("--api-key-env", "api_key_env"),
    ("--api-key-file", "api_key_file"),
    ("--second-api-key-env", "second_api_key_env"),
    ("--second-api-key-file", "second_api_key_file"),
    ("--ca", "ca_file"),
    ("--insecure", "insecure"),
    ("--restart-command", "restart_command"),
)


def checked_url(url: str) -> str:
    """Return a base URL without its last slash; raise `UsageError` when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError(f"{url!r} is no http or https URL; expected something like http://127.0.0.1:8765")
    if parts.username or parts.password:
        raise UsageError("the URL carries credentials; put the API key into $MEMCONFORM_API_KEY instead")
    if parts.query or parts.fragment:
        raise UsageError(
            "the URL has a query or a fragment; give the address before /v1, such as http://127.0.0.1:8765"
        )
    return url.rstrip("/").removesuffix("/v1")


def _header(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
        raise UsageError("--header: expected 'Name: value' or 'Name: env:VARIABLE'")
    value = value.strip()
    if value.startswith("env:"):
        variable = value.removeprefix("env:")
        if variable not in environ:
            raise UsageError(f"--header {name.strip()}: the environment has no variable {variable}")
        value = environ[variable]
    if any(ord(character) < 32 for character in value):
        raise UsageError(f"--header {name.strip()}: the value has control characters")
    return name.strip(), value


def _without_value(header: str) -> str:
    name, _, value = header.partition(":")
    return header if value.strip().startswith("env:") else f"{name}: …"


def _key(variable: str, file: str | None, environ: Mapping[str, str], *, default: str) -> str | None:
    if file is not None:
        try:
            key = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the API key file {file} cannot be read: {getattr(error, 'strerror', error)}") from None
    else:
        if variable != default and variable not in environ:
            raise UsageError(f"the environment has no variable {variable}, which should hold the API key")
        key = environ.get(variable, "").strip()
    if not key:
        return None
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError("the API key has characters that an Authorization header cannot carry")
    return key
