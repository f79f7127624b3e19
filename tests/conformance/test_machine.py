"""The model-based machine: sequences by seed, parts made short, scripts that bash reads as meant."""

from __future__ import annotations

import subprocess

import pytest

from memconform.answer import Answer
from memconform.contract import requirements
from memconform.exchange import Exchange, Received, Sent, quote
from memconform.machine import Divergence, Step, sequences
from memconform.machine.divergence import must_answer, must_be_record
from memconform.machine.player import PROMISES
from memconform.machine.run import VERBS
from memconform.machine.script import script_of, unquoted
from memconform.machine.shrinking import shortest
from memconform.machine.step import READING, Sequence
from memconform.scene.world_memory import Expected

ALL = frozenset(row.profile for row in requirements().values())


def test_a_seed_gives_its_sequences_again() -> None:
    """The same seed gives the same sequences, another one others; a smaller number is their beginning."""
    once = sequences(ALL, 2, seed=5, count=20)
    assert sequences(ALL, 2, seed=5, count=20) == once
    assert sequences(ALL, 2, seed=5, count=7) == once[:7]
    assert sequences(ALL, 2, seed=6, count=20) != once
    assert len(set(once)) == 20


def test_sequences_keep_to_the_profiles() -> None:
    """Every verb comes up where all profiles are declared; where only core is, nothing else is sent."""
    assert {step.verb for steps in sequences(ALL, 2, seed=0, count=60) for step in steps} == set(VERBS)
    core = {step.verb for steps in sequences({"core"}, 1, seed=0, count=20) for step in steps}
    assert core == {"add", "get", "list", "delete"}
    assert {step.who for steps in sequences(ALL, 1, seed=0, count=20) for step in steps} == {0}
    assert set(VERBS) >= READING


def test_promises_exist() -> None:
    """What a divergence may be held against is a requirement."""
    assert set(PROMISES.values()) <= set(requirements())


def test_a_sequence_becomes_as_short_as_it_can() -> None:
    """What has nothing to do with the failure is left out, and what stays is plain."""
    steps = sequences(ALL, 2, seed=1, count=1)[0]
    tail = (Step("patch", 1, 2, 3, 4), *steps, Step("delete", 0, 1, 2, 3), *steps)

    def fails(part: Sequence) -> bool:
        verbs = [step.verb for step in part]
        return "patch" in verbs and "delete" in verbs[verbs.index("patch") :]

    assert shortest(tail, fails, lambda: True) == (Step("patch"), Step("delete"))


def test_making_short_is_bounded_and_tries_nothing_twice() -> None:
    """When no more tries are allowed the shortest part so far is returned; it fails, too."""
    steps = tuple(Step("add", which=number % 4, flavour=number % 6) for number in range(40))
    tried: list[Sequence] = []

    def fails(part: Sequence) -> bool:
        tried.append(part)
        return sum(step.flavour for step in part) > 30

    short = shortest(steps, fails, lambda: len(tried) < 12)
    assert len(tried) == len(set(tried)) == 12
    assert len(short) < len(steps)
    assert sum(step.flavour for step in short) > 30


TEXTS = (
    *("zq0zq", "a zq0zq b", "it's zq0zq", "line\nzq0zq's\\", "zq0zqzq1zq", "'zq1zq'\x01", "\\zq0zq"),
    'say "zq0zq" $HOME `id`',
)


@pytest.mark.parametrize("text", TEXTS)
def test_variables_stand_outside_of_quotes(text: str) -> None:
    """Bash puts the values in place of the marks, and reads everything else as it was written."""
    values = {"one": 'it\'s "$HOME"\n*', "two": "\\'$(id)"}
    command = unquoted(f"printf %s {quote(text)}", list(values))
    said = subprocess.run(["bash", "-c", command], env=values, capture_output=True, check=True).stdout.decode()
    assert said == text.replace("zq0zq", values["one"]).replace("zq1zq", values["two"])


def exchange(method: str, path: str, status: int, body: bytes = b"", answer: bytes = b"", tag: str = "") -> Exchange:
    """Return an exchange with some server."""
    headers = (("ETag", tag),) if tag else ()
    sent = Sent(method, f"http://127.0.0.1:1{path}", (("If-Match", '"abcd"'),) if method == "PATCH" else (), body)
    return Exchange(sent, Received(status, headers, answer), 0.1, 0.0)


def test_what_a_server_chose_becomes_a_variable() -> None:
    """Ids and tags of earlier answers, scopes and the address are variables; an export comes back from a file."""
    found = Divergence("CORE-14", "one", "two")
    file = b'{"type":"manifest"}\n{"id":"i-1"}\n'
    found.trace = (
        exchange("POST", "/v1/memories", 201, b'{"scope":{"user_id":"mcf-x_1_0"}}', b'{"id":"i-1"}', '"abcd"'),
        exchange("PATCH", "/v1/memories/i-1", 200, b'{"content":"i-1"}'),
        exchange("GET", "/v1/export?user_id=mcf-x_1_0", 200, answer=file),
        exchange("POST", "/v1/import?on_conflict=skip", 200, file),
        exchange("GET", "/v1/operations/o-1", 200, answer=b'{"id":"o-1"}'),
        exchange("GET", "/v1/operations/o-1", 200, answer=b'{"id":"o-1"}'),
    )
    script = script_of(found, "http://127.0.0.1:1", "mcf-x_1_")
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=True).returncode == 0
    lines = script.split("tag() ")[1].splitlines()
    assert not [line for line in lines if "mcf-x" in line or "127.0.0.1" in line or "/i-1" in line]
    assert "id1_0=$(pick id)" in lines
    assert "tag1=$(tag)" in lines
    patch = next(line for line in lines if "PATCH" in line)
    assert '"${base}"/v1/memories/"${id1_0}"' in patch
    assert 'If-Match: "\'"${tag1}"\'"' in patch
    assert '--data-binary @"$work/file3"' in script
    assert sum("/v1/operations/" in line for line in lines) == 1


def answer(status: int, body: bytes = b"{}") -> Answer:
    """Return an answer of some server."""
    told = exchange("GET", "/v1/memories", status, answer=body)
    assert told.received is not None
    return Answer(told, told.received)


def test_a_refusal_may_be_400_or_422() -> None:
    """Where the oracle says 422 a 400 will do, and nothing else."""
    for status in (400, 422):
        must_answer(answer(status), Expected(422), "CORE-09", "it")
    for status in (200, 404, 500):
        with pytest.raises(Divergence) as found:
            must_answer(answer(status), Expected(422), "CORE-09", "it")
        assert found.value.requirement == "CORE-09"
        assert found.value.see


def test_empty_members_that_nobody_gave_are_no_difference() -> None:
    """A server may show `ext` as {} and `supersedes` as []; it may not lose what was given."""
    given = {"id": "1", "content": "x", "ext": {"a": {}}}
    must_be_record({"id": "1", "content": "x", "ext": {}, "supersedes": []}, {"id": "1", "content": "x"}, "CORE-05", "")
    with pytest.raises(Divergence, match="ext"):
        must_be_record({"id": "1", "content": "x", "ext": {}}, given, "CORE-05", "it")
