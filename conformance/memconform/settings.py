"""What a run was asked to do: one record, the same for `memconform check` and for plain pytest."""

from __future__ import annotations

import os
import re
import shlex
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from memconform.budget import STANDARD, Budget

if TYPE_CHECKING:
    from memconform.http import Target

API_KEY = "MEMCONFORM_API_KEY"
SECOND_API_KEY = "MEMCONFORM_SECOND_API_KEY"


class UsageError(Exception):
    """What was asked for makes no sense; the message says what to do instead.

    >>> from memconform import UsageError, check_server
    >>> try:
    ...     check_server("localhost:8765")
    ... except UsageError as error:
    ...     print(error)
    'localhost:8765' is no http or https URL; did you mean http://localhost:8765?
    """


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
    """A shell command; `{port}` in it is that of the started server."""
    restart: int | None = None
    """The descriptor on which who started the server is asked to restart it; None where that was not asked for."""
    failing_messages: str | None = None
    """A file with messages whose extraction fails; see `memconform.failing_messages`."""
    keep_data: bool = False
    start: str | None = None
    """The command that the server was started by, with `{port}` for its port; None where it ran already."""
    baseline: str | None = None
    """A file of known failures; see `memconform.baseline`."""
    contract: str | None = None
    """The version of the contract to judge against; None for the one that the server declares."""

    def target(self, environ: Mapping[str, str] = os.environ) -> Target:
        """Return where the requests go; raise `UsageError` for an address or a header that cannot be used."""
        from memconform.http import Target

        headers = tuple(_header(text, environ) for text in self.headers)
        for option, number in (("--timeout", self.timeout), ("--rate", self.rate)):
            if number is not None and not 0 < number < 1e6:
                raise UsageError(f"{option} is {number:g}; expected a number above 0")
        if self.ca_file:
            _check_authority(self.ca_file)
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
        words = ["memconform", "check", self._place()]
        wanted = (requirement,) if requirement else self.requirements
        words += [word for name in wanted for word in ("--requirement", name)]
        words += [word for name in self.profiles for word in ("--profile", name)]
        words += ["--budget", self.budget.size, "--seed", str(self.seed)]
        defaults = RunSettings(self.url)
        for option, name in _REPEATED:
            value = getattr(self, name)
            if value != getattr(defaults, name):
                words += [option] if value is True or name == "restart" else [option, str(value)]
        words += [word for header in self.headers for word in ("--header", _without_value(header))]
        return shlex.join(words)

    @property
    def restart_line(self) -> str | None:
        """The restart command with `{port}` filled in, which a shell's `${port}` is not."""
        if self.restart_command is None or self.start is None or "{port}" not in self.start:
            return self.restart_command
        return PORT.sub(str(urlsplit(self.url).port), self.restart_command)

    def _place(self) -> str:
        """Return the URL; that of a started server has no fixed port."""
        if self.start is None or "{port}" not in self.start:
            return self.url
        return re.sub(r":\d+(?=/|$)", ":{port}", self.url, count=1)


_REPEATED = (
    ("--start", "start"),
    ("--level", "level"),
    ("--timeout", "timeout"),
    ("--rate", "rate"),
    ("--api-key-env", "api_key_env"),
    ("--api-key-file", "api_key_file"),
    ("--second-api-key-env", "second_api_key_env"),
    ("--second-api-key-file", "second_api_key_file"),
    ("--ca", "ca_file"),
    ("--insecure", "insecure"),
    ("--restart-command", "restart_command"),
    ("--restart", "restart"),
    ("--failing-messages", "failing_messages"),
    ("--keep-data", "keep_data"),
    ("--baseline", "baseline"),
    ("--contract", "contract"),
)


PORT = re.compile(r"(?<!\$)\{port\}")
"""Where a restart command has the port of the started server; `${port}` is a variable of the shell."""

_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


def checked_url(url: str) -> str:
    """Return a base URL without its last slash; raise `UsageError` when it is none."""
    if url != url.strip():
        raise UsageError(f"{url!r} begins or ends with white space; give the address alone")
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise UsageError(f"{url!r} is no URL: {error}") from None
    if "@" in parts.netloc:
        raise UsageError("the URL carries credentials; put the API key into $MEMCONFORM_API_KEY instead")
    if not url.isprintable() or re.search(r'[\s<>"\\^`{|}]', url) or not parts.path.isascii():
        raise UsageError(f"{url!r} is no URL: it holds a character that must be percent-encoded")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError(f"{url!r} is no http or https URL; {_meant(url)}")
    if parts.query or parts.fragment:
        raise UsageError(
            "the URL has a query or a fragment; give the address before /v1, such as http://127.0.0.1:8765"
        )
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def _meant(url: str) -> str:
    """Return what to write instead, from what stands before the host."""
    host = re.sub(r"^[a-z]*:?/+", "", url, count=1, flags=re.IGNORECASE)
    if re.fullmatch(r"(localhost|[\w-]+(\.[\w-]+)+|\[[\da-fA-F:]+\])(:\d{1,5})?(/[\w./-]*)?", host):
        plain = host.startswith(("localhost", "[")) or host[0].isdigit()
        return f"did you mean {'http' if plain else 'https'}://{host}?"
    return "expected something like http://127.0.0.1:8765"


def _check_authority(file: str) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except FileNotFoundError:
        raise UsageError(f"--ca: there is no file {file}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"--ca: {file} holds no certificate in PEM form ({error})") from None


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
    if name.strip().lower() in _FRAMING:
        raise UsageError(f"--header {name.strip()}: this header belongs to each single request")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
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
    place = f"in ${variable}" if file is None else f"in the file {file}"
    if key.lower().startswith("bearer "):
        raise UsageError(f"the API key {place} begins with the word 'Bearer'; give the key alone")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"the API key {place} has characters that an Authorization header cannot carry")
    return key
