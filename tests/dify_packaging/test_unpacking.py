"""Unpacking: a good package comes out as it went in; a harmful one writes nothing anywhere."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from memconform.dify.packaging import NotAPlugin, UnsafePackage, package, unpacked, verify

from .good_plugin import GOOD, written


def packed(tmp_path: Path, more: Callable[[zipfile.ZipFile], object] = zipfile.ZipFile.namelist) -> Path:
    """Write the good plugin as a package with more entries, and return it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the second entry that one test wants
        for name, content in GOOD.items():
            archive.writestr(name, content)
        more(archive)
    path = tmp_path / "notes.difypkg"
    path.write_bytes(buffer.getvalue())
    return path


def _link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("passwords.txt")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


HARMFUL: dict[str, tuple[Callable[[zipfile.ZipFile], object], str]] = {
    "parent": (lambda archive: archive.writestr("../evil.py", "x"), "zip-path"),
    "parent in the middle": (lambda archive: archive.writestr("tools/../../evil.py", "x"), "zip-path"),
    "absolute": (lambda archive: archive.writestr("/tmp/evil.py", "x"), "zip-path"),
    "drive": (lambda archive: archive.writestr("C:/evil.py", "x"), "zip-path"),
    "backslash": (lambda archive: archive.writestr("tools\\evil.py", "x"), "zip-path"),
    "line break": (lambda archive: archive.writestr("tools/ev\nil.py", "x"), "zip-path"),
    "empty part": (lambda archive: archive.writestr("tools//evil.py", "x"), "zip-path"),
    "link": (_link, "zip-link"),
    "twice": (lambda archive: archive.writestr("main.py", "x"), "zip-duplicate"),
    "twice, with ./": (lambda archive: archive.writestr("./main.py", "x"), "zip-duplicate"),
    "file and folder": (lambda archive: archive.writestr("main.py/evil.py", "x"), "zip-clash"),
    "bzip2": (lambda archive: archive.writestr("a.txt", "x", zipfile.ZIP_BZIP2), "zip-method"),
    "bomb": (lambda archive: archive.writestr("a.txt", bytes(51 * 1024 * 1024), zipfile.ZIP_DEFLATED), "size"),
}


def test_what_is_packaged_comes_out(tmp_path: Path) -> None:
    """Package and unpack give the same files, readable and not executable; the folder is gone afterwards."""
    path = tmp_path / "notes.difypkg"
    path.write_bytes(package(written(tmp_path / "notes")).data)
    with unpacked(path) as folder:
        found = {each.relative_to(folder).as_posix(): each for each in folder.rglob("*") if each.is_file()}
        assert {name: each.read_text(encoding="utf-8") for name, each in found.items()} == GOOD
        assert {stat.S_IMODE(each.stat().st_mode) for each in found.values()} == {0o644}
        assert verify(folder) == []
    assert not folder.exists()


def test_the_folder_goes_away_after_an_error(tmp_path: Path) -> None:
    """What happens inside the block does not leave files behind."""
    with pytest.raises(ZeroDivisionError), unpacked(packed(tmp_path)) as folder:
        _ = 1 / 0
    assert not folder.exists()


def test_a_folder_is_yielded_as_it_is(tmp_path: Path) -> None:
    """A plugin's folder needs no unpacking, and stays."""
    with unpacked(written(tmp_path)) as folder:
        assert folder == tmp_path
    assert tmp_path.exists()


@pytest.mark.parametrize("harm", HARMFUL, ids=str)
def test_harmful_packages_are_told_and_not_unpacked(harm: str, tmp_path: Path) -> None:
    """Paths that leave the package, links, duplicates and bombs are problems, and nothing is written."""
    more, rule = HARMFUL[harm]
    path = packed(tmp_path, more)
    assert rule in {each.rule for each in verify(path)}
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(UnsafePackage, match="is not unpacked") as refused, unpacked(path):
        pass
    assert rule in {each.rule for each in refused.value.problems}
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_entries_for_folders_are_told_but_unpacked(tmp_path: Path) -> None:
    """Other packagers write entries for folders, which Dify's daemon cannot read; unpacking does no harm."""
    path = packed(tmp_path, lambda archive: archive.writestr("tools/", ""))
    assert [each.rule for each in verify(path)] == ["zip-folder-entry"]
    with unpacked(path) as folder:
        assert (folder / "tools" / "add.yaml").is_file()


def test_a_declared_size_that_lies_is_told(tmp_path: Path) -> None:
    """A package whose entry holds more than it declares is damaged, however little it declares."""
    path = packed(tmp_path, lambda archive: archive.writestr("big.txt", bytes(100_000), zipfile.ZIP_DEFLATED))
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(b"big.txt"))
    struct.pack_into("<L", data, central + 24, 10)
    path.write_bytes(data)
    assert "zip-damaged" in {each.rule for each in verify(path)}
    with pytest.raises(UnsafePackage), unpacked(path):
        pass


def test_a_flipped_byte_is_told(tmp_path: Path) -> None:
    """A package whose content does not match its checksum is damaged."""
    path = packed(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Keeps notes. Source", b"Keeps votes. Source", 1))
    assert [each.rule for each in verify(path)] == ["zip-damaged"]


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(1000)])
def test_what_is_no_package_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    """Empty files, rubbish and packages without a manifest are no plugins."""
    path = tmp_path / "x.difypkg"
    path.write_bytes(content)
    for use in (verify, lambda each: unpacked(each).__enter__()):
        with pytest.raises(NotAPlugin):
            use(path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file far over the limit is refused by its size alone."""
    path = tmp_path / "x.difypkg"
    with path.open("wb") as file:
        file.truncate(5 * 1024**4)
    with pytest.raises(NotAPlugin, match="at most"):
        verify(path)
