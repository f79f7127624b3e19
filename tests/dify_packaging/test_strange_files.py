"""Whatever a file holds, `verify` answers with problems or with one of its own exceptions, and soon."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memconform.dify.packaging import PackagingFailed, verify
from memconform.dify.packaging.packing import zipped

from .good_plugin import GOOD, written

FILES = sorted(GOOD)
DECLARATIONS = [path for path in FILES if path.endswith(".yaml")]
SLOW_IS_FINE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def judge(data: bytes) -> None:
    """Verify a package of these bytes; only the declared exceptions may come out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.difypkg"
        path.write_bytes(data)
        with contextlib.suppress(PackagingFailed):
            assert all(each.where and each.rule and each.message and each.advice for each in verify(path))


def with_file(path: str, content: bytes) -> bytes:
    """Return the good plugin as a package with one other file."""
    return zipped({**{name: text.encode() for name, text in GOOD.items()}, path: content})


@SLOW_IS_FINE
@given(data=st.binary(max_size=2000))
def test_random_bytes_are_no_package(data: bytes) -> None:
    """Random bytes are no plugin."""
    judge(data)


@SLOW_IS_FINE
@given(position=st.integers(0, 10_000), patch=st.binary(min_size=1, max_size=40))
def test_a_patched_package_is_judged(position: int, patch: bytes) -> None:
    """A package with a few bytes overwritten anywhere is judged or refused."""
    data = bytearray(with_file("a.txt", b"x"))
    start = position % len(data)
    data[start : start + len(patch)] = patch
    judge(bytes(data))


@SLOW_IS_FINE
@given(path=st.sampled_from(FILES), content=st.binary(max_size=300))
def test_random_content_of_any_file_is_judged(path: str, content: bytes) -> None:
    """Any file of a plugin may hold any bytes."""
    judge(with_file(path, content))


@SLOW_IS_FINE
@given(path=st.sampled_from(DECLARATIONS), text=st.text(alphabet=" \n\t:-[]{}&*!|>'\"%@`#?,~<a1.é\u2028", max_size=200))
def test_random_yaml_is_judged(path: str, text: str) -> None:
    """Any text that looks like YAML, and any that does not, is judged."""
    judge(with_file(path, text.encode()))


@SLOW_IS_FINE
@given(path=st.sampled_from(DECLARATIONS), value=values, data=st.data())
def test_random_values_anywhere_in_a_declaration_are_judged(path: str, value: object, data: st.DataObject) -> None:
    """Any value in the place of any other is judged."""
    document = yaml.safe_load(GOOD[path])
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = value
    judge(with_file(path, yaml.safe_dump(document, allow_unicode=True).encode()))


@SLOW_IS_FINE
@given(names=st.lists(st.text(min_size=1, max_size=20).filter(lambda name: name[0] != "\0"), max_size=6))
def test_random_names_of_entries_are_judged(names: list[str]) -> None:
    """Entries may have any name that `zipfile` can write, which cuts names at NUL."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of equal names
        for name in [*GOOD, *names]:
            archive.writestr(name.encode("utf-8", "replace").decode(), GOOD.get(name, ""))
    judge(buffer.getvalue())


BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + index)}: &{chr(98 + index)} [{','.join([f'*{chr(97 + index)}'] * 9)}]\n" for index in range(20)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BILLION, "aliases that stand for"),
        ("[" * 50_000, "nested deeper"),
        ("- " * 50_000, "nested deeper"),
        ("a: " + "{a: " * 5_000, "nested deeper"),
        ("a: &x [*x]", "an alias of the very value"),
        ("a: &x\n  <<: *x\n", "an alias of the very value"),
        ("a: *nothing", "no anchor"),
        ("? [a, b]\n: c", "not a scalar"),
        ("a: b\0", ""),
        ("a: 1\n" * 300_000, "are read at most"),
        ("a: !!python/object/apply:os.system [ls]", ""),
        ("", "an empty file"),
        ("- a\n- b", "a list"),
        ("just words", "text"),
        ("%YAML 9.9\n---\na: b", ""),
    ],
)
def test_hostile_yaml_is_one_problem(text: str, why: str, tmp_path: Path) -> None:
    """Bombs, depth, loops and code in a manifest are problems with a line, never more."""
    problems = [
        each for each in verify(written(tmp_path, {"manifest.yaml": text})) if each.where.startswith("manifest")
    ]
    assert problems
    assert any(why in each.seen for each in problems), problems


@pytest.mark.parametrize(
    "source", ["(" * 100_000, "x = " + "-" * 50_000 + "1", "\0", "a = '\\N{x}'", "def f():\n" + " " * 5000 + "x("]
)
def test_hostile_python_is_one_problem(source: str, tmp_path: Path) -> None:
    """A Python file that no parser can take is a problem of that file, never more."""
    problems = verify(written(tmp_path, {"tools/base.py": source}))
    assert [each.where.split(":")[0] for each in problems] == ["tools/base.py"]


def test_many_folders_end(tmp_path: Path) -> None:
    """A folder with a link to itself and very deep paths ends."""
    folder = written(tmp_path)
    deep = folder / "/".join(["d"] * 200)
    deep.mkdir(parents=True)
    (folder / "again").symlink_to(folder)
    assert [each.rule for each in verify(folder)] == ["link-to-folder"]
