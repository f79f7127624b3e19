"""One check of a client: every test on a stage of its own, and what the requests of all of them add up to."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from memconform.clients.client import Client
from memconform.clients.keys import without_keys
from memconform.clients.leaks import leaks_of
from memconform.clients.scopes import scopes_besides
from memconform.clients.stage import Stage, staged
from memconform.clients.upstream import Upstream
from memconform.clients.wire import RequestJudge, Seen, credentials_elsewhere
from memconform.contract import requirements
from memconform.contract.openapi import openapi
from memconform.dify import PluginFailed
from memconform.exchange import Exchange
from memconform.http import Unanswered
from memconform.items import client_suite_folder, marked, promise_of
from memconform.judgement import Judgement
from memconform.recorder import WireFinding
from memconform.requirement import Mark
from memconform.verdict import Inconclusive, NotApplicable, NotMet, Outcome

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class ClientTest:
    """One test of one requirement of clients."""

    name: str
    promise: str
    mark: Mark
    function: Callable[..., None]

    @property
    def requirement(self) -> str:
        """The id of the requirement."""
        return self.mark.id


def client_tests(only: Sequence[str] = ()) -> list[ClientTest]:
    """Return the tests of clients, or those of some requirements, those that look back at the others last."""
    found = [
        ClientTest(f"{path.name}::{name}", promise_of(function), mark, function)
        for path in sorted(client_suite_folder().glob("test_*.py"))
        for name, function, mark in marked(path)
        if not only or mark.id in only
    ]
    return sorted(found, key=lambda test: test.mark.last)


@dataclass
class ClientRun:
    """The outcomes so far, and every request of every test."""

    client: Client
    upstream: Upstream
    records: list[dict[str, Any]] = field(default_factory=list)
    wire: list[WireFinding] = field(default_factory=list)
    requests: int = 0
    stopped: str | None = None
    """Why the run ended before its last test."""

    def judge(self, tests: Sequence[ClientTest]) -> Iterator[dict[str, Any]]:
        """Run the tests one after another; yield the record of each as it ends."""
        for test in tests:
            record = self._judged(test)
            self.records.append(record)
            yield record
            if self.stopped:
                return

    def leaks(self) -> list[tuple[str, list[Exchange]]]:
        """Return each place where a key came out, with the requests that show it."""
        found = [(f"{w.observed}", [w.exchange]) for w in self.wire if w.requirement == "CLIENT-02"]
        return [*found, *((where, []) for where in leaks_of(self.client))]

    def _judged(self, test: ClientTest) -> dict[str, Any]:
        started = time.monotonic()
        judgement = self._attempt(test)
        judgement.seconds = time.monotonic() - started
        if judgement.outcome is Outcome.FAIL and requirements()[test.requirement].level == "SHOULD":
            judgement.outcome = Outcome.WARN
        judgement.redact = without_keys
        return {
            "test": test.name,
            "promise": test.promise,
            "requirement": test.requirement,
            **judgement.to_json(),
        }

    def _attempt(self, test: ClientTest) -> Judgement:
        wire: list[WireFinding] = []
        requests = 0
        try:
            with staged(self.client, self.upstream, self) as stage:
                try:
                    if self.client.scopes is None:
                        self.client.scopes = scopes_besides(stage)
                    test.function(stage)
                    judgement = Judgement()
                finally:
                    wire = self._wire(stage)
                    requests = len(stage.front.seen)
                    self.requests += requests
        except NotMet as finding:
            judgement = Judgement(Outcome.FAIL, expected=finding.expected, observed=finding.observed)
            judgement.see = finding.see[-_SHOWN:]
        except Inconclusive as nothing:
            judgement = Judgement(Outcome.INCONCLUSIVE, reason=nothing.reason, see=nothing.see[-_SHOWN:])
        except NotApplicable as condition:
            judgement = Judgement(Outcome.SKIP, reason=str(condition))
        except PluginFailed as failed:
            self.stopped = f"the plugin does not run any more: {failed}"
            judgement = Judgement(Outcome.INCONCLUSIVE, reason=self.stopped)
        except Unanswered as lost:
            judgement = Judgement(Outcome.ERROR, reason=f"the server behind gave no answer: {lost.detail}")
        except Exception:  # noqa: BLE001 - whatever else went wrong is the harness's fault and is reported as such
            judgement = Judgement(Outcome.ERROR, reason=f"the harness failed:\n{traceback.format_exc(limit=-4)}")
        judgement.requests, judgement.wire = requests, wire
        self.wire += wire
        mine = next((found for found in self.wire if found.requirement == test.requirement), None)
        if mine is not None and judgement.outcome is not Outcome.FAIL:
            judgement.outcome, judgement.see = Outcome.FAIL, [mine.exchange]
            judgement.expected, judgement.observed = mine.expected, mine.observed
        return judgement

    def _wire(self, stage: Stage) -> list[WireFinding]:
        """Judge every request that the stage's server saw (CLIENT-01, CLIENT-02); one finding of a kind is enough."""
        judge = RequestJudge(openapi(), "")
        found: dict[tuple[str, str], WireFinding] = {}
        for seen in stage.front.seen:
            if stage.provoked.intersection(seen.path or ()):
                continue
            for finding in (*judge.judge(seen), *_keys_in(seen)):
                found.setdefault((finding.requirement, finding.observed), finding)
        return list(found.values())


def _keys_in(seen: Seen) -> list[WireFinding]:
    return [
        WireFinding("CLIENT-02", "an API key in the Authorization header field only", where, seen.exchange())
        for where in credentials_elsewhere(seen, [seen.token] if seen.token else [])
    ]
