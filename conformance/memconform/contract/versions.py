"""Versions of the contract, `1.<minor>`: which one a server is judged against, and what came with which."""

from __future__ import annotations

import re
from functools import cache

from memconform.contract.content import content_root
from memconform.contract.yaml import load_yaml

FIRST = "1.0"
"""The first version of the contract."""

_VERSION = re.compile(r"1\.(0|[1-9][0-9]{0,5})", re.ASCII)


@cache
def newest() -> str:
    """Return the newest version of the contract that this suite tests."""
    return str(load_yaml(content_root() / "schemas/v1/requirements.yaml")["contract"])


def minor(contract: str) -> int:
    """Return the number behind `1.`; raise `ValueError` where it is no version of this contract."""
    found = _VERSION.fullmatch(contract)
    if found is None:
        raise ValueError(f"{contract!r} is no version of the contract; expected 1.<minor>, such as {newest()}")
    return int(found[1])


def came_with(since: str, contract: str) -> bool:
    """Return whether what came with one version of the contract is in another: a minor version only adds."""
    return minor(since) <= minor(contract)


def known(contract: str) -> str:
    """Return a version that this suite can judge against; raise `ValueError` where it is none, or a newer one."""
    if minor(contract) > minor(newest()):
        raise ValueError(f"{contract} is a newer version of the contract than this suite knows, which is {newest()}")
    return contract


def judged_against(declared: object) -> str:
    """Return the version that a server is judged against, of what its capability document says.

    That is the version it declares, but never a newer one than this suite knows; the first where it declares none, for
    such a server promises nothing more (and breaks CORE-02).
    """
    try:
        wanted = minor(str(declared))
    except ValueError:
        return FIRST
    return f"1.{min(wanted, minor(newest()))}"
