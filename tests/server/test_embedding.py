"""The store's own pooling gives wordllama's vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wordllama

from memconform_server.stores.reference.index.embedding import DIMENSIONS, SCALE, STORED, embed

TEXTS = (
    *(
        "",
        " ",
        "a",
        "I use pnpm, never npm",
        "Größe, naïve, 🎉",
        "日本語のテスト",
        "x\x00y",
        "<s> [PAD] </s>",
        "\u202eabc",
    ),
    *(" ".join(f"word{number}" for number in range(count)) for count in (2, 17, 900)),
)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_vectors_are_those_of_wordllama(text: str) -> None:
    """What a file holds already and what is embedded now are the same to the last bit."""
    library = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    vector = library.embed(text)[0][:DIMENSIONS].astype(np.float64)
    length = float(np.sqrt(np.sum(vector * vector)))
    expected = np.rint(vector * (SCALE / length)) if length else np.zeros(DIMENSIONS)
    assert embed(text) == expected.astype(STORED).tobytes()
    assert bool(length) == bool(text)
