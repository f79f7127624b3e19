"""What can go wrong with a provider before it is judged.

ProviderFailed
├── Unfit        its definition is wrong, or something that it needs is not on this machine
└── NotStarted   its process ended, or was not ready in time
"""

from __future__ import annotations


class ProviderFailed(Exception):
    """The provider cannot be judged; the message says why, and what to do."""


class Unfit(ProviderFailed):
    """The definition cannot be used here."""


class NotStarted(ProviderFailed):
    """A process of the provider did not become ready; the message quotes what it said last."""
