"""How well search finds what answers a question: measured, never judged."""

from __future__ import annotations

from statistics import fmean

from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.measures import Measures
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.retrieval import labelled_memories, questions, recall, reciprocal_rank
from memconform.scene.search_scene import SearchScene, fits
from memconform.verdict import NotApplicable


@requirement("SEARCH-07", requests=(0, 0, 210))
def test_questions_find_their_answers(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget, measures: Measures
) -> None:
    """Recall@5 and MRR on a labelled set of paraphrases in eight languages: a report, whatever the figures are."""
    if budget.size != "full":
        raise NotApplicable("the labelled set needs the full budget")
    texts, asked = labelled_memories(), questions()
    if not all(fits(capabilities, text) for text in [*texts.values(), *(each.text for each in asked)]):
        raise NotApplicable("limits.content_bytes or limits.query_bytes is too small for the labelled set")
    scene = SearchScene(memory, capabilities, scope)
    labels = dict(zip((record["id"] for record in scene.stock(texts.values())), texts, strict=True))
    recalls: dict[str, list[float]] = {}
    ranks = []
    for question in asked:
        found = [labels.get(each.id, "") for each in scene.rank(question.text, top_k=min(10, scene.widest))]
        recalls.setdefault(question.language, []).append(recall(found, question.answers))
        ranks.append(reciprocal_rank(found, question.answers))
    note = " (mode keyword: paraphrases share few words)" if capabilities.search_mode == "keyword" else ""
    measures.state(f"recall@5{note}", _rounded([each for some in recalls.values() for each in some]), "share")
    measures.state(f"MRR{note}", _rounded(ranks), "share")
    for language, some in recalls.items():
        measures.state(f"recall@5, {language}{note}", _rounded(some), "share")


def _rounded(figures: list[float]) -> float:
    return round(fmean(figures), 4)
