"""What can go wrong while a plugin is packaged, signed, verified or unpacked.

PackagingFailed
├── NotAPlugin          the path is neither a plugin's folder nor a package
├── UnsafePackage       unpacking would write outside the folder, through a link, or without end
├── PackageRefused      the folder breaks rules that a package must keep; carries the problems
├── KeyUnusable         the PEM file is not an RSA key that Dify's daemon could use
└── SigningUnavailable  the extra with `cryptography` is not installed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memconform.dify.packaging.problem import Problem


class PackagingFailed(Exception):
    """Something of this package failed; the message is one sentence for the user."""


class NotAPlugin(PackagingFailed):
    """The path is neither a plugin's folder nor a .difypkg."""


class UnsafePackage(PackagingFailed):
    """The package cannot be unpacked without harm."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class PackageRefused(PackagingFailed):
    """The folder breaks rules that a package must keep."""

    def __init__(self, message: str, problems: Sequence[Problem]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class KeyUnusable(PackagingFailed):
    """The PEM file is not a key for signing plugins."""


class SigningUnavailable(PackagingFailed):
    """The package `cryptography` is not installed."""
