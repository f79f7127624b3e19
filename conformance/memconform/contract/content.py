"""Where the contract's files lie: inside an installed wheel, or at the root of a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def content_root() -> Path:
    """Return the folder that holds `schemas/`, `conformance/suite/` and `fixtures/data/`.

    A wheel carries them in `memconform/_content`; a checkout (editable install) has them at its root. Raises
    `FileNotFoundError` when neither is there, which means that the installation is damaged.
    """
    for root in (PACKAGE / "_content", PACKAGE.parent.parent):
        if (root / "schemas").is_dir():
            return root
    raise FileNotFoundError(
        "This installation of memconform is incomplete: its folder `schemas` is missing. Install memconform again."
    )
