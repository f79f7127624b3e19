"""One run against one server: the connections, who we are, what the server promises, and what we leave behind."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from memconform.capabilities import Capabilities
from memconform.contract.openapi import openapi
from memconform.exchange import Exchange, Received, Sent
from memconform.http import Disconnected, Refused, TimedOut, Unanswered, Wire
from memconform.ledger import Ledger, state_folder
from memconform.memory_api import MemoryApi, Principal
from memconform.no_server import broken_off, hint, json_object, why_not_judged
from memconform.recorder import Recorder, WireFinding
from memconform.redaction import redactor
from memconform.scopes import RUN_PREFIX, Scopes
from memconform.settings import RunSettings
from memconform.wire_judge import WireJudge

PROBES: Mapping[str, tuple[str, str]] = {
    "search": ("POST", "/v1/search"),
    "keyed": ("GET", "/v1/keyed"),
    "batch": ("POST", "/v1/batch"),
    "ingestion": ("POST", "/v1/ingestions"),
    "erasure": ("GET", "/v1/scopes"),
    "portability": ("GET", "/v1/export"),
    "summary": ("POST", "/v1/summaries"),
}
"""A harmless, incomplete request for each profile that shows whether its operations are served."""

_ABSENT = (404, 405, 501)
_SHUT = frozenset({401, 403})
_PUBLIC = re.compile(
    r"accept|content-|user-agent$|host$|origin$|x-forwarded|forwarded$|trace|cache-|prefer$", re.IGNORECASE
)
"""Headers whose value is no secret of anybody's."""
_TELLTALE = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


class Unreachable(Exception):
    """There is no memory server to judge at that address, or it does not let us in."""


@dataclass
class Session:
    """Everything that the tests of one process share."""

    settings: RunSettings
    run_id: str
    worker: str = ""
    capabilities: Capabilities = field(default_factory=lambda: Capabilities({}))
    served_undeclared: tuple[str, ...] = ()
    wire_findings: list[WireFinding] = field(default_factory=list)
    leaks: list[dict[str, Any]] = field(default_factory=list)
    served: set[tuple[str, str]] = field(default_factory=set)
    """The operations that some test saw done: (method, path of the document)."""
    cleanup_requests: int = 0
    tests: int = 0

    def __post_init__(self) -> None:
        """Prepare the wire; nothing is sent yet."""
        self.wire = Wire(self.settings.target())
        self.keys = self.settings.keys()
        first, second = self.keys
        self.first = Principal("first", first, self.settings.api_key_env)
        self.second = Principal("second", second, self.settings.second_api_key_env)
        path = state_folder() / f"{self.run_id}{self.worker}.jsonl"
        self.ledger = Ledger(path, self.settings.url)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be shown."""
        values = [value for name, value in self.wire.target.headers if not _PUBLIC.match(name)]
        words = [word for value in values for word in (value, value.rpartition(" ")[2])]
        return tuple(dict.fromkeys(each for each in (*self.keys, *words) if each))

    @property
    def credentials(self) -> tuple[str, ...]:
        """The secrets that let somebody in: a server that shows one of them has leaked it."""
        given = zip(self.settings.headers, self.wire.target.headers, strict=True)
        values = [v for said, (name, v) in given if _TELLTALE.search(name) or said.partition(":")[2].strip() != v]
        return tuple(each for each in self.secrets if each in self.keys or any(each in value for value in values))

    def presentable(self, text: str) -> str:
        """Return text from the wire as a terminal may show it: short, without secrets and control characters."""
        hidden = redactor(self.secrets)(text)
        return "".join(letter if letter.isprintable() else "?" for letter in hidden[:600])

    @property
    def local(self) -> bool:
        """True when the server is reached through this machine's loopback interface."""
        host = urlsplit(self.wire.target.url).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False

    def judge(self) -> WireJudge:
        """Return the judge of every exchange."""
        base = "/" + self.wire.target.url.split("://", 1)[-1].partition("/")[2]
        profiles = self.capabilities.profiles | {"core"} | set(self.settings.profiles)
        return WireJudge(openapi(), frozenset(profiles), base, self.credentials)

    def note_served(self, exchanges: Sequence[Exchange]) -> None:
        """Remember the operations that were done: (method, path of the document)."""
        judge = self.judge()
        for exchange in exchanges:
            if exchange.received is not None and exchange.received.status < 300:
                operation = judge.operation(exchange)
                if operation is not None:
                    self.served.add((operation.method, operation.path))

    def client(self, recorder: Recorder, principal: Principal) -> MemoryApi:
        """Return a client whose exchanges go to the recorder."""
        return MemoryApi(self.wire, recorder, principal, self.ledger)

    def scopes(self) -> Scopes:
        """Return scopes for one more test."""
        self.tests += 1
        return Scopes(f"{RUN_PREFIX}{self.run_id}_{self.worker}{self.tests:x}_", self.ledger.note_scope)

    # Before the first test.

    def open(self) -> None:
        """Learn what the server promises; raise `Unreachable` when there is nothing to judge."""
        self.ledger.prepare()
        health = self._probe("GET", "/v1/health")
        answer = self._probe("GET", "/v1/capabilities")
        document = json_object(answer.body) if answer.status == 200 else None
        if {health.status, answer.status} <= _SHUT:
            raise Unreachable(self._not_let_in(self.first, answer.status))
        if document is None and (why := why_not_judged(self.settings.url, health, answer)):
            raise Unreachable(why)
        self.capabilities = Capabilities(document or {})
        self._check_credentials()
        undeclared = [name for name in PROBES if name not in self.capabilities.profiles]
        self.served_undeclared = tuple(name for name in undeclared if self._serves(name))

    def _check_credentials(self) -> None:
        scope = f"{RUN_PREFIX}{self.run_id}_probe"
        for principal in (self.first, self.second):
            if principal is self.second and principal.token is None:
                continue
            status = self._probe("GET", f"/v1/memories?user_id={scope}&limit=1", principal).status
            if status in _SHUT:
                raise Unreachable(self._not_let_in(principal, status))
        if self.second.token and self.second.token == self.first.token:
            raise Unreachable("both API keys are the same: tenancy needs the keys of two principals")

    def _not_let_in(self, principal: Principal, status: int) -> str:
        """Return the message for a server that wants other credentials, or some at all."""
        url, variable = self.settings.url, principal.variable
        option = "--api-key-env" if principal is self.first else "--second-api-key-env"
        named = any(name.lower() == "authorization" for name, _ in self.wire.target.headers)
        if principal.token:
            head = f"{url} refuses the API key in ${variable} ({status}). Is it a key of this server, whole?"
        elif named:
            return f"{url} refuses the header Authorization ({status}). Its value is 'Bearer', a space and the key."
        else:
            head = f"{url} wants credentials, and there are none in ${variable} ({status})."
        return f"{head} Put the API key there, or name another variable with {option}."

    def _serves(self, profile: str) -> bool:
        method, path = PROBES[profile]
        try:
            return self._probe(method, path, body=b"{}" if method == "POST" else b"").status not in _ABSENT
        except Unreachable:
            return False

    def _probe(self, method: str, path: str, principal: Principal | None = None, body: bytes = b"") -> Received:
        headers = (("Content-Type", "application/json"),) if body else ()
        sent = Sent(method, self.wire.target.url + path, headers, body)
        try:
            credentials = (principal or self.first).headers()
            return self.wire.send(sent, credentials, "probe")[1]
        except Refused as error:
            raise Unreachable(f"{error.detail}. {hint(error.detail, self.settings.url)}") from error
        except TimedOut as error:
            raise Unreachable(f"{error.detail}. The server hangs, or --timeout is too short.") from error
        except Disconnected as error:
            raise Unreachable(broken_off(error.detail, self.settings.url)) from error

    # During and after the tests.

    def alive(self, patience: float = 3.0) -> bool:
        """Ask the server for its health until it answers, for at most `patience` seconds."""
        sent = Sent("GET", f"{self.wire.target.url}/v1/health")
        until, pause = time.monotonic() + patience, 0.1
        while True:
            try:
                self.wire.send(sent, {}, "alive", timeout=patience)
            except Unanswered:
                if time.monotonic() > until:
                    return False
                time.sleep(pause)
                pause = min(2 * pause, 0.4)
            else:
                return True

    def close(self) -> None:
        """Delete what the run created, note what would not go, and close the connections."""
        from memconform.cleanup import clean

        before = self.wire.requests
        if not self.settings.keep_data:
            principals = {"first": self.first, "second": self.second}
            self.leaks = clean(self.wire, principals, self.ledger, self.capabilities)
            why = "the server put it into a scope that is not the run's own, so it was left alone"
            self.leaks += [
                {"id": each, "principal": label, "why": why, "stray": True} for label, each in self.ledger.strays
            ]
        self.ledger.close(done=not self.leaks and not self.settings.keep_data)
        self.cleanup_requests = self.wire.requests - before
        self.wire.close()


def new_run_id() -> str:
    """Return an id for a run: eight hexadecimal digits."""
    return os.urandom(4).hex()
