"""The laws of search on the reference: exact, deterministic, strongly consistent, bounded to the scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

UNRELATED = [f"note {number} about {topic}" for number in range(20) for topic in
             ("gardening", "tax forms", "jazz piano", "bicycle repair", "soup recipes")]  # fmt: skip


def add(client: httpx.Client, scope: dict[str, str], *texts: str) -> list[str]:
    """Add memories in this order and return their ids."""
    return [client.post("/v1/memories", json={"content": each, "scope": scope}).json()["id"] for each in texts]


def search(client: httpx.Client, scope: dict[str, str], query: str, **options: Any) -> list[dict[str, Any]]:
    """Return the results of one search."""
    answer = client.post("/v1/search", json={"query": query, "scope": scope, **options})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def ranking(results: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """Return contents and scores."""
    return [(each["memory"]["content"], each["score"]) for each in results]


@pytest.fixture(scope="module")
def notes(server: Any) -> dict[str, str]:
    """Return a scope that holds a hundred unrelated memories; tests add none to it."""
    scope = {"user_id": "notes"}
    with server.client("alice-key") as client:
        add(client, scope, *UNRELATED)
    return scope


def test_results_are_ordered_bounded_and_prefixes(alice: httpx.Client, notes: dict[str, str]) -> None:
    """SEARCH-01 to 04: falling scores in [0, 1], no id twice, and the first k are the first of more."""
    everything = search(alice, notes, "repairing a bike", top_k=200)
    scores = [each["score"] for each in everything]
    assert len(everything) == len({each["memory"]["id"] for each in everything}) == 100
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for top_k in (1, 2, 10, 50, 99):
        assert search(alice, notes, "repairing a bike", top_k=top_k) == everything[:top_k]
    assert search(alice, notes, "repairing a bike") == everything[:10]
    assert "bicycle repair" in everything[0]["memory"]["content"]


def test_min_score_is_inclusive(alice: httpx.Client, notes: dict[str, str]) -> None:
    """SEARCH-05: exactly the results with at least that score, also where it is one of them, and for odd bounds."""
    everything = search(alice, notes, "piano lessons", top_k=200)
    scores = sorted({each["score"] for each in everything}, reverse=True)
    assert len(scores) > 3
    bounds = [*scores[:4], (scores[0] + scores[1]) / 2, 0, 1, -1, 2, 10**300, -1e308]
    for bound in bounds:
        expected = [each for each in everything if each["score"] >= bound]
        assert search(alice, notes, "piano lessons", top_k=200, min_score=bound) == expected


def test_the_same_search_gives_the_same(alice: httpx.Client, notes: dict[str, str]) -> None:
    """SEARCH-06: a quiet store answers alike, bit for bit."""
    assert len({str(search(alice, notes, "vegetable soup", top_k=200)) for _ in range(5)}) == 1


OWN_TEXTS = ["I use pnpm, never npm", "🙂🙂🙂", "记忆服务器", "שלום עולם", "a\x00b", "\x00", " ", "\u200b", "AND",
             "the the the", "\U0010ffff"]  # fmt: skip


@pytest.mark.parametrize("text", OWN_TEXTS)
def test_its_own_text_comes_first_with_one(alice: httpx.Client, user: dict[str, str], text: str) -> None:
    """SEARCH-07: equal text scores 1.0 and is first among others, whatever the script, also without any word."""
    add(alice, user, "something else", text, text + " and more", text + text)
    results = search(alice, user, text)
    assert ranking(results)[0] == (text, 1.0)
    assert [score for _, score in ranking(results)].count(1.0) == 1


def test_search_obeys_the_scope(alice: httpx.Client, user: dict[str, str]) -> None:
    """SEARCH-08: memories of other scopes are not ranked, those with more members are."""
    add(alice, user | {"agent_id": "a"}, "my cat is called Tom")
    add(alice, {"agent_id": user["user_id"]}, "my cat is called Tom, too")
    assert ranking(search(alice, user, "what is my cat called?"))[0][0] == "my cat is called Tom"
    assert len(search(alice, user, "what is my cat called?")) == 1
    assert search(alice, user | {"agent_id": "b"}, "what is my cat called?") == []


def test_search_is_strong(server: Any, user: dict[str, str]) -> None:
    """SEARCH-09, -10: what was added is found, what was deleted is gone, by the next request on any connection."""
    with server.client("alice-key") as one, server.client("alice-key") as other:
        for number in range(20):
            (identifier,) = add(one, user, f"the number is {number}")
            assert search(other, user, f"the number is {number}")[0]["memory"]["id"] == identifier
            assert one.delete(f"/v1/memories/{identifier}").status_code == 204
            assert search(other, user, f"the number is {number}") == []


def test_results_carry_the_memory(alice: httpx.Client, user: dict[str, str]) -> None:
    """SEARCH-11: the memory of a result is what GET returns."""
    (identifier,) = add(alice, user, "tea, not coffee")
    assert search(alice, user, "tea")[0]["memory"] == alice.get(f"/v1/memories/{identifier}").json()


HOSTILE = ['"', "'", '"" OR ""', "NEAR(a b, 5)", "a AND", "NOT x", "terms : x", "selectors : s1", "s1", "^a*",
           "{a b} : c", "-a", "(", "%", "\\", "\x00", "\x00\x01", "🙂", "a" * 8192, "a " * 4096,
           "'; DROP TABLE words; --", "ﷺ" * 1000, "\u0301" * 500, "{}", "[[[["]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_are_text(alice: httpx.Client, notes: dict[str, str], query: str) -> None:
    """SEARCH-12: no query is ever a language; nothing but the scope's memories comes back."""
    results = search(alice, notes, query, top_k=200)
    assert len(results) == 100
    assert {each["memory"]["scope"]["user_id"] for each in results} == {"notes"}


def test_other_scopes_change_nothing(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """SEARCH-13: neither order nor scores depend on what other scopes or principals hold."""
    add(alice, user, *UNRELATED[:20])
    before = ranking(search(alice, user, "tax forms for 3", top_k=200))
    add(alice, {"user_id": user["user_id"] + "2"}, *UNRELATED[:30], "tax forms for 3")
    add(bob, user, *UNRELATED[:30], "tax forms for 3")
    assert ranking(search(alice, user, "tax forms for 3", top_k=200)) == before


def test_the_order_of_adding_changes_nothing(alice: httpx.Client, user: dict[str, str]) -> None:
    """SEARCH-14: the same memories added backwards get the same scores, also with deleted ones in between."""
    backwards = {"user_id": user["user_id"] + "/b"}
    add(alice, user, *UNRELATED[:25])
    for text in reversed(UNRELATED[:25]):
        (passing,) = add(alice, backwards, "soup soup soup")
        add(alice, backwards, text)
        alice.delete(f"/v1/memories/{passing}")
    forwards = ranking(search(alice, user, "a soup recipe", top_k=200))
    assert sorted(forwards) == sorted(ranking(search(alice, backwards, "a soup recipe", top_k=200)))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("When does my plane depart?", "My flight to Tokyo leaves on 12 May at 07:40"),
        ("Which musical instrument am I studying?", "I am learning to play the cello"),
        ("Do I eat meat?", "I am vegetarian but I eat fish now and then"),
        ("Where do I store my logins?", "My password manager is Bitwarden"),
        ("Rufus", "Our dog Rufus hates thunderstorms"),
        ("数据库", "我们的数据库是 PostgreSQL"),
    ],
)
def test_paraphrases_and_names_are_found(alice: httpx.Client, user: dict[str, str], query: str, wanted: str) -> None:
    """Other words for the same thing find it among the first three, and so do names and other scripts."""
    add(
        alice,
        user,
        "My flight to Tokyo leaves on 12 May at 07:40",
        "I am learning to play the cello",
        "I am vegetarian but I eat fish now and then",
        "My password manager is Bitwarden",
        "Our dog Rufus hates thunderstorms",
        "我们的数据库是 PostgreSQL",
        "The kitchen renovation will cost 14,000 euros",
        "I speak Spanish and a little Portuguese",
        "My car is a blue Volkswagen Golf from 2015",
        "We deploy on Fridays only after the release manager agrees",
    )
    assert wanted in [content for content, _ in ranking(search(alice, user, query, top_k=3))]
