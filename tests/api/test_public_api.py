"""The public API as a promise: names, signatures and fields are those of a committed file; each name explains itself.

After a change that is meant: `MEMCONFORM_WRITE_API=1 python -m pytest tests/api/test_public_api.py`, and look at the
difference of public_api.txt; docs/reference/versioning.md says what it means for the next version.
"""

from __future__ import annotations

import dataclasses
import doctest
import enum
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import memconform
import memconform_load
from memconform.api.evidence import Headers
from memconform.api.judged import Form
from memconform.budget import Size
from memconform.contract import Badge, Level
from memconform_load.embedded import Verdict

SNAPSHOT = Path(__file__).with_name("public_api.txt")
ALIASES = {"Badge": Badge, "Form": Form, "Headers": Headers, "Level": Level, "Size": Size, "Verdict": Verdict}
"""Names for types that signatures and fields have."""
NAMES = [name for name in memconform.__all__ if name != "__version__"]
OF_LOAD = memconform_load.__all__


def public(name: str) -> Any:
    """Return what a public name stands for."""
    return getattr(memconform_load if name in OF_LOAD else memconform, name)


def described(name: str) -> Iterator[str]:
    """Yield what callers of a public name rely on."""
    value = public(name)
    if not inspect.isclass(value):
        yield f"def {name}{inspect.signature(value)}"
        return
    bases = [base.__name__ for base in (Exception, enum.StrEnum) if issubclass(value, base)]
    yield f"class {name}({', '.join(bases)})"
    if issubclass(value, enum.Enum):
        yield from (f"    {member.name} = {member.value!r}" for member in value)
        return
    if dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            default = "" if each.default is dataclasses.MISSING else f" = {each.default!r}"
            yield f"    {each.name}: {each.type}{default}{' (by name)' if each.kw_only else ''}"
    elif issubclass(value, Exception) and "__init__" in vars(value):
        yield f"    def __init__{inspect.signature(value.__init__)}"
    for member, held in sorted(inspect.getmembers(value)):
        if member.startswith("_") or member in getattr(value, "__dataclass_fields__", {}):
            continue
        if isinstance(held, property) and held.fget is not None:
            yield f"    property {member}: {held.fget.__annotations__['return']}"
        elif callable(held) and getattr(held, "__module__", "").startswith("memconform"):
            yield f"    def {member}{inspect.signature(held)}"


def test_the_public_api_is_what_was_promised() -> None:
    """A name, an argument, a default, a field: whatever changes here changes for everybody."""
    aliases = [f"type {name} = {alias}".replace("typing.", "") for name, alias in ALIASES.items()]
    now = "\n".join([*(line for name in (*NAMES, *OF_LOAD) for line in (*described(name), "")), *aliases, ""])
    if os.environ.get("MEMCONFORM_WRITE_API"):
        SNAPSHOT.write_text(now, encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8")


def test_every_public_name_is_there_and_no_other() -> None:
    """`dir`, `__all__` and the lazy imports agree; another name is an `AttributeError`, as of any module."""
    assert sorted(memconform.__all__) == memconform.__all__
    assert set(memconform.__all__) <= set(dir(memconform))
    assert all(getattr(memconform, name) is not None for name in memconform.__all__)
    with pytest.raises(AttributeError, match="no attribute 'check_sever'"):
        _ = memconform.check_sever  # type: ignore[attr-defined]  # that is the point


def test_importing_it_costs_next_to_nothing() -> None:
    """Nothing is imported before it is used, and reading a result needs neither pytest nor the network's library."""
    code = "import sys, memconform\nprint(*sys.modules)\nmemconform.ConformanceResult\nprint(*sys.modules)"
    first, then = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {name for name in first.split() if name.startswith("memconform")} == {"memconform"}
    assert not {"pytest", "httpx", "click", "yaml", "subprocess"} & set(first.split())
    assert not {"pytest", "httpx", "hypothesis", "locust", "memconform_server"} & set(then.split())


def test_the_version_is_that_of_the_distribution() -> None:
    """`__version__` is what is in every result."""
    from memconform.environment import tool

    assert memconform.__version__ == tool()["version"]


@pytest.mark.parametrize("name", [*NAMES, *OF_LOAD])
def test_every_name_explains_itself_with_an_example_that_runs(name: str) -> None:
    """A docstring with an example, which says what it says; public methods and properties have docstrings, too."""
    value = public(name)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    example = parser.get_doctest(inspect.getdoc(value) or "", {}, name, None, None)
    assert example.examples
    told: list[str] = []
    runner.run(example, out=told.append)
    assert told == []
    for member, held in inspect.getmembers(value) if inspect.isclass(value) else ():
        if not member.startswith("_") and (isinstance(held, property) or inspect.isroutine(held)):
            assert inspect.getdoc(held), f"{name}.{member}"


@pytest.mark.parametrize("name", [name for name in (*NAMES, *OF_LOAD) if inspect.isfunction(public(name))])
def test_no_signature_hides_a_type(name: str) -> None:
    """Every argument of every function has a type, and what it returns too."""
    shown = inspect.signature(public(name))
    assert shown.return_annotation is not inspect.Signature.empty
    assert all(each.annotation is not inspect.Parameter.empty for each in shown.parameters.values())
