"""The reference server as one of contract 1.1: `python later_server.py WORDS…`, the words of `memconform serve`."""

from __future__ import annotations

import sys

from memconform.cli import main
from memconform_server import capabilities

capabilities.CONTRACT = "1.1"
main(["serve", *sys.argv[1:]], prog_name="memconform")
