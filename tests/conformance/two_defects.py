"""The reference server with two seeded defects at once: `python two_defects.py ONE OTHER WORDS…`, words of `serve`."""

from __future__ import annotations

import sys
from typing import Any

from memconform.cli import main
from memconform_server import defects
from memconform_server.seam import Bend, bent

ONE, OTHER, *WORDS = sys.argv[1:]


def apply(name: str, store: Any, settings: Any) -> Any:
    """Return the reference app with the defect and the other one."""
    known = defects.defects()
    both: type[Bend] = type("Both", (known[name].bend, known[OTHER].bend), {})
    return bent(both, store, settings)


defects.apply = apply
main(["serve", "--defect", ONE, *WORDS], prog_name="memconform")
