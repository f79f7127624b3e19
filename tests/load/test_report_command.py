"""`memconform load report`: any result in any form; what is no result is refused in words, and early."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memconform_load.cli.report import command

from .example_result import open_run, summary


@pytest.fixture
def result_file(tmp_path: Path) -> Path:
    """Return a file with a result."""
    return written(tmp_path, open_run(5, 30.0))


def written(folder: Path, document: Any) -> Path:
    """Write a document as JSON and return its file."""
    file = folder / "result.json"
    file.write_text(json.dumps(document))
    return file


def called(*words: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, [str(word) for word in words])


def refused(*words: object) -> str:
    """Run the command, which must refuse, and return what it said, on one line."""
    ended = called(*words)
    assert ended.exit_code == 2, ended.output
    assert "Traceback" not in ended.output
    return " ".join(ended.stderr.split())


def test_it_prints_the_summary(result_file: Path) -> None:
    """Without options: the summary, without colour where nobody watches, exit code 0."""
    ended = called(result_file)
    assert ended.exit_code == 0
    assert ended.stdout.startswith("MET – every objective is met (exit code 0)\n")
    assert "\x1b" not in ended.stdout


def test_it_writes_every_form_at_once(result_file: Path, tmp_path: Path) -> None:
    """A file for each form, folders made where they are missing, and all of them are named at the end."""
    folder = tmp_path / "new" / "deep"
    ended = called(
        result_file,
        "--html",
        folder / "a.html",
        "--markdown",
        folder / "a.md",
        "--csv",
        folder / "load",
        "--csv",
        folder / "b",
    )
    assert ended.exit_code == 0
    tables = [f"b_{name}.csv" for name in ("operations", "timeline", "timeline_by_operation")]
    assert sorted(file.name for file in folder.iterdir()) == sorted(["a.html", "a.md", *tables])
    assert (folder / "a.html").read_text().startswith("<!doctype html>")
    assert (folder / "a.md").read_text().startswith("## ✅ Load test met")
    assert (folder / "b_operations.csv").read_text().startswith("operation,driver,calls")
    for name in ("a.html", "a.md", *tables):
        assert str(folder / name) in ended.stdout


def test_the_verdict_is_not_the_commands(tmp_path: Path) -> None:
    """A report of a run that failed is a report that succeeded."""
    document = open_run(5, 30.0)
    document["verdict"] = {"exit_code": 1, "word": "not met", "reasons": ["search.p95<20ms: 31 ms"]}
    assert called(written(tmp_path, document)).exit_code == 0


def test_a_place_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    """A folder in the place of a file is refused before anything is read or run."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "load_timeline.csv").mkdir()
    for option, path in (("--html", "taken"), ("--markdown", "taken"), ("--csv", "load")):
        said = refused(tmp_path / "nothing.json", option, tmp_path / path)
        assert option in said
        assert "nothing.json" not in said


def test_a_device_is_written_to_as_it_is(result_file: Path) -> None:
    """`--markdown /dev/stdout` and the like are written in place, not replaced by a file."""
    ended = called(result_file, "--markdown", "/dev/null")
    assert ended.exit_code == 0
    assert not Path("/dev/null").is_file()


def test_an_existing_file_is_replaced_whole(result_file: Path, tmp_path: Path) -> None:
    """A report takes the place of an older one, and leaves nothing else behind."""
    page = tmp_path / "page.html"
    page.write_text("older" * 1_000_000)
    assert called(result_file, "--html", page).exit_code == 0
    assert page.read_text().endswith("</html>\n") or page.read_text().endswith("</html>")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["page.html", "result.json"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; make it again"),
        (b'{"format": "memconform.load/1", ', "is no JSON, or only a part of it"),
        (b"\xff\xfe\x00", "is no UTF-8 text"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "is no result of a load test: it has no member 'format'"),
        (b'{"format": 7}', "is no result of a load test"),
        (b'{"format": "memconform.conformance/1"}', "is a result of another command (memconform.conformance/1)"),
        (b'{"format": "memconform.load/0"}', "is of an older format (memconform.load/0)"),
        (b'{"format": "memconform.load/2"}', "was written by a newer memconform (memconform.load/2)"),
        (b'{"format": "memconform.load/1", "load_s": NaN}', "NaN is no number in JSON"),
    ],
)
def test_what_is_no_result_is_refused_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    """The message says what the file is instead, and what to do; never a traceback."""
    file = tmp_path / "result.json"
    file.write_bytes(content)
    assert said in refused(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file and a folder are refused with their names."""
    assert "nothing.json cannot be read: No such file" in refused(tmp_path / "nothing.json")
    assert "cannot be read: Is a directory" in refused(tmp_path)


def test_a_damaged_result_says_where(tmp_path: Path) -> None:
    """Members that are missing or wrong are named by their place, a few of them."""
    document = open_run(5, 30.0)
    del document["counts"]["dropped"]
    document["model"] = "ajar"
    document["timeline"][0]["started"] = -1
    document["timeline"][1]["started"] = -1
    said = refused(written(tmp_path, document))
    assert "is damaged or was changed by hand" in said
    assert "/counts" in said
    assert "… and 1 more" in said


@pytest.mark.parametrize(
    ("hdr", "said"),
    [
        ("AAAA", "the histogram cannot be decoded"),
        ("HISTFAAAABN42pNpmSzMwMAgxgABAAAA", "the histogram cannot be decoded"),
        (summary([0.1, 0.2])["hdr"], "the histogram holds 2 times"),
    ],
)
def test_a_damaged_histogram_says_where(tmp_path: Path, hdr: str, said: str) -> None:
    """A histogram that cannot be read, or that another summary belongs to, is found before anything is drawn of it."""
    document = open_run(5, 30.0)
    document["operations"][1]["hops"]["service"]["hdr"] = hdr
    found = refused(written(tmp_path, document))
    assert "/operations/1/hops/service/hdr" in found
    assert said in found
