"""Who talks and what is said: lengths, languages, uniqueness, markers, and that a seed repeats it all."""

from __future__ import annotations

import itertools
import json
import random
import statistics
from collections import Counter
from pathlib import Path

import pytest

from memconform_load.workload import (
    Marker,
    Population,
    TextMaker,
    marker_in,
    model_wait,
    number_of,
    tells_a_fact,
    think_time,
    turns,
)
from memconform_load.workload.material import LONGEST, material

MANY = 20_000


def quantile(values: list[float], share: float) -> float:
    """Return a quantile of a sample."""
    return sorted(values)[int(share * len(values))]


def lengths(texts: list[str]) -> list[float]:
    """Return how many characters each text has."""
    return [float(len(text)) for text in texts]


def test_messages_and_facts_are_as_long_as_in_real_conversations() -> None:
    """Lengths follow a lognormal distribution with μ 4.656 and σ 0.599: median 105 and p95 282 characters."""
    maker, chance = TextMaker(3), random.Random(3)
    for texts in (
        [maker.message(chance) for _ in range(MANY)],
        [maker.fact(chance, number % 300) for number in range(MANY)],
    ):
        assert quantile(lengths(texts), 0.5) == pytest.approx(105, abs=4)
        assert quantile(lengths(texts), 0.95) == pytest.approx(282, abs=9)


def test_questions_are_as_long_as_in_real_conversations() -> None:
    """Median 55 and p95 86 characters, whether a question is about a fact or not, with its marker or without."""
    maker, chance = TextMaker(3), random.Random(3)
    facts = [fact for fact in (maker.fact(chance, number) for number in range(MANY)) if len(fact) > 100]
    for questions in (
        [maker.question(chance) for _ in range(MANY)],
        [maker.question(chance, about=fact) for fact in facts],
        [maker.question(chance, about=fact, marked=False) for fact in facts],
    ):
        assert quantile(lengths(questions), 0.5) == pytest.approx(55, abs=4)
        assert quantile(lengths(questions), 0.95) == pytest.approx(86, abs=5)


def test_facts_are_unique_and_tell_whose_they_are() -> None:
    """Of 100,000 facts of 500 people no two are equal, and each one's marker names its person and its number."""
    maker, chance = TextMaker(1), random.Random(1)
    told: Counter[int] = Counter()
    seen: set[str] = set()
    for number in range(100_000):
        person = number * 7919 % 500
        fact = maker.fact(chance, person)
        seen.add(fact)
        assert marker_in(fact) == Marker(person, told[person])
        told[person] += 1
    assert len(seen) == 100_000


def test_questions_share_words_with_their_fact() -> None:
    """A question about a fact has its marker, or, without it, a run of its characters that no chance explains."""
    maker, chance = TextMaker(5), random.Random(5)
    for person in range(2_000):
        fact = maker.fact(chance, person)
        marker = marker_in(fact)
        assert marker is not None
        assert marker_in(maker.question(chance, about=fact)) == marker
        unmarked = maker.question(chance, about=fact, marked=False)
        assert marker_in(unmarked) is None
        shared = max(
            (n for n in range(6, 40) for at in range(len(unmarked) - n) if unmarked[at : at + n] in fact), default=0
        )
        assert shared >= 6, (fact, unmarked)


def test_question_about_a_text_without_marker_quotes_it() -> None:
    """A text of somebody else's making can be asked about, too."""
    text = "The boat lies in the harbour until the storm is over"
    assert "The boat lies" in TextMaker(1).question(random.Random(1), about=text)


def test_same_seed_says_the_same() -> None:
    """Texts depend on the maker's seed and the chance that comes in, and on nothing else."""

    def said(seed: int) -> list[str]:
        maker, chance = TextMaker(seed), random.Random(9)
        facts = [maker.fact(chance, person % 50) for person in range(200)]
        return [*facts, *(maker.question(chance, about=fact) for fact in facts), maker.message(chance)]

    assert said(4) == said(4)
    assert said(4) != said(5)


def test_people_keep_to_a_language_and_together_speak_all() -> None:
    """Each of eleven languages is heard, English most; a person's texts are in one of them."""
    maker, chance = TextMaker(2), random.Random(2)
    frames = {one["language"]: one["frames"] for one in material()["languages"]}

    def language(fact: str) -> str:
        marker = marker_in(fact)
        assert marker is not None
        openings = {frame.replace("{}", marker.word): name for name, several in frames.items() for frame in several}
        return str(max((opening, name) for opening, name in openings.items() if fact.startswith(opening))[1])

    spoken = Counter(language(maker.fact(chance, person)) for person in range(3_000))
    assert set(spoken) == set(frames)
    assert spoken.most_common(1)[0][0] == "en"
    assert all(len({language(maker.fact(chance, person)) for _ in range(5)}) == 1 for person in range(100))


def test_no_text_is_longer_than_asked() -> None:
    """A server that takes little is given little, and nothing is longer than the longest."""
    maker, chance = TextMaker(2, longest=120), random.Random(2)
    texts = [maker.fact(chance, 1) for _ in range(2_000)] + [maker.message(chance) for _ in range(2_000)]
    assert max(map(len, texts)) <= 120 + 30
    assert max(len(TextMaker(2).message(chance)) for _ in range(50)) <= LONGEST


def test_material_holds_no_marker() -> None:
    """Nothing in the data reads as a marker word, so a marker in an answer is one of a fact."""
    assert marker_in(json.dumps(material(), ensure_ascii=False)) is None


def test_material_is_well_formed() -> None:
    """Every sentence can be filled in, every frame and question has one place for the marker, between blanks."""
    for language in material()["languages"]:
        for text in [*language["frames"], *language["asks"]]:
            before, marker, after = text.partition("{}")
            assert marker, text
            assert "{}" not in after, text
            assert not before or before.endswith(" "), text
            assert after.startswith((" ", ":")), text
        for sentence in itertools.chain(*language["topics"].values()):
            assert sentence.format(name="", place="", day="", number=1) != "", sentence


def test_markers_survive_any_surrounding() -> None:
    """A marker is read back from a text, and a word that only looks like one, or a changed one, is none."""
    for person, sequence in itertools.product((0, 1, 63, 64, 4095, 4096, 10**6), (0, 1, 63, 64, 10_000, 10**7)):
        marker = Marker(person, sequence)
        assert marker_in(f"é {marker.word}。 xba") == marker
        assert marker_in(f"a{marker.word}") is None
        assert marker_in(f"{marker.word}n") is None
    assert marker_in("xbaxba xbabaxba expand xylophone") is None


def test_zipf_gives_few_people_much() -> None:
    """Person k comes with a share of 1 / (k + 1) ** 0.99; the shares sum to 1."""
    people, chance = Population(1_000, run_id="ab12"), random.Random(6)
    picked = Counter(people.pick(chance) for _ in range(200_000))
    for person in (0, 1, 9, 99):
        assert picked[person] / 200_000 == pytest.approx(people.weight(person), rel=0.15)
    assert people.weight(0) / people.weight(9) == pytest.approx(10**0.99)
    assert sum(people.weight(person) for person in range(1_000)) == pytest.approx(1)
    assert max(picked) < 1_000
    level = Population(10, theta=0.0)
    assert level.weight(0) == pytest.approx(0.1)


def test_scope_values_carry_the_run() -> None:
    """A `user_id` is recognised by the cleanup as this run's, and its number can be read back."""
    from memconform.cleanup import _MARK

    people = Population(100, run_id="ab12")
    assert people.person(31) == "mcf-ab12_p1f"
    assert _MARK.findall(people.person(31)) == ["mcf-ab12"]
    assert number_of(people.person(31)) == 31
    assert number_of("somebody") is None
    assert Population(5, run_id="mcf-ab12").person(0) == "mcf-ab12_p0"


def test_population_needs_people() -> None:
    """Nobody, or a skew that would favour the last, is an error that says so."""
    with pytest.raises(ValueError, match="0 people"):
        Population(0)
    with pytest.raises(ValueError, match="theta -1"):
        Population(3, -1)


def test_people_and_models_take_their_time() -> None:
    """Think time has a median of 20 s and σ 0.8, a model's answer a median of 3 s, a session 20 turns and 31 at p90."""
    chance = random.Random(8)
    thought = [think_time(chance) for _ in range(MANY)]
    assert statistics.median(thought) == pytest.approx(20, rel=0.04)
    assert quantile(thought, 0.95) / quantile(thought, 0.5) == pytest.approx(3.73, rel=0.08)
    assert statistics.median(model_wait(chance) for _ in range(MANY)) == pytest.approx(3, rel=0.04)
    lasted = [float(turns(chance)) for _ in range(MANY)]
    assert statistics.median(lasted) == pytest.approx(20, abs=1)
    assert quantile(lasted, 0.9) == pytest.approx(31, abs=2)
    assert sum(tells_a_fact(chance) for _ in range(MANY)) / MANY == pytest.approx(0.43, abs=0.02)


def test_data_file_is_in_the_tree() -> None:
    """The texts come from `fixtures/data/load_topics.json`."""
    root = Path(__file__).resolve().parents[2]
    assert json.loads((root / "fixtures/data/load_topics.json").read_text(encoding="utf-8")) == material()
