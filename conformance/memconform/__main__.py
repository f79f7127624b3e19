"""`python -m memconform` is the `memconform` command."""

from memconform.cli import main

main(prog_name="memconform")
