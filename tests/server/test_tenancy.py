"""Principals: credentials are needed, count in one place only, and nobody meets another one's memories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memconform_server.principals import PUBLIC, Principals, principal_of

if TYPE_CHECKING:
    import httpx

OPERATIONS = [
    ("POST", "/v1/memories"),
    ("GET", "/v1/memories?user_id=u"),
    ("GET", "/v1/memories/x"),
    ("DELETE", "/v1/memories/x"),
    ("POST", "/v1/search"),
    ("POST", "/v1/ingestions"),
    ("GET", "/v1/operations/x"),
    ("POST", "/v1/erasures"),
    ("GET", "/v1/scopes"),
    ("GET", "/v1/export?user_id=u"),
    ("POST", "/v1/import"),
    ("GET", "/v1/events?user_id=u"),
    ("POST", "/v1/summaries"),
    ("GET", "/v1/nothing"),
]
SENT = {
    "nothing": {},
    "an unknown key": {"Authorization": "Bearer wrong"},
    "a comma for a key": {"Authorization": "Bearer ,"},
    "the scheme alone": {"Authorization": "Bearer"},
    "another scheme": {"Authorization": "Basic YWxpY2Uta2V5"},
    "the bare key": {"Authorization": "alice-key"},
    "a longer key": {"Authorization": "Bearer alice-key1"},
    "the key in other case": {"Authorization": "Bearer ALICE-KEY"},
    "bytes": {"Authorization": b"Bearer \xff\xfe"},
    "another header": {"X-Api-Key": "alice-key"},
    "a cookie": {"Cookie": "authorization=Bearer alice-key; api_key=alice-key"},
}


@pytest.mark.parametrize("sent", SENT)
def test_credentials_are_needed(nobody: httpx.Client, sent: str) -> None:
    """Without known credentials every operation is 401 with a challenge; health and capabilities are free."""
    headers = SENT[sent]
    for method, path in OPERATIONS:
        answer = nobody.request(method, path, headers=headers)  # type: ignore[arg-type]  # bytes are allowed as values
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/v1/health", "/v1/capabilities"):
        assert nobody.get(path, headers=headers).status_code == 200  # type: ignore[arg-type]  # as above


def test_credentials_count_in_the_header_only(nobody: httpx.Client) -> None:
    """A key in the query string or the body opens nothing."""
    for name in ("api_key", "access_token", "authorization", "key", "token"):
        assert nobody.get("/v1/memories", params={"user_id": "u", name: "alice-key"}).status_code == 401
    draft = {"content": "x", "scope": {"user_id": "u"}, "access_token": "alice-key"}
    assert nobody.post("/v1/memories", json=draft).status_code == 401
    assert nobody.post("/v1/memories", data={"access_token": "alice-key"}).status_code == 401


def test_two_authorization_headers_are_refused(nobody: httpx.Client) -> None:
    """Nobody could say whose request it is."""
    headers = [("Authorization", "Bearer alice-key"), ("Authorization", "Bearer bob-key")]
    assert nobody.get("/v1/memories?user_id=u", headers=headers).status_code == 401


def test_the_scheme_is_case_insensitive(nobody: httpx.Client) -> None:
    """RFC 9110: `bearer` is `Bearer`."""
    assert nobody.get("/v1/memories?user_id=u", headers={"Authorization": "bEARER alice-key"}).status_code == 200


def test_principals_are_disjoint(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Equal scopes of two principals share nothing, and a foreign memory stays as it is."""
    mine = alice.post("/v1/memories", json={"content": "the code word is heron", "scope": user}).json()
    path = f"/v1/memories/{mine['id']}"
    assert bob.get("/v1/memories", params=user).json() == {"items": [], "next_cursor": None}
    search = {"query": "the code word is heron", "scope": user}
    assert bob.post("/v1/search", json=search).json() == {"results": []}
    assert [bob.get(path).status_code, bob.delete(path).status_code] == [404, 404]
    assert alice.get(path).json() == mine
    assert alice.post("/v1/search", json=search).json()["results"][0]["score"] == 1.0


def test_not_yours_looks_like_not_there(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """A foreign id and an unknown id get the same answer, but for request id, date and time."""
    identifier = alice.post("/v1/memories", json={"content": "x", "scope": user}).json()["id"]
    unknown = identifier[:-4] + "0000"
    for method in ("GET", "DELETE"):
        answers = [bob.request(method, f"/v1/memories/{each}") for each in (identifier, unknown)]
        stable = [
            {k: v for k, v in answer.headers.items() if k not in {"date", "server-timing", "x-request-id"}}
            for answer in answers
        ]
        assert answers[0].content == answers[1].content
        assert stable[0] == stable[1]


def test_a_principal_is_a_digest_of_its_key() -> None:
    """The principal of a key is stable and does not show the key; without keys everybody is the same."""
    assert principal_of("k") == "p8254c329a92850f6"
    assert Principals(["k"]).authenticate(["Bearer k"]) == principal_of("k")
    assert Principals([]).authenticate([]) == PUBLIC
