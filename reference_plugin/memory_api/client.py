"""One small method for each operation of the Memory API that the tools use."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from . import exchange, pools, problems, retries
from .answer import Answer, json_object, member, unusable
from .deadline import Deadline
from .failures import NOT_THERE, MemoryFailure
from .request import MERGE_PATCH, NDJSON, Request, one_segment
from .settings import Settings

Scope = Mapping[str, str]
Json = dict[str, Any]

SUCCESSES = frozenset({200, 201, 202, 204})
UNCERTAIN = frozenset({"timeout", "disconnected", "bad_answer"})
UNSERVED = frozenset({404, 405, 501})


class MemoryClient:
    """Speaks to one server within one deadline; made for one tool call."""

    def __init__(self, settings: Settings, deadline: Deadline) -> None:
        self.settings = settings
        self.deadline = deadline
        self._profiles: frozenset[str] | None = None

    def capabilities(self) -> Json:
        """Return what the server promises about itself."""
        return json_object(self._success(Request("GET", "/v1/capabilities")))

    def declares(self, profile: str) -> bool:
        """Tell whether the server declares a profile; one that cannot be asked declares nothing."""
        if self._profiles is None:
            try:
                answer = self._once(Request("GET", "/v1/capabilities"))
                declared = json_object(answer).get("profiles") if answer.status == 200 else None
            except MemoryFailure:
                return False
            if not isinstance(declared, list):
                return False
            self._profiles = frozenset(name for name in declared if isinstance(name, str))
        return profile in self._profiles

    def add(self, memory: Json, idempotency_key: str | None) -> Json:
        """Add one memory; return the stored record."""
        request = Request("POST", "/v1/memories", body=memory, idempotency_key=idempotency_key or new_key())
        return json_object(self._success(request))

    def list(self, scope: Scope, limit: int | None, cursor: str | None) -> Json:
        """Return one page of a scope's memories."""
        query = (*_pairs(scope), *_pairs({"limit": limit, "cursor": cursor}))
        return json_object(self._success(Request("GET", "/v1/memories", query=query)))

    def search(self, search: Json) -> Json:
        """Return the results of a search."""
        return json_object(self._success(Request("POST", "/v1/search", "search", body=search, changes_nothing=True)))

    def get(self, memory_id: str) -> tuple[Json, str | None]:
        """Return a memory and its strong entity tag, if it has one."""
        answer = self._success(Request("GET", f"/v1/memories/{one_segment(memory_id)}"))
        return json_object(answer), answer.etag

    def update(self, memory_id: str, patch: Json, if_match: str | None) -> Json:
        """Change a memory by a merge patch; return it as it is now."""
        path = f"/v1/memories/{one_segment(memory_id)}"
        request = Request("PATCH", path, "update", body=patch, media_type=MERGE_PATCH, if_match=if_match)
        return json_object(self._success(request))

    def delete(self, memory_id: str, if_match: str | None) -> None:
        """Delete a memory. One that was there, and is gone when a lost answer is asked for again, is deleted."""
        request = Request("DELETE", f"/v1/memories/{one_segment(memory_id)}", if_match=if_match)
        answer = self._perform(request)
        if answer.status == 404 and answer.attempts > 1:
            return
        self._must_be_success(request, answer)

    def history(self, memory_id: str, cursor: str | None) -> Json:
        """Return one page of a memory's versions."""
        path = f"/v1/memories/{one_segment(memory_id)}/history"
        return json_object(self._success(Request("GET", path, "history", query=_pairs({"cursor": cursor}))))

    def set_keyed(self, scope: Scope, key: str, content: str) -> Json:
        """Set the memory under a key in an exact scope; return the record."""
        request = Request("PUT", "/v1/keyed", "keyed", query=_pairs({"key": key, **scope}), body={"content": content})
        return json_object(self._success(request))

    def get_keyed(self, scope: Scope, key: str) -> Json | None:
        """Return the memory under a key in an exact scope; None where the key is not set."""
        try:
            return json_object(self._success(Request("GET", "/v1/keyed", "keyed", query=_pairs({"key": key, **scope}))))
        except MemoryFailure as failure:
            if failure.kind == NOT_THERE:
                return None
            raise

    def ingest(self, scope: Scope, messages: Sequence[Json]) -> tuple[Json, Answer]:
        """Hand messages in; return the operation, and the answer that may say when to ask."""
        body = {"scope": dict(scope), "messages": [*messages]}
        return self._operation(Request("POST", "/v1/ingestions", "ingestion", body=body, idempotency_key=new_key()))

    def erase(self, scope: Scope) -> tuple[Json, Answer]:
        """Have a scope forgotten; return the operation, and the answer that may say when to ask."""
        body = {"scope": dict(scope)}
        return self._operation(Request("POST", "/v1/erasures", "erasure", body=body, idempotency_key=new_key()))

    def operation(self, operation_id: str) -> tuple[Json, Answer]:
        """Return how an operation stands."""
        return self._operation(Request("GET", f"/v1/operations/{one_segment(operation_id)}"))

    def export(self, scope: Scope, most_bytes: int) -> Answer:
        """Return an export, or the start of one that is too long or broke off."""
        request = Request(
            "GET", "/v1/export", "portability", query=_pairs(scope), accept=NDJSON, most_bytes=most_bytes, partial=True
        )
        answer = self._success(request)
        if answer.media_type != NDJSON:
            raise unusable(f"expected {NDJSON}, but it is of another media type")
        return answer

    def _operation(self, request: Request) -> tuple[Json, Answer]:
        """Return an operation; one without id or status is no operation."""
        answer = self._success(request)
        operation = json_object(answer)
        member(operation, "id", str, "the operation")
        member(operation, "status", str, "the operation")
        return operation, answer

    def _success(self, request: Request) -> Answer:
        """Return the answer to a request that succeeded; raises MemoryFailure."""
        answer = self._perform(request)
        self._must_be_success(request, answer)
        return answer

    def _must_be_success(self, request: Request, answer: Answer) -> None:
        """Raise MemoryFailure for an answer whose status is no success."""
        if answer.status in SUCCESSES:
            return
        if answer.status in UNSERVED and request.profile != "core" and self._is_undeclared(request.profile):
            raise problems.not_supported(request)
        raise problems.problem_of(answer, self.settings)

    def _is_undeclared(self, profile: str) -> bool:
        """Tell whether the server says what it offers, and this profile is not among it."""
        return not self.declares(profile) and self._profiles is not None

    def _perform(self, request: Request) -> Answer:
        """Return the answer to a request, whatever its status, sent again where that is safe."""
        try:
            return retries.persistently(request, lambda: self._once(request), self.deadline, self.declares)
        except MemoryFailure as failure:
            if failure.kind in UNCERTAIN and not (request.method == "GET" or request.changes_nothing):
                raise failure.noting("Whether the change was made is not known.") from None
            raise

    def _once(self, request: Request) -> Answer:
        """Return the answer to one attempt."""
        pool = pools.POOLS_IN_USE.of(self.settings)
        return exchange.answered(
            pool, self.settings, request, self.deadline, lambda: retries.may_repeat(request, self.declares)
        )


def new_key() -> str:
    """Return a new `Idempotency-Key`: one for each add, the same for each of its attempts."""
    return str(uuid.uuid4())


def _pairs(members: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return query parameters, in order, without those that are not given."""
    return tuple((name, str(value)) for name, value in members.items() if value is not None)
