"""Runs a program with another copy of the contract: `python bent_contract.py ROOT memconform|pytest WORDS…`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from memconform.contract import content

ROOT, PROGRAM, WORDS = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]

content.PACKAGE = ROOT
content.content_root.cache_clear()

from memconform.cli import main  # noqa: E402 - what it imports shall find the copy
from memconform.running import exit_code  # noqa: E402 - likewise


def here(words: list[str]) -> int:
    """Run the suite in this process, where the contract is bent."""
    return exit_code(int(pytest.main(words)))


if PROGRAM == "pytest":
    sys.exit(pytest.main(WORDS))
main(WORDS, obj=here, prog_name="memconform")
