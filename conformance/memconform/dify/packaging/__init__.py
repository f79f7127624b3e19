"""Packages of Dify plugins: made, verified, signed and unpacked, by the rules of Dify's daemon and marketplace."""

from __future__ import annotations

from memconform.dify.packaging.failures import (
    KeyUnusable,
    NotAPlugin,
    PackageRefused,
    PackagingFailed,
    SigningUnavailable,
    UnsafePackage,
)
from memconform.dify.packaging.packing import Package, package
from memconform.dify.packaging.problem import Audience, Authority, Level, Problem, errors
from memconform.dify.packaging.unpacking import unpacked
from memconform.dify.packaging.verifying import Verified, verified, verify

__all__ = [
    "Audience",
    "Authority",
    "KeyUnusable",
    "Level",
    "NotAPlugin",
    "Package",
    "PackageRefused",
    "PackagingFailed",
    "Problem",
    "SigningUnavailable",
    "UnsafePackage",
    "Verified",
    "errors",
    "package",
    "unpacked",
    "verified",
    "verify",
]
