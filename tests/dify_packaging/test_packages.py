"""Packages: the same bytes each time, the checksum of Dify's daemon, and nothing in them that should stay out."""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from memconform.dify.packaging import NotAPlugin, PackageRefused, package, verify
from memconform.dify.packaging.checksum import checksum

from .good_plugin import GOOD, written

CHECKSUM_BY_DIFY = "5ebd7e5410b69d2b08f4f961ac78cd603b00fdd923b2910b7da502308190f0e0"
"""What the command line of Dify's own daemon prints for the good plugin: `dify plugin checksum`."""


def entries(data: bytes) -> list[zipfile.ZipInfo]:
    """Return the entries of a package."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.infolist()


def made_elsewhere(folder: Path, output: Path, umask: int, environment: Mapping[str, str]) -> bytes:
    """Package a folder in a process of its own, under another umask and other variables; return the bytes."""
    words = [sys.executable, "-m", "memconform", "plugin", "package", str(folder), "-o", str(output)]
    ended = subprocess.run(
        words, capture_output=True, text=True, timeout=120, umask=umask, env={**os.environ, **environment}
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return output.read_bytes()


def test_the_bytes_do_not_depend_on_time_order_mode_or_place(tmp_path: Path) -> None:
    """Two folders with the same files, in another order, at another time, with other modes, give one package."""
    first = written(tmp_path / "first" / "notes")
    second = tmp_path / "second" / "of-another-name"
    paths = list(GOOD)
    random.Random(7).shuffle(paths)
    for path in paths:
        target = second / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(GOOD[path], encoding="utf-8")
        target.chmod(0o600 if len(path) % 2 else 0o755)
        os.utime(target, (1_000_000_000, 1_000_000_000))
    one = made_elsewhere(first, tmp_path / "one.difypkg", 0o022, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1"})
    two = made_elsewhere(
        second, tmp_path / "two.difypkg", 0o077, {"TZ": "America/Sao_Paulo", "PYTHONHASHSEED": "2", "LC_ALL": "C"}
    )
    assert one == two == package(first).data


def test_the_bytes_are_the_same_on_every_machine(tmp_path: Path) -> None:
    """The package of the good plugin has one digest, whatever the versions of Python and zlib."""
    made = package(written(tmp_path))
    assert hashlib.sha256(made.data).hexdigest() == "79a862a9e573bf1cb61b27e04b022150b1ce4cdfa63d461e09589fac53a4592f"


def test_the_checksum_is_the_one_of_dify(tmp_path: Path) -> None:
    """Checksum and unique id are what Dify's daemon computes for the same files."""
    made = package(written(tmp_path))
    assert made.checksum == CHECKSUM_BY_DIFY
    assert made.unique_id == f"someone/notes:0.1.0@{CHECKSUM_BY_DIFY}"


def test_the_checksum_of_two_files_by_hand() -> None:
    """It is SHA-256 over sha256(path) + sha256(content), in the order of the paths' bytes."""
    parts = [b"a.txt", b"one", b"b/c.txt", b"two"]
    by_hand = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    assert checksum({"b/c.txt": b"two", "a.txt": b"one"}) == by_hand
    assert checksum({"é": b"", "z": b""}) == checksum({"z": b"", "é": b""})


def test_entries_are_sorted_stored_and_plain(tmp_path: Path) -> None:
    """Entries are files only, sorted, stored, of 1980, mode 0644, without extra fields."""
    found = entries(package(written(tmp_path)).data)
    assert [each.filename for each in found] == sorted(GOOD)
    for each in found:
        assert each.compress_type == zipfile.ZIP_STORED
        assert each.date_time == (1980, 1, 1, 0, 0, 0)
        assert each.external_attr >> 16 == 0o100644
        assert not each.extra


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.md\n", {"README.md", "PRIVACY.md", "docs/deep/a.md"}),
        ("/docs/\n", {"docs/deep/a.md", "docs/b.txt"}),
        ("docs/**/a.md\n", {"docs/deep/a.md"}),
        ("deep\n", {"docs/deep/a.md"}),
        ("# *.md\n\n  b.txt  \n", {"docs/b.txt"}),
        ("*.txt\n!docs/b.txt\n", {"requirements.txt"}),
        ("docs/*\n!docs/b.txt\n", {"docs/deep/a.md"}),
        ("b.[a-t]xt\n", {"docs/b.txt"}),
    ],
)
def test_difyignore_means_what_gitignore_means(pattern: str, left: set[str], tmp_path: Path) -> None:
    """Patterns are anchored, negated and nested as in .gitignore."""
    from memconform.dify.packaging.contents import read

    extra = {"docs/deep/a.md": "a", "docs/b.txt": "b"}
    folder = written(tmp_path, {**extra, ".difyignore": pattern})
    assert {*GOOD, *extra, ".difyignore"} - set(read(folder).files) == left


def test_gitignore_counts_where_there_is_no_difyignore(tmp_path: Path) -> None:
    """As Dify's packager does, .gitignore is read only where .difyignore is absent."""
    folder = written(tmp_path, {".gitignore": "notes.txt\n", "notes.txt": "x"})
    assert "notes.txt" not in [each.filename for each in entries(package(folder).data)]
    (folder / ".difyignore").write_text("nothing\n")
    assert "notes.txt" in [each.filename for each in entries(package(folder).data)]


def test_traces_of_development_stay_out(tmp_path: Path) -> None:
    """Caches, environments, repositories and earlier packages change nothing, even where no file ignores them."""
    clean = package(written(tmp_path)).data
    for path in (".git/config", "tools/__pycache__/add.pyc", ".venv/bin/python", "old.difypkg", ".DS_Store", "a.pyc"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    assert package(tmp_path).data == clean


@pytest.mark.parametrize("name", [".env", ".env.local", "private.pem", "id_rsa", "deep/down/server.key"])
def test_secrets_are_refused_until_they_are_ignored(name: str, tmp_path: Path) -> None:
    """A file that holds secrets stops the package with a sentence that names it; .difyignore lets it pass."""
    folder = written(tmp_path, {name: "SECRET=1\n"})
    with pytest.raises(PackageRefused) as refused:
        package(folder)
    assert [(each.rule, each.where) for each in refused.value.problems] == [("secret-file", name)]
    (folder / ".difyignore").write_text(f"{name}\n")
    assert name not in [each.filename for each in entries(package(folder).data)]


def test_an_example_of_secrets_is_no_secret(tmp_path: Path) -> None:
    """`.env.example` is packaged."""
    assert ".env.example" in [
        each.filename for each in entries(package(written(tmp_path, {".env.example": "A="})).data)
    ]


def test_links_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    """A link to a file outside, straight or through another link, stops the package."""
    outside = tmp_path / "outside.txt"
    outside.write_text("not yours")
    folder = written(tmp_path / "notes")
    (folder / "straight.txt").symlink_to(outside)
    (folder / "relative.txt").symlink_to("../outside.txt")
    (folder / "folder").symlink_to(tmp_path)
    with pytest.raises(PackageRefused) as refused:
        package(folder)
    assert {each.where for each in refused.value.problems} == {"straight.txt", "relative.txt", "folder"}
    assert {each.rule for each in refused.value.problems} == {"link-outside"}


def test_links_inside_are_packaged_as_files(tmp_path: Path) -> None:
    """A link to a file of the plugin becomes that file, as for Dify's packager; other links are refused."""
    folder = written(tmp_path)
    (folder / "COPY.md").symlink_to("README.md")
    with zipfile.ZipFile(io.BytesIO(package(folder).data)) as archive:
        assert archive.read("COPY.md").decode() == GOOD["README.md"]
    (folder / "loop").symlink_to("loop")
    (folder / "more_tools").symlink_to("tools")
    assert {(each.rule, each.where) for each in verify(folder)} == {
        ("link-broken", "loop"),
        ("link-to-folder", "more_tools"),
    }


def test_a_pipe_is_refused_and_not_read(tmp_path: Path) -> None:
    """A named pipe, which would block a reader for ever, is a problem and no more."""
    os.mkfifo(written(tmp_path) / "pipe")
    assert [(each.rule, each.where) for each in verify(tmp_path)] == [("not-a-file", "pipe")]


def test_what_the_daemon_refuses_is_not_packaged(tmp_path: Path) -> None:
    """A manifest with errors stops the package with all of them; the marketplace's own rules do not."""
    folder = written(tmp_path, {"manifest.yaml": ("author: someone", "author: Some One")})
    with pytest.raises(PackageRefused) as refused:
        package(folder)
    assert [each.rule for each in refused.value.problems] == ["author-name"]
    unlisted = written(tmp_path, {"manifest.yaml": ("contact: someone@example.org\n", "")})
    assert [each.rule for each in package(unlisted).advice] == ["member-missing"]


def test_fifty_megabytes_are_the_limit(tmp_path: Path) -> None:
    """A plugin over 50 MiB is refused with its size and its largest files; one just below is not."""
    folder = written(tmp_path)
    rest = sum(len(content.encode()) for content in GOOD.values())
    with (folder / "model.dat").open("wb") as file:
        file.truncate(50 * 1024 * 1024 - rest)
    assert package(folder).unpacked_bytes == 50 * 1024 * 1024
    with (folder / "model.dat").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(PackageRefused) as refused:
        package(folder)
    (problem,) = refused.value.problems
    assert problem.rule == "size"
    assert "52,428,801 bytes" in problem.seen
    assert "model.dat" in problem.seen


def test_a_folder_that_is_no_plugin_is_said_to_be_none(tmp_path: Path) -> None:
    """A file, a missing folder and a folder without a manifest are no plugins."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "none", tmp_path):
        with pytest.raises(NotAPlugin):
            package(path)
