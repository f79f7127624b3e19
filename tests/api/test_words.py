"""Messages of the command line, in the words of a function."""

from __future__ import annotations

import pytest

from memconform.api.words import as_arguments


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("--timeout is 0; expected a number above 0", "timeout is 0; expected a number above 0"),
        ("needs --restart-command, which kills", "needs restart_command, which kills"),
        ("Name it with --ca FILE; --insecure trusts", "Name it with ca_file; insecure=True trusts"),
        ("refuses the API key in $MEMCONFORM_SECOND_API_KEY (401).", "refuses the API key (401)."),
        ("'memconform baseline update R --baseline f' helps", "'memconform baseline update R --baseline f' helps"),
        ("http://my--server.example/a--b is not ready", "http://my--server.example/a--b is not ready"),
    ],
)  # fmt: skip
def test_options_become_arguments(said: str, told: str) -> None:
    """Options and variables are translated; addresses, and commands to type, stay as they are."""
    assert as_arguments(said) == told
