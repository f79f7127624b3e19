"""One end of a migration: asks a server, waits where it asks to be waited for, and says whose fault a silence is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from memconform.capabilities import Capabilities
from memconform.client import Principal
from memconform.exchange import Received, Sent
from memconform.http import Refused, TimedOut, Unanswered
from memconform.migrate.errors import Stopped
from memconform.migrate.wire import CarefulWire, Sink
from memconform.retry_after import retry_after

Pairs = Sequence[tuple[str, str]]

_TRIES = 3
_PAUSE_S = 0.5
_DEFAULT_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer to a write. `sent` is False where no connection was made, so that it cannot have arrived."""

    why: str
    sent: bool
    late: bool
    """True where the server may still be working on it."""


@dataclass
class Service:
    """A server and whose memories of it are meant; times in seconds. `open` reads what it promises."""

    role: Literal["source", "target"]
    wire: CarefulWire
    principal: Principal
    patience: float = 120.0
    """How long one request may be put off by 429 and 503 altogether."""
    bulk_timeout: float = 600.0
    """How long an export or an import may take."""
    capabilities: Capabilities = field(default_factory=lambda: Capabilities({}))
    ahead: float = 0.0
    """How far its clock is ahead of ours, by its Date header; good to a second or two."""

    @property
    def url(self) -> str:
        """The address, without credentials."""
        return self.wire.target.url

    @property
    def label(self) -> str:
        """How it is named in messages."""
        return f"the {self.role} {self.url}"

    def open(self) -> None:
        """Read the capabilities; raise `Stopped` where this is no server of the contract, version 1."""
        answer = self.read("/v1/capabilities")
        document = json_of(answer)
        profiles = document.get("profiles") if isinstance(document, dict) else None
        if answer.status != 200 or not isinstance(profiles, list) or "core" not in profiles:
            raise Stopped(
                f"{self.label} is no memory server: GET /v1/capabilities answered {answer.status} without a capability "
                "document; give the address before /v1"
            )
        if not str(document.get("contract", "")).startswith("1."):
            raise Stopped(f"{self.label} speaks version {document.get('contract')!s:.10} of the contract; expected 1.x")
        self.capabilities = Capabilities(document)
        self.ahead = _seconds_ahead(answer)

    def declares(self, profile: str) -> bool:
        """Tell whether it promises a profile."""
        return profile in self.capabilities.profiles

    def read(self, path: str, params: Pairs = ()) -> Received:
        """GET until there is an answer, whatever it is; raise `Stopped` where there is none."""
        sent = Sent("GET", self._url(path, params))
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._patiently(lambda: self._once(sent))
            except Unanswered as error:
                if attempt == _TRIES:
                    raise Stopped(self._gone(error)) from error
            else:
                if answer.status not in (500, 502, 504) or attempt == _TRIES:
                    return answer
            time.sleep(_PAUSE_S * attempt)
        raise AssertionError("unreachable")

    def pour(self, path: str, params: Pairs, take: Callable[[], Callable[[bytes], None]]) -> Received:
        """GET a long answer in pieces; each try begins anew with what `take` returns."""
        sent = Sent("GET", self._url(path, params))
        for attempt in range(1, _TRIES + 1):
            try:
                return self._patiently(lambda: self._once(sent, Sink(take())))
            except Unanswered as error:
                if attempt == _TRIES:
                    raise Stopped(self._gone(error)) from error
            time.sleep(_PAUSE_S * attempt)
        raise AssertionError("unreachable")

    def write(
        self,
        method: str,
        path: str,
        content: bytes,
        *,
        params: Pairs = (),
        headers: Mapping[str, str],
        bulk: bool = False,
    ) -> Received | Silence:
        """Send a write once. 429 is waited out, for nothing was stored; anything else is the answer."""
        sent = Sent(method, self._url(path, params), tuple(headers.items()), content)
        timeout = self.bulk_timeout if bulk else None
        try:
            return self._patiently(lambda: self._once(sent, None, timeout), also=())
        except Unanswered as error:
            return Silence(self._gone(error), sent=not isinstance(error, Refused), late=isinstance(error, TimedOut))

    def now(self) -> float:
        """Return the time by its clock, in seconds since 1970."""
        return time.time() + self.ahead

    def settle(self, *reads: str) -> None:
        """Wait until these reads (get, list) see what was acknowledged, as far as it promises that."""
        time.sleep(min(max(map(self.capabilities.staleness, reads)), 60.0))

    def told(self) -> dict[str, Any]:
        """Return what a receipt says of it."""
        service = self.capabilities.document.get("service")
        named = {name: str(service.get(name)) for name in ("name", "version")} if isinstance(service, dict) else None
        return {"url": self.url, "service": named, "profiles": sorted(self.capabilities.profiles)}

    @property
    def name(self) -> str:
        """What it calls itself, else where it is."""
        service = self.capabilities.document.get("service")
        name = service.get("name") if isinstance(service, dict) else None
        return str(name) if name else urlsplit(self.url).netloc

    def _once(self, sent: Sent, sink: Sink | None = None, timeout: float | None = None) -> Received:
        secret, lane = self.principal.headers(), self.role
        if sink is None:
            _, received = self.wire.send(sent, secret, lane, timeout)
        else:
            _, received = self.wire.stream(sent, secret, lane, self.bulk_timeout, sink)
        if received.status == 401 or (received.status == 403 and sent.method == "GET"):
            variable = self.principal.variable
            given = f"the key in {variable} is wrong" if self.principal.token else f"it wants a key, in {variable}"
            raise Stopped(f"{self.label} refused the credentials ({received.status}): {given}")
        return received

    def _patiently(self, send: Callable[[], Received], also: Sequence[int] = (503,)) -> Received:
        waited = 0.0
        while True:
            answer = send()
            if answer.status != 429 and answer.status not in also:
                return answer
            if (
                retry_after(answer.header("Retry-After")) is None
                and answer.status == 503
                and waited >= 4 * _DEFAULT_WAIT_S
            ):
                return answer
            waited += self.wait(answer, waited)

    def wait(self, answer: Received, waited: float) -> float:
        """Wait as Retry-After asks, a second where it does not, and return how long; `waited` were waited before.

        Raise `Stopped` where that is more than the patience.
        """
        asked = retry_after(answer.header("Retry-After"))
        seconds = _DEFAULT_WAIT_S if asked is None else max(asked, 0.05)
        if waited + seconds > self.patience:
            raise Stopped(
                f"{self.label} answers {answer.status} and asks to come back in {seconds:g} s: that is more than "
                f"--patience {self.patience:g} allows"
            )
        time.sleep(seconds)
        return seconds

    def _url(self, path: str, params: Pairs) -> str:
        return self.url + path + (f"?{urlencode(list(params))}" if params else "")

    def _gone(self, error: Unanswered) -> str:
        return f"{self.label} does not answer: {error.detail}"


def asks_to_wait(answer: Received) -> bool:
    """Tell whether a server is overloaded and says when to come again."""
    return answer.status == 503 and retry_after(answer.header("Retry-After")) is not None


def json_of(answer: Received) -> Any:
    """Return the body as JSON, None where it is none; NaN and infinities are no JSON."""
    try:
        return json.loads(answer.body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _seconds_ahead(answer: Received) -> float:
    try:
        date = parsedate_to_datetime(answer.header("Date") or "")
    except (TypeError, ValueError, IndexError):
        return 0.0
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()
